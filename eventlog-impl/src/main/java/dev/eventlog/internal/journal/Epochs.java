package dev.eventlog.internal.journal;

import java.util.List;
import java.util.UUID;

/**
 * The writers' epochs of a log, oldest first, this one the last: how far each came.
 *
 * <p><b>Threading:</b> Immutable.
 *
 * @param opened as the manifest has them
 */
record Epochs(List<Manifest.Epoch> opened) {

    /** Position behind the last event that an earlier epoch left; -1 if none came after it. */
    long end(int number) {
        for (Manifest.Epoch each : opened) {
            if (each.number() > number) {
                return each.basePosition();
            }
        }
        return -1;
    }

    /** Whether the machine was started anew after an epoch, or the log is a copy, as far as is known. */
    boolean isRestartedSince(int number) {
        UUID then = null;
        for (Manifest.Epoch each : opened) {
            if (each.number() <= number) {
                then = each.home();
            } else if (!each.home().equals(then)) {
                return true;
            }
        }
        return false;
    }
}
