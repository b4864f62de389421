package dev.eventlog.internal.journal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The lock under which frames are appended. It is held for less than 100 ns as a rule, so that a waiting thread does best
 * to look again soon; queueing, parking and waking a successor, as a general lock does, costs many times what it waits
 * for. A thread spins, then yields, then parks for a growing while: a roll may take milliseconds.
 *
 * <p>Not reentrant and not fair. Taking it is an acquire, freeing it a release and a full fence, which {@link Waiters}
 * needs.
 *
 * <p><b>Threading:</b> Thread-safe; waiting does not pin a virtual thread. <b>Allocation:</b> none.
 */
final class AppendLock {

    private static final int SPINS = 64;
    private static final int YIELDS = 64;
    private static final long SHORTEST_PARK_NANOS = TimeUnit.MICROSECONDS.toNanos(5);
    private static final long LONGEST_PARK_NANOS = TimeUnit.MICROSECONDS.toNanos(500);

    private static final VarHandle HELD;

    static {
        try {
            HELD = MethodHandles.lookup().findVarHandle(AppendLock.class, "held", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    @SuppressWarnings("unused") // through HELD
    private boolean held;

    void lock() {
        if (!HELD.compareAndSet(this, false, true)) {
            await();
        }
    }

    boolean tryLock() {
        return !(boolean) HELD.getOpaque(this) && HELD.compareAndSet(this, false, true);
    }

    /** Takes the lock unless it is held for longer than an append takes; for a thread that holders may wait for. */
    @SuppressWarnings("ThreadPriorityCheck") // the holder may need the processor
    boolean tryLockShortly() {
        for (int i = 0; i < SPINS + YIELDS; i++) {
            if (tryLock()) {
                return true;
            }
            if (i < SPINS) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
        return false;
    }

    void unlock() {
        HELD.setVolatile(this, false);
    }

    @SuppressWarnings("ThreadPriorityCheck") // the holder may need the processor
    private void await() {
        long park = SHORTEST_PARK_NANOS;
        boolean interrupted = false;
        for (int i = 0; !tryLock(); i++) {
            if (i < SPINS) {
                Thread.onSpinWait();
            } else if (i < SPINS + YIELDS) {
                Thread.yield();
            } else {
                LockSupport.parkNanos(this, park);
                // with the flag set no park would wait
                interrupted |= Thread.interrupted();
                park = Math.min(LONGEST_PARK_NANOS, park << 1);
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
