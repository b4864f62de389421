package dev.eventlog.internal.journal;

import java.util.ArrayList;
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

    /**
     * The epochs that are still needed where a log begins at a position. The first one stays: it tells when and where the
     * log began. Of those whose successor began below the first position none is needed: whatever such a writer left lies
     * below it, by whichever later epoch that is judged. Nor is one that wrote nothing in the same boot as the one before.
     */
    List<Manifest.Epoch> needed(long firstPosition) {
        var needed = new ArrayList<Manifest.Epoch>();
        for (int i = 0; i < opened.size(); i++) {
            Manifest.Epoch each = opened.get(i);
            Manifest.Epoch behind = i + 1 < opened.size() ? opened.get(i + 1) : null;
            if (needed.isEmpty()
                    || behind == null
                    || isNeeded(each, behind, needed.get(needed.size() - 1), firstPosition)) {
                needed.add(each);
            }
        }
        return needed;
    }

    private static boolean isNeeded(
            Manifest.Epoch each, Manifest.Epoch behind, Manifest.Epoch before, long firstPosition) {
        boolean wroteNothing = behind.basePosition() == each.basePosition();
        return behind.basePosition() >= firstPosition
                && !(wroteNothing && each.home().equals(before.home()));
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
