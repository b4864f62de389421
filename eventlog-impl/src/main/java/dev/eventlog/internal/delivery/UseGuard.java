package dev.eventlog.internal.delivery;

import dev.eventlog.error.LogClosedException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Lets one thread at a time use a consumer, refuses others and the same one from within its own handler, and runs the
 * close when nobody uses it any more.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
final class UseGuard {

    private final String name;
    private final Runnable onClose;
    private final AtomicReference<@Nullable Thread> user = new AtomicReference<>();
    private volatile boolean closed;
    private boolean finished;

    UseGuard(String name, Runnable onClose) {
        this.name = name;
        this.onClose = onClose;
    }

    /**
     * Begins a use.
     *
     * @throws IllegalStateException if it is in use
     * @throws LogClosedException if it is closed
     */
    @SuppressWarnings("ReferenceEquality") // a thread is itself only
    void enter() {
        if (closed) {
            throw refused();
        }
        Thread current = Thread.currentThread();
        if (!user.compareAndSet(null, current)) {
            Thread other = user.get();
            // who closes has it too, and for good
            throw closed && other != current ? refused() : inUse(other, current);
        }
    }

    private LogClosedException refused() {
        return new LogClosedException("consumer is closed: name=" + name + "; open it again");
    }

    @SuppressWarnings("ReferenceEquality") // a thread is itself only
    private IllegalStateException inUse(@Nullable Thread other, Thread current) {
        return new IllegalStateException(
                other == current
                        ? "consumer is called from its own handler: name=" + name
                                + "; return first, or throw to keep the event"
                        : "consumer is in use by thread " + (other == null ? "(just left)" : other.getName())
                                + ": name=" + name + "; use it from one thread at a time, or open one for each thread");
    }

    /** Ends a use; carries out a close that came meanwhile. */
    void leave() {
        user.set(null);
        if (closed) {
            finishUnlessUsed();
        }
    }

    /** Whether it was closed. */
    boolean isClosed() {
        return closed;
    }

    /** Closes now, or at the end of the use that goes on. */
    void close() {
        closed = true;
        finishUnlessUsed();
    }

    private void finishUnlessUsed() {
        if (user.compareAndSet(null, Thread.currentThread())) {
            try {
                if (!finished) {
                    finished = true;
                    onClose.run();
                }
            } finally {
                user.set(null);
            }
        }
    }
}
