package dev.eventlog.internal.file;

import dev.eventlog.error.LogClosedException;
import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread of a log on which its file operations run. An interrupt of a user's thread would close a channel it is
 * using, and with the lock file's channel free the log's lock; so users' threads only wait here, and go on waiting when
 * interrupted, with their flag kept.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
public final class IoThread implements AutoCloseable {

    /** File work that gives a result. */
    @FunctionalInterface
    public interface Work<R extends @Nullable Object> {
        /** Does it. */
        R run() throws IOException;
    }

    /** File work without a result. */
    @FunctionalInterface
    public interface Task {
        /** Does it. */
        void run() throws IOException;
    }

    private static final Logger LOGGER = LoggerFactory.getLogger(IoThread.class);

    private static final long AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final ScheduledThreadPoolExecutor executor;
    // written by the thread factory before the thread starts, read by any thread; published by volatile
    private volatile @Nullable Thread thread;

    /**
     * Starts no thread yet: the first work does.
     *
     * @param name of the thread, where there is no factory
     */
    public IoThread(String name, @Nullable ThreadFactory factory) {
        executor = new ScheduledThreadPoolExecutor(1, work -> {
            // without a thread the work would wait for ever
            Runnable body = () -> runAndReplace(work);
            Thread made = factory == null
                    ? daemon(name, body)
                    : Objects.requireNonNull(factory.newThread(body), "threadFactory returned no thread");
            thread = made;
            return made;
        });
        executor.setRemoveOnCancelPolicy(true);
        executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /** The executor allocates to wait for work, so its thread dies in a JVM without memory; not before there is another. */
    private void runAndReplace(Runnable worker) {
        try {
            worker.run();
        } catch (Throwable lost) {
            while (!executor.isTerminated() && executor.getPoolSize() == 0) {
                try {
                    boolean unused = executor.prestartCoreThread();
                } catch (OutOfMemoryError none) {
                    awaitMemory();
                }
            }
            tell(LOGGER, "thread for file work was lost and is replaced", lost);
        }
    }

    /** Tells of an error that its thread survives; if there is no memory even for that, nobody is told. */
    public static void tell(Logger logger, String what, Throwable error) {
        try {
            logger.error(what, error);
        } catch (Throwable untold) {
            // the thread's work goes on
        }
    }

    /**
     * Waits a moment in a JVM without memory, before a thread tries again what it must not leave out. Such a try needs
     * no class, and no lambda, that was not there before.
     */
    public static void awaitMemory() {
        LockSupport.parkNanos(AGAIN_NANOS);
    }

    private static Thread daemon(String name, Runnable work) {
        var made = new Thread(work, name);
        made.setDaemon(true);
        return made;
    }

    /** Runs work on the thread and waits for it, also while interrupted. */
    public <R extends @Nullable Object> R call(Work<R> work) throws IOException {
        if (isCurrent()) {
            return work.run();
        }
        Future<R> future = submit(work);
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return future.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } catch (ExecutionException e) {
            throw rethrow(withCaller(e.getCause()));
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private <R extends @Nullable Object> Future<R> submit(Work<R> work) {
        try {
            return executor.submit(work::run);
        } catch (RejectedExecutionException closed) {
            throw new LogClosedException("log is closed; open it again");
        }
    }

    /** Runs a task on the thread and waits for it, also while interrupted. */
    public void run(Task task) throws IOException {
        this.<@Nullable Object>call(() -> {
            task.run();
            return null;
        });
    }

    /** Runs work later on the thread; it handles its own errors. Does nothing once closed. */
    public void later(Runnable work) {
        try {
            executor.execute(() -> runLogged(work));
        } catch (RejectedExecutionException closed) {
            // what is left undone is found at the next open
        }
    }

    /** An error that its work did not handle must not end the thread, nor the work that is done again and again. */
    private static void runLogged(Runnable work) {
        try {
            work.run();
        } catch (Throwable e) {
            tell(LOGGER, "file work failed", e);
        }
    }

    /** Runs work again and again, with this pause between; it handles its own errors. */
    public void every(long nanos, Runnable work) {
        var unused = executor.scheduleWithFixedDelay(() -> runLogged(work), nanos, nanos, TimeUnit.NANOSECONDS);
    }

    /** Lets queued work end, then stops the thread; waits for it unless called on it. */
    @Override
    public void close() {
        executor.shutdown();
        if (isCurrent()) {
            return;
        }
        boolean interrupted = false;
        while (true) {
            try {
                if (executor.awaitTermination(1, TimeUnit.MINUTES)) {
                    break;
                }
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether the caller is on the thread. */
    @SuppressWarnings("ReferenceEquality") // a thread is itself only
    public boolean isCurrent() {
        return Thread.currentThread() == thread;
    }

    /** Adds the stack of the thread that waits, so that a failure shows where the log was used. */
    private static @Nullable Throwable withCaller(@Nullable Throwable cause) {
        if (cause != null) {
            StackTraceElement[] own = cause.getStackTrace();
            StackTraceElement[] caller = new Throwable().getStackTrace();
            StackTraceElement[] both = Arrays.copyOf(own, own.length + caller.length);
            System.arraycopy(caller, 0, both, own.length, caller.length);
            cause.setStackTrace(both);
        }
        return cause;
    }

    private static RuntimeException rethrow(@Nullable Throwable cause) throws IOException {
        if (cause instanceof IOException e) {
            throw e;
        }
        if (cause instanceof Error e) {
            throw e;
        }
        if (cause instanceof RuntimeException e) {
            return e;
        }
        return new IllegalStateException(cause);
    }
}
