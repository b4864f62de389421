package dev.eventlog.jmh.scale;

import dev.eventlog.EventLog;
import dev.eventlog.Producer;
import dev.eventlog.jmh.Fork;
import dev.eventlog.jmh.Json;
import dev.eventlog.jmh.ScratchDirectory;
import dev.eventlog.jmh.compare.Quartiles;
import dev.eventlog.jmh.ours.Logs;
import dev.eventlog.jmh.ours.Replay;
import dev.eventlog.jmh.ours.Seek;
import dev.eventlog.jmh.work.Payload;
import dev.eventlog.jmh.work.Setting;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/**
 * The child's end of a scale run: the directory; commands {@code open}, and {@code fill} with the number of events.
 */
public final class ScaleFork {

    private static final int WARMUP_EVENTS = 1_000_000;
    private static final int MAX_REPEATS = 30;
    private static final int MAX_CHUNK = 10_000;
    private static final int CHUNKS = 10;
    private static final int FORCE_EVENTS = 1_000_000;
    private static final int READ_CHUNK = 1_000_000;
    private static final int SEEKS = 2_000;
    private static final int OPENS = 5;

    private ScaleFork() {}

    /** Serves until the parent closes its end. */
    public static void main(String[] args) throws Exception {
        Path directory = Path.of(args[0]);
        Setting setting = new Setting(directory, 0);
        Fork.serve(command -> {
            if ("open".equals(command)) {
                return Double.toString(openMillis(setting));
            }
            long events = Long.parseLong(command.substring("fill ".length()));
            return Json.line(measure(setting, fillAll(setting, events), events));
        });
    }

    private static double openMillis(Setting setting) {
        long begin = System.nanoTime();
        EventLog log = Logs.open(setting);
        long end = System.nanoTime();
        log.close();
        return (end - begin) / 1e6;
    }

    /**
     * Fills the log, and logs of the same size before it: one of a million events or several smaller ones to warm up, then
     * further small ones until there are enough chunks for a median.
     */
    private static double[] fillAll(Setting setting, long events) throws IOException {
        Path parent = setting.directory().resolveSibling("others");
        try (var scratch = new ScratchDirectory(parent)) {
            var warm = new Setting(scratch.path(), 0);
            append(warm, WARMUP_EVENTS);
            EventLog log = Logs.open(warm);
            read(log);
            seekMicros(log, false);
            seekMicros(log, true);
            log.close();
        }
        DoubleStream chunks = DoubleStream.empty();
        for (long i = Math.min(MAX_REPEATS, WARMUP_EVENTS / events); i > 1; i--) {
            try (var scratch = new ScratchDirectory(parent)) {
                chunks = DoubleStream.concat(chunks, Arrays.stream(append(new Setting(scratch.path(), 0), events)));
            }
        }
        return DoubleStream.concat(chunks, Arrays.stream(append(setting, events)))
                .toArray();
    }

    private static ScaleStep measure(Setting setting, double[] chunks, long events) throws IOException {
        EventLog log = Logs.open(setting);
        double readNanos = read(log);
        double seekPosition = seekMicros(log, false);
        double seekTime = seekMicros(log, true);
        double resident = statusMebibytes("VmRSS:");
        double anonymous = statusMebibytes("RssAnon:");
        System.gc();
        double heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / (double) (1 << 20);
        log.close();
        double[] opens = new double[OPENS];
        for (int i = 0; i < OPENS; i++) {
            opens[i] = openMillis(setting);
        }
        List<Path> files = files(setting.directory());
        long length = 0;
        for (Path file : files) {
            length += Files.size(file);
        }
        return new ScaleStep(
                events,
                median(chunks),
                mean(chunks),
                readNanos,
                0,
                median(opens),
                seekPosition,
                seekTime,
                resident,
                anonymous,
                heap,
                files.size(),
                length / (double) (1 << 20));
    }

    /** Appends up to this many events; returns the nanoseconds of an append, chunk by chunk. */
    private static double[] append(Setting setting, long events) {
        var chunks = new ArrayList<Double>();
        ByteBuffer payload = Payload.create();
        try (EventLog log = Logs.open(setting)) {
            Producer<ByteBuffer> producer = Logs.producer(log);
            long end = log.endPosition();
            int chunk = (int) Math.max(1, Math.min(MAX_CHUNK, (events - end) / CHUNKS));
            long forced = end;
            while (end < events) {
                int count = (int) Math.min(chunk, events - end);
                long begin = System.nanoTime();
                for (int i = 0; i < count; i++) {
                    payload.putLong(0, end + i);
                    producer.append(Logs.KEY, payload);
                }
                chunks.add((System.nanoTime() - begin) / (double) count);
                end += count;
                if (end - forced
                        >= FORCE_EVENTS) { // outside the time: the kernel throttles who has too many dirty pages
                    log.force();
                    forced = end;
                }
            }
        }
        return chunks.stream().mapToDouble(Double::doubleValue).toArray();
    }

    private static double read(EventLog log) {
        var replay = new Replay(log);
        long events = Math.max(log.endPosition(), READ_CHUNK); // a small log again and again
        long left = events;
        replay.prepare();
        long begin = System.nanoTime();
        while (left > 0) {
            int count = (int) Math.min(READ_CHUNK, left);
            replay.run(count);
            left -= count;
        }
        return (System.nanoTime() - begin) / (double) events;
    }

    private static double seekMicros(EventLog log, boolean byTime) {
        var seek = new Seek(log, byTime);
        long begin = System.nanoTime();
        seek.run(SEEKS);
        return (System.nanoTime() - begin) / 1e3 / SEEKS;
    }

    private static double median(double[] values) {
        Quartiles quartiles = Quartiles.of(values);
        return quartiles == null ? 0 : quartiles.median();
    }

    private static double mean(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return values.length == 0 ? 0 : sum / values.length;
    }

    private static double statusMebibytes(String field) throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"), StandardCharsets.UTF_8)) {
            return lines.filter(line -> line.startsWith(field))
                    .mapToDouble(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024.0)
                    .findFirst()
                    .orElse(0);
        }
    }

    private static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> found = Files.walk(directory)) {
            return found.filter(Files::isRegularFile).toList();
        }
    }
}
