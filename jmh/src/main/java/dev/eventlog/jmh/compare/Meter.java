package dev.eventlog.jmh.compare;

import com.sun.management.ThreadMXBean;
import dev.eventlog.jmh.BlockDevice;
import dev.eventlog.jmh.work.Workload;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;

/** What is measured while a workload runs. <b>Threading:</b> Immutable. */
enum Meter {

    /** Nanoseconds. */
    TIME {
        @Override
        double measure(Workload workload, int operations, Path directory) throws Exception {
            long begin = System.nanoTime();
            workload.run(operations);
            return System.nanoTime() - begin;
        }
    },

    /** Bytes that the thread which runs the workload allocates on the heap. */
    ALLOCATION {
        @Override
        double measure(Workload workload, int operations, Path directory) throws Exception {
            var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long begin = threads.getCurrentThreadAllocatedBytes();
            workload.run(operations);
            return threads.getCurrentThreadAllocatedBytes() - begin;
        }
    },

    /**
     * Bytes written to the block device that holds the directory, by whomever: only the device's own count has what the file
     * system's journal and whole folios add to what the process wrote. So the machine must be quiet.
     */
    DEVICE_WRITES {
        @Override
        double measure(Workload workload, int operations, Path directory) throws Exception {
            BlockDevice device = BlockDevice.of(directory);
            long begin = device.bytesWritten();
            workload.run(operations);
            return device.bytesWritten() - begin;
        }
    };

    /** Runs a workload and returns what it took in all. */
    abstract double measure(Workload workload, int operations, Path directory) throws Exception;
}
