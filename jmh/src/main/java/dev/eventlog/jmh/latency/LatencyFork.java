package dev.eventlog.jmh.latency;

import dev.eventlog.jmh.Fork;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Base64;
import org.HdrHistogram.Histogram;

/** The child's end of a latency measurement: line, directory, rate; each command is a number of seconds. */
public final class LatencyFork {

    private LatencyFork() {}

    /** Serves until the parent closes its end. */
    public static void main(String[] args) throws Exception {
        Line line = Lines.valueOf(args[0]).open(Path.of(args[1]));
        try (var run = new LineRun(line, Long.parseLong(args[2]))) {
            Fork.serve(seconds -> encode(run.run(Double.parseDouble(seconds))));
        }
    }

    static String encode(Histogram histogram) {
        ByteBuffer buffer = ByteBuffer.allocate(histogram.getNeededByteBufferCapacity());
        int length = histogram.encodeIntoCompressedByteBuffer(buffer);
        return Base64.getEncoder()
                .encodeToString(ByteBuffer.allocate(length)
                        .put(buffer.array(), 0, length)
                        .array());
    }
}
