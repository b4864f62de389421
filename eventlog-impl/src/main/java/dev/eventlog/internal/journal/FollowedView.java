package dev.eventlog.internal.journal;

import org.jspecify.annotations.Nullable;

/**
 * What a reading process knows of how far a log has come: what its files said when they were looked at, and what the
 * writer's state file says now.
 *
 * <p>The state file is believed if it was written in this boot of the machine and in this directory: its writer may be
 * alive, and if it is dead the page cache kept what it wrote. Otherwise the log ends where the valid frames end, or what
 * is known to be durable, whichever is more.
 *
 * <p><b>Threading:</b> Immutable; the state file changes.
 *
 * @param state of the newest writer; null if there is none, or it is damaged
 * @param stateKey identity of that file
 * @param isBelieved whether the state file tells where the log ends
 * @param epoch of the newest writer
 * @param epochs all of them
 * @param first where the log began when the files were looked at
 * @param end where it ended then
 * @param durable up to where it was durable then
 * @param isRestarted whether the machine was started anew since the newest epoch began, or the log is a copy
 */
record FollowedView(
        @Nullable StateFile state,
        @Nullable Object stateKey,
        boolean isBelieved,
        int epoch,
        Epochs epochs,
        long first,
        long end,
        long durable,
        boolean isRestarted) {

    long firstPosition() {
        StateFile told = state;
        return isBelieved && told != null ? Math.max(first, told.firstPosition()) : first;
    }

    long endPosition() {
        StateFile told = state;
        return isBelieved && told != null ? Math.max(end, told.endPosition()) : end;
    }

    long durablePosition() {
        StateFile told = state;
        long position = isBelieved && told != null ? Math.max(durable, told.durablePosition()) : durable;
        return Math.min(position, endPosition());
    }

    boolean isOnlyDurableReadable() {
        StateFile told = state;
        return told != null && told.isOnlyDurableReadable();
    }

    /** Position below which the writer is about to prune; 0 or below if it is not. */
    long pruningPosition() {
        StateFile told = state;
        return isBelieved && told != null ? told.pruningPosition() : 0;
    }
}
