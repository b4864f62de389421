package dev.eventlog.torture;

import dev.eventlog.internal.support.JvmOpener;
import dev.eventlog.torture.disk.Choices;
import dev.eventlog.torture.disk.Disk;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;

/**
 * The same power cuts and the same damage for Chronicle Queue as one uses it by hand, to set figures beside ours. It is
 * helped where it can be: its files are forced with fdatasync through a channel, its directory too.
 *
 * <p><b>Threading:</b> One thread.
 */
final class RawChronicle {

    private static final int LONGEST_SECONDS = 10;
    private static final int IMAGES_AT_ONCE = 6;

    private final Run run;
    private final SplittableRandom random;
    private final Path directory;
    private final Map<String, Long> outcomes = new TreeMap<>();
    private final long begun = System.nanoTime();
    private long cases;

    RawChronicle(Run run) {
        this.run = run;
        random = run.random();
        directory = run.directory();
        JvmOpener.open();
    }

    private static ChronicleQueue open(Path queue) {
        return SingleChronicleQueueBuilder.binary(queue)
                .blockSize(256 << 10)
                .timeoutMS(1_000)
                .build();
    }

    private boolean goesOn() {
        return cases < run.cases() && System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(run.seconds());
    }

    private void report(String what) {
        double seconds = (System.nanoTime() - begun) / 1e9;
        System.out.printf(
                "raw Chronicle Queue, %s: %d cases, %.0f s, seed %d%n  %s%n",
                what, cases, seconds, run.seed(), outcomes);
        Run.delete(directory);
    }

    /** Cuts the power while it appends and is forced now and then. */
    void powerCuts() throws IOException {
        while (goesOn()) {
            Path machine = directory.resolve("machine");
            Files.createDirectories(machine);
            var disk = new Disk(machine);
            List<byte[]> events = new ArrayList<>();
            try (ChronicleQueue queue = open(machine.resolve("queue"));
                    ExcerptAppender appender = queue.createAppender()) {
                int durable = 0;
                for (int step = 0; step < 120 && goesOn(); step++) {
                    append(appender, events, event());
                    if (random.nextInt(16) == 0) {
                        force(disk, machine);
                        durable = events.size();
                    }
                    if (random.nextInt(8) == 0) {
                        disk.capture();
                        for (int i = 0; i < IMAGES_AT_ONCE; i++) {
                            Path image = directory.resolve("image");
                            disk.image(image, Choices.random(random.split()));
                            look(image.resolve("queue"), events, durable, true);
                            Run.delete(image);
                        }
                    }
                }
            }
            Run.delete(machine);
        }
        report("power cuts");
    }

    /** Damages a sound queue in one to three ways. */
    void damage() throws IOException {
        Path golden = directory.resolve("golden");
        List<byte[]> events = new ArrayList<>();
        try (ChronicleQueue queue = open(golden);
                ExcerptAppender appender = queue.createAppender()) {
            for (int i = 0; i < 200; i++) {
                append(appender, events, event());
            }
        }
        while (goesOn()) {
            Path queue = directory.resolve("case");
            Trees.copy(golden, queue);
            var damage = new Damage(random.split());
            for (int strikes = 1 + random.nextInt(3) * random.nextInt(2); strikes > 0; strikes--) {
                damage.strike(queue, golden);
            }
            look(queue, events, events.size(), false);
            Run.delete(queue);
        }
        report("damage");
    }

    /** As large as those that our own log gets; never empty, which would come back as one byte. */
    private byte[] event() {
        byte[] payload = Expected.random(random, 3000).payload();
        return payload.length == 0 ? new byte[1] : payload;
    }

    private static void append(ExcerptAppender appender, List<byte[]> events, byte[] event) {
        events.add(event);
        appender.writeBytes(Bytes.wrapForRead(event));
    }

    private static void force(Disk disk, Path machine) throws IOException {
        for (Path file : Trees.files(machine)) {
            try (var channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                channel.force(false);
            }
            disk.forced(
                    Files.readAttributes(file, java.nio.file.attribute.BasicFileAttributes.class)
                            .fileKey(),
                    0,
                    Long.MAX_VALUE);
        }
        disk.forcedNames(machine);
        disk.forcedNames(machine.resolve("queue"));
    }

    /** Opens, reads, appends and reads again, and counts what was wrong; more than one thing can be. */
    private void look(Path queue, List<byte[]> events, int durable, boolean appends) {
        cases++;
        var done = new CompletableFuture<List<String>>();
        var thread = new Thread(
                () -> {
                    try {
                        done.complete(read(queue, events, durable, appends));
                    } catch (Throwable e) {
                        done.complete(List.of(
                                String.valueOf(e.getMessage()).contains(queue.toString())
                                        ? "throws, naming a file"
                                        : "throws, naming no file"));
                    }
                },
                "look");
        thread.setDaemon(true);
        thread.start();
        List<String> found;
        try {
            found = done.get(LONGEST_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            found = List.of("hangs for " + LONGEST_SECONDS + " s");
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        (found.isEmpty() ? List.of("right") : found).forEach(each -> outcomes.merge(each, 1L, Long::sum));
    }

    private static List<String> read(Path path, List<byte[]> events, int durable, boolean appends) {
        var found = new ArrayList<String>();
        try (ChronicleQueue queue = open(path)) {
            int count = 0;
            int wrong = 0;
            try (ExcerptTailer tailer = queue.createTailer()) {
                for (byte[] event = next(tailer); event != null && count < 2 * events.size(); event = next(tailer)) {
                    if (count >= events.size() || !Arrays.equals(event, events.get(count))) {
                        wrong++;
                    }
                    count++;
                }
            }
            if (wrong > 0) {
                found.add("wrong bytes without an error");
            } else if (count < durable) {
                found.add("durable events lost without an error");
            }
            if (appends) {
                appendMore(queue, count, found);
            }
        }
        return found;
    }

    private static void appendMore(ChronicleQueue queue, int before, List<String> found) {
        byte[] more = {1, 2, 3, 4, 5, 6, 7};
        try (ExcerptAppender appender = queue.createAppender()) {
            appender.writeBytes(Bytes.wrapForRead(more));
        }
        int count = 0;
        byte[] last = null;
        try (ExcerptTailer tailer = queue.createTailer()) {
            for (byte[] event = next(tailer); event != null && count < 2 * before + 10; event = next(tailer)) {
                last = event;
                count++;
            }
        }
        if (last == null || !Arrays.equals(last, more)) {
            found.add("later append cannot be read");
        }
    }

    private static byte[] next(ExcerptTailer tailer) {
        Bytes<?> into = Bytes.allocateElasticOnHeap();
        return tailer.readBytes(into) ? into.toByteArray() : null;
    }
}
