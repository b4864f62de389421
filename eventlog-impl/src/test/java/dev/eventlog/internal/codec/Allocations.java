package dev.eventlog.internal.codec;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** Counts bytes that a thread allocates. */
final class Allocations {

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Allocations() {}

    static long ofThisThread() {
        return THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
    }

    /** Bytes per run, when warm. */
    static double perRun(int count, Runnable work) {
        double least = Double.MAX_VALUE;
        for (int round = 0; round < 5; round++) { // a compilation in the middle of a round may allocate
            long before = ofThisThread();
            for (int i = 0; i < count; i++) {
                work.run();
            }
            least = Math.min(least, (double) (ofThisThread() - before) / count);
        }
        return least;
    }
}
