package dev.eventlog.internal.log;

import dev.eventlog.internal.file.IoThread;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the user's code of errors on the log's own threads, on a thread of its own: that code may wait for the log, or
 * close it, and both need the threads that met the error. The thread is made for the first error.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
final class BackgroundErrors implements Consumer<Throwable>, AutoCloseable {

    /** Errors that wait to be told, at most; further ones are only logged. */
    static final int MAX_WAITING = 16;

    private static final Logger LOGGER = LoggerFactory.getLogger(BackgroundErrors.class);

    private final Consumer<? super Throwable> user;
    private final IoThread thread;
    private final Semaphore free = new Semaphore(MAX_WAITING);

    BackgroundErrors(Consumer<? super Throwable> user, @Nullable ThreadFactory factory) {
        this.user = user;
        thread = new IoThread("eventlog-errors", factory);
    }

    @Override
    public void accept(Throwable error) {
        if (!free.tryAcquire()) {
            LOGGER.warn("backgroundErrors is busy with {} errors, it is not told of this one", MAX_WAITING, error);
            return;
        }
        thread.later(() -> {
            try {
                user.accept(error);
            } catch (RuntimeException e) {
                LOGGER.warn("backgroundErrors threw", e);
            } finally {
                free.release();
            }
        });
    }

    /** Whether the caller is the user's code that is told of an error. */
    boolean isCurrent() {
        return thread.isCurrent();
    }

    /** Lets the user's code be told of what is waiting; waits for that unless it is what calls. */
    @Override
    public void close() {
        thread.close();
    }
}
