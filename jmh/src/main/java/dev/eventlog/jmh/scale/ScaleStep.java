package dev.eventlog.jmh.scale;

/**
 * A log at one size.
 *
 * @param appendNanos an append, median of chunks on the way to this size
 * @param appendMeanNanos the same, mean: with rolls and whatever the machine did
 * @param readNanos a read, over the whole log
 * @param openFirstMillis open in a new JVM
 * @param openWarmMillis open again in the same JVM, median
 * @param seekPositionMicros seek to a random position and read there, mean
 * @param seekTimeMicros seek to a random append time and read there, mean
 * @param residentMebibytes resident memory after the reads, mapped files included
 * @param anonymousMebibytes resident memory without files
 * @param heapMebibytes used heap after a collection
 * @param files in the directory
 * @param lengthMebibytes of the files together
 */
public record ScaleStep(
        long events,
        double appendNanos,
        double appendMeanNanos,
        double readNanos,
        double openFirstMillis,
        double openWarmMillis,
        double seekPositionMicros,
        double seekTimeMicros,
        double residentMebibytes,
        double anonymousMebibytes,
        double heapMebibytes,
        long files,
        double lengthMebibytes) {

    ScaleStep withOpenFirst(double millis) {
        return new ScaleStep(
                events,
                appendNanos,
                appendMeanNanos,
                readNanos,
                millis,
                openWarmMillis,
                seekPositionMicros,
                seekTimeMicros,
                residentMebibytes,
                anonymousMebibytes,
                heapMebibytes,
                files,
                lengthMebibytes);
    }
}
