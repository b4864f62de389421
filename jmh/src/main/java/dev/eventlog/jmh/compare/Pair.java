package dev.eventlog.jmh.compare;

import org.jspecify.annotations.Nullable;

/**
 * Two samples that were taken one directly behind the other, in the row's unit.
 *
 * @param fork number of the fork, from 0
 * @param ours our figure; null: no such side
 * @param peer the peer's; null: no such side
 */
public record Pair(
        int fork, @Nullable Double ours, @Nullable Double peer) {

    /** Ours divided by the peer's; not a number if one is absent. */
    double ratio() {
        return ours == null || peer == null ? Double.NaN : ours / peer;
    }
}
