package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.Subscription;
import dev.eventlog.error.EventLogException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.Seed;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process that runs out of file descriptors, of address space for mappings, or of memory. What is asked of its log then
 * is done, or refused with an exception that tells why; what was acknowledged is there; and with the resource back the log
 * goes on.
 */
@Timeout(300)
class ScarceResourcesTest {

    private static final long SEED = 7;
    /** Less than a segment of 32 MiB takes. */
    private static final long LEFT_BYTES = 28 << 20;

    private final Seed seed = Seed.of(ScarceResourcesTest.class);

    @TempDir
    private Path temporary;

    private Path directory() {
        return temporary.resolve("log");
    }

    private void assertSound(long acknowledged) {
        try (EventLog log = Numbered.open(directory(), FileOps.system())) {
            assertThat(log.endPosition()).isGreaterThanOrEqualTo(acknowledged);
            new Numbered(SEED, 8_000).assertComplete(log);
        }
    }

    private static long told(ChildJvm child, String beginning) {
        String line = child.awaitLine(beginning);
        return Long.parseLong(line.substring(line.lastIndexOf(' ') + 1));
    }

    /** Uses up all descriptors, appends over segments, opens and reads, gives them back, and again. */
    static final class Descriptors {

        private final EventLog log;
        private final Numbered numbered = new Numbered(SEED, 8_000);
        private final Consumer<ByteBuffer> consumer;

        private Descriptors(Path directory) {
            log = Numbered.open(directory, FileOps.system());
            consumer = log.consumer("before", Numbered.CODEC);
        }

        public static void main(String[] arguments) throws IOException {
            Path directory = Path.of(arguments[0]);
            var random = new SplittableRandom(Long.parseLong(arguments[1]));
            var child = new Descriptors(directory);
            System.out.println("descriptors " + descriptors(directory));
            loadClasses();
            int refused = 0;
            for (int round = 0; round < 30; round++) {
                child.use(random.nextInt(600));
                List<FileInputStream> held = takeAll();
                refused += child.useInNeed(directory, random.nextInt(600));
                System.out.println("acknowledged " + round + " " + child.log.endPosition());
                for (FileInputStream each : held) {
                    each.close();
                }
            }
            child.use(1);
            child.numbered.assertComplete(child.log);
            System.out.println("refused " + refused);
            child.log.close();
            System.out.println("closed");
        }

        private void use(int events) {
            numbered.appendTo(log, log.endPosition() + events);
            poll();
            log.consumer("another", Numbered.CODEC).close();
        }

        private void poll() {
            if (!consumer.poll(Duration.ZERO).isEmpty()) {
                consumer.commit();
            }
        }

        private int useInNeed(Path directory, int events) {
            int refused = refused(() -> numbered.appendTo(log, log.endPosition() + events));
            refused += refused(() -> log.consumer("another", Numbered.CODEC).close());
            refused += refused(() -> Numbered.open(directory.resolveSibling("another"), FileOps.system())
                    .close());
            return refused + refused(this::poll);
        }

        private static int refused(Runnable use) {
            try {
                use.run();
                return 0;
            } catch (EventLogException told) {
                if (!told.toString().contains("Too many open files")) {
                    throw told;
                }
                return 1;
            }
        }

        private static List<FileInputStream> takeAll() {
            var held = new ArrayList<FileInputStream>();
            while (true) {
                try {
                    held.add(new FileInputStream("/dev/null"));
                } catch (IOException none) {
                    return held;
                }
            }
        }

        /** Descriptors of files of a log. */
        private static int descriptors(Path directory) throws IOException {
            var found = new ArrayList<String>();
            try (var open = Files.list(Path.of("/proc/self/fd"))) {
                for (Path descriptor : open.toList()) {
                    String file = Files.exists(descriptor)
                            ? Files.readSymbolicLink(descriptor).toString()
                            : "";
                    if (file.startsWith(directory.toString())) {
                        found.add(file);
                    }
                }
            }
            return found.size();
        }

        /** A directory of classes needs a descriptor for each that is loaded; a jar, as users have it, does not. */
        private static void loadClasses() throws IOException {
            for (String entry : ChildJvm.classPath().split(java.io.File.pathSeparator)) {
                Path root = Path.of(entry);
                if (Files.isDirectory(root) && root.endsWith("target/classes")) {
                    try (var classes = Files.walk(root)) {
                        for (Path file : classes.filter(each -> each.toString().endsWith(".class"))
                                .toList()) {
                            String name = root.relativize(file).toString();
                            load(name.substring(0, name.length() - 6).replace('/', '.'));
                        }
                    }
                }
            }
        }

        private static void load(String name) {
            if (!name.endsWith("-info")) {
                try {
                    Class.forName(name);
                } catch (ClassNotFoundException e) {
                    throw new AssertionError(e);
                }
            }
        }
    }

    @Test
    void logOfAProcessWithoutDescriptorsRefusesAndGoesOnOnceThereAreSome() {
        assumeTrue(ChildJvm.succeeds("prlimit", "--nofile=200", "true"), "needs prlimit");
        var before = List.of("prlimit", "--nofile=200");
        try (var child = ChildJvm.start(before, List.of(), Descriptors.class, directory(), seed.value())) {
            assertThat(child.await()).as("%s %s", seed, child.output()).isZero();
            assertThat(told(child, "descriptors")).as(child.output()).isLessThanOrEqualTo(8 + 2);
            assertThat(told(child, "refused")).as(child.output()).isGreaterThan(30);
            assertThat(child.out()).contains("closed");
            assertSound(told(child, "acknowledged 29"));
        }
    }

    /** Appends over segments and reads, and says how it went, for each line of its input. */
    static final class Mappings {
        public static void main(String[] arguments) throws IOException {
            var numbered = new Numbered(SEED, 100_000);
            var config = Numbered.config(Path.of(arguments[0])).segmentLengthBytes(32 << 20);
            try (EventLog log = EventLog.open(config.build());
                    var input = new BufferedReader(new InputStreamReader(System.in))) {
                numbered.appendTo(log, 100);
                numbered.assertComplete(log);
                System.out.println("open");
                int line = 0;
                while (input.readLine() != null) {
                    line++;
                    System.out.println("#" + line + " " + use(log, numbered));
                    System.out.println("acknowledged " + line + " " + log.endPosition());
                }
            }
            System.out.println("closed");
        }

        private static String use(EventLog log, Numbered numbered) {
            try {
                numbered.appendTo(log, log.endPosition() + 10_000);
                numbered.assertComplete(log);
                return "done";
            } catch (EventLogException told) {
                return told.toString();
            }
        }
    }

    @Test
    void logOfAProcessThatCannotMapRefusesAndGoesOnOnceItCan() throws IOException {
        assumeTrue(ChildJvm.succeeds("prlimit", "--nofile=200", "true"), "needs prlimit");
        // the JVM itself has to live with what is left
        var flags = List.of("-Xmx64m", "-XX:TieredStopAtLevel=1", "-XX:ErrorFile=" + temporary.resolve("hs_err"));
        try (var child = ChildJvm.start(List.of("env", "MALLOC_ARENA_MAX=1"), flags, Mappings.class, directory())) {
            child.awaitLine("open");
            limitAddresses(child, Long.toString(addressBytes(child) + LEFT_BYTES));
            askToUse(child);
            assertThat(child.awaitLine("#1")).as(child.output()).contains("Map failed");
            long acknowledged = told(child, "acknowledged 1");
            limitAddresses(child, "unlimited");
            askToUse(child);
            assertThat(child.awaitLine("#2")).as(child.output()).isEqualTo("#2 done");
            child.process().getOutputStream().close();
            assertThat(child.await()).as(child.output()).isZero();
            assertThat(told(child, "acknowledged 2")).isGreaterThan(acknowledged);
            try (EventLog log = EventLog.open(directory())) {
                assertThat(log.endPosition()).isEqualTo(told(child, "acknowledged 2"));
            }
        }
    }

    private static long addressBytes(ChildJvm child) throws IOException {
        Path told = Path.of("/proc", Long.toString(child.process().pid()), "statm");
        return Long.parseLong(Files.readString(told).split(" ")[0]) * 4096;
    }

    private static void limitAddresses(ChildJvm child, String bytes) {
        String pid = Long.toString(child.process().pid());
        assertThat(ChildJvm.succeeds("prlimit", "--pid", pid, "--as=" + bytes + ":unlimited"))
                .as("limit %s", bytes)
                .isTrue();
    }

    private static void askToUse(ChildJvm child) throws IOException {
        OutputStream input = child.process().getOutputStream();
        input.write('\n');
        input.flush();
    }

    /** Fills the heap but for some megabytes while codecs and handlers want more, gives it back, and again. */
    static final class Memory {

        private static final int ROUNDS = 3;
        private static final int BLOCK = 1 << 20;
        /** Blocks left to the JVM and the log, which cannot even throw an error without any. */
        private static final int LEFT = 6;

        private static final byte[][] BALLAST = new byte[1024][];

        private final EventLog log;
        private final Numbered numbered = new Numbered(SEED, 8_000);
        private final AtomicLong handled = new AtomicLong();
        private final AtomicInteger exhausted = new AtomicInteger();

        private Memory(EventLog log) {
            this.log = log;
        }

        public static void main(String[] arguments) {
            var random = new SplittableRandom(Long.parseLong(arguments[1]));
            try (EventLog log = Numbered.open(Path.of(arguments[0]), FileOps.system())) {
                var child = new Memory(log);
                child.run(random);
                System.out.println("acknowledged " + log.endPosition());
                System.out.println("exhausted " + child.exhausted);
            }
            System.out.println("closed");
        }

        private void run(SplittableRandom random) {
            var config = ConsumerConfig.named("handling").attempts(1_000_000, Duration.ofMillis(1));
            try (Subscription subscription = log.subscribe(config.build(), Numbered.CODEC, this::handle)) {
                for (int round = 0; round < ROUNDS; round++) {
                    append(random.nextInt(100));
                    fill();
                    append(random.nextInt(100));
                    Arrays.fill(BALLAST, null);
                }
                if (!subscription.awaitCaughtUp(Duration.ofMinutes(2))) {
                    throw new AssertionError("subscription stays: " + subscription.status());
                }
            }
            log.force();
            numbered.assertComplete(log);
        }

        /** Fails if there is no memory. */
        private void need() {
            try {
                if (new byte[2 * LEFT * BLOCK].length == 0) {
                    throw new AssertionError();
                }
            } catch (OutOfMemoryError none) {
                exhausted.incrementAndGet();
                throw none;
            }
        }

        private void handle(Event<ByteBuffer> event) {
            if (event.position() != handled.get() || !numbered.isRight(event)) {
                System.out.println("wrong " + event.position() + " behind " + handled);
            }
            if (event.position() % 8 == 0) {
                need();
            }
            handled.set(event.position() + 1);
        }

        private static void fill() {
            int blocks = 0;
            try {
                while (true) {
                    BALLAST[blocks] = new byte[BLOCK - 64];
                    blocks++;
                }
            } catch (OutOfMemoryError full) {
                Arrays.fill(BALLAST, Math.max(0, blocks - LEFT), blocks, null);
            }
        }

        /** A codec that has written half an event when memory runs out. */
        private final class Hungry implements Codec<ByteBuffer> {

            @Override
            public Schema schema(ByteBuffer data) {
                return Numbered.CODEC.schema(data);
            }

            @Override
            public void encode(ByteBuffer data, ByteBuffer target) {
                Numbered.CODEC.encode(data, target);
                if (data.remaining() % 8 == 0) {
                    need();
                }
            }

            @Override
            public boolean decodes(Schema schema) {
                return true;
            }

            @Override
            public ByteBuffer decode(Schema schema, ByteBuffer payload) {
                return Numbered.CODEC.decode(schema, payload);
            }
        }

        private void append(int times) {
            var producer = log.producer("numbered", new Hungry());
            for (int i = 0; i < times; i++) {
                try {
                    producer.appendAll(numbered.batch(log.endPosition()));
                } catch (OutOfMemoryError none) {
                    // nothing was appended: the next one has the same position
                }
            }
        }
    }

    @Test
    void logOfAProcessWithoutMemoryAppendsWholeEventsOrNoneAndGoesOn() {
        var flags = List.of("-Xmx40m", "-XX:+UseSerialGC");
        try (var child = ChildJvm.start(List.of(), flags, Memory.class, directory(), seed.value())) {
            assertThat(child.await()).as("%s %s", seed, child.output()).isZero();
            assertThat(child.out()).as("%s", seed).contains("closed").doesNotContain("wrong");
            assertThat(told(child, "exhausted")).as(child.output()).isGreaterThan(10);
            assertSound(told(child, "acknowledged"));
        }
    }
}
