package dev.eventlog;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Stands for waiting until the log wakes the thread; see {@link IdleStrategy#blocking()}.
 *
 * <p><b>Threading:</b> Thread-safe: without state.
 */
final class BlockingIdle implements IdleStrategy {

    static final BlockingIdle INSTANCE = new BlockingIdle();

    private static final long PARK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private BlockingIdle() {}

    /** For whoever cannot be woken. */
    @Override
    public void idle(long emptyPolls) {
        LockSupport.parkNanos(PARK_NANOS);
    }

    @Override
    public String toString() {
        return "IdleStrategy.blocking()";
    }
}
