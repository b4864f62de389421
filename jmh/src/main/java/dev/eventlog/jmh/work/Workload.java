package dev.eventlog.jmh.work;

import java.io.IOException;

/**
 * One kind of work in a directory of its own. A JVM that was started for it opens one, runs it again and again, each run
 * being one sample, and closes it.
 *
 * <p><b>Threading:</b> One thread at a time: the main thread of the fork.
 */
public interface Workload extends AutoCloseable {

    /** What is done before each sample, outside its time. */
    default void prepare() throws Exception {}

    /**
     * Does the work of one sample.
     *
     * @param operations how many events to append, deliver, seek to …; a multiple of the number of threads
     */
    void run(int operations) throws Exception;

    /**
     * What is done after each sample, outside its time: writes back what the sample left in the page cache, so that
     * the kernel does not throttle a later sample for it.
     */
    default void settle() throws Exception {}

    @Override
    void close() throws IOException;

    /** Opens a workload. */
    @FunctionalInterface
    interface Opener {
        /** Opens it and writes what its runs will read. */
        Workload open(Setting setting) throws Exception;
    }
}
