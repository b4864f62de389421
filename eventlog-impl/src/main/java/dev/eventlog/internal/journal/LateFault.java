package dev.eventlog.internal.journal;

import org.jspecify.annotations.Nullable;

/**
 * Brings out a fault of a mapping that the JVM holds back. Where a mapped file was cut, a store or a load beyond its end is
 * skipped and an {@link InternalError} thrown: on Java 17 by compiled code not there, but when the thread enters the JVM for
 * another reason, which may be in a user's code. So whoever stores looks whether it is there, and asks here if it is not.
 *
 * <p><b>Threading:</b> Thread-safe: what is held back is the calling thread's own.
 */
final class LateFault {

    /** More than compiled code allocates by itself. */
    private static final int LARGE_LENGTH = 2 << 20;

    // volatile: so that what is stored to it is allocated indeed
    @SuppressWarnings("UnusedVariable")
    private static volatile byte @Nullable [] ballast;

    private LateFault() {}

    /** Takes an error of a mapping that the JVM has not thrown yet: it does when it allocates an array. */
    static @Nullable InternalError take() {
        try {
            ballast = new byte[LARGE_LENGTH];
            ballast = null;
            return null;
        } catch (InternalError late) {
            return late;
        }
    }
}
