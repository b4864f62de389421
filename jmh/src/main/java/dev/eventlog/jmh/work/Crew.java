package dev.eventlog.jmh.work;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The threads that do the work of a workload; they live as long as it does and wait between samples without using a
 * processor. What a worker needs is made and closed on its own thread.
 *
 * <p><b>Threading:</b> One thread at a time: who made it.
 */
public final class Crew implements AutoCloseable {

    private final List<ExecutorService> threads = new ArrayList<>();
    private final List<Worker> workers = new ArrayList<>();
    private final List<Future<?>> running = new ArrayList<>();

    /** The work of one thread. */
    @FunctionalInterface
    public interface Worker {
        /** Does its part. */
        void run(int operations) throws Exception;

        /** Frees what it holds; on its thread. */
        default void close() throws Exception {}
    }

    /** Makes the worker of a thread, on that thread. */
    @FunctionalInterface
    public interface Recruiter {
        /** Makes a worker. */
        Worker recruit() throws Exception;
    }

    private Crew() {}

    /** This many threads; a single worker works on the caller's. */
    public static Crew of(int count, Recruiter recruiter) throws Exception {
        if (count > 1) {
            return apart(count, recruiter);
        }
        var crew = new Crew();
        crew.workers.add(recruiter.recruit());
        return crew;
    }

    /** This many threads besides the caller's. */
    public static Crew apart(int count, Recruiter recruiter) throws Exception {
        var crew = new Crew();
        for (int i = 0; i < count; i++) {
            ExecutorService thread = Executors.newSingleThreadExecutor();
            crew.threads.add(thread);
            crew.workers.add(thread.submit(recruiter::recruit).get());
        }
        return crew;
    }

    /** Lets each worker do this many operations and waits for all. */
    public void run(int operationsEach) throws Exception {
        start(operationsEach);
        join();
    }

    /** Lets each worker begin. */
    public void start(int operationsEach) throws Exception {
        if (threads.isEmpty()) {
            workers.get(0).run(operationsEach);
            return;
        }
        for (int i = 0; i < threads.size(); i++) {
            Worker worker = workers.get(i);
            running.add(threads.get(i).submit(() -> {
                worker.run(operationsEach);
                return worker;
            }));
        }
    }

    /** Waits for those that {@link #start} let begin. */
    public void join() throws InterruptedException, ExecutionException {
        for (Future<?> worker : running) {
            worker.get();
        }
        running.clear();
    }

    @Override
    public void close() throws IOException {
        try {
            for (int i = 0; i < workers.size(); i++) {
                close(i);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } catch (Exception failure) {
            throw new IOException("a worker cannot be closed", failure);
        }
    }

    private void close(int number) throws Exception {
        Worker worker = workers.get(number);
        if (threads.isEmpty()) {
            worker.close();
            return;
        }
        ExecutorService thread = threads.get(number);
        thread.submit(() -> {
                    worker.close();
                    return worker;
                })
                .get();
        thread.shutdown();
    }
}
