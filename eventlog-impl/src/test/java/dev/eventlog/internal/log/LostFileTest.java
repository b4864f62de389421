package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.Durability;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.Directories;
import dev.eventlog.internal.support.MemoryDirectory;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A file of an open log, or its directory, is deleted, renamed, replaced or cut. The writer stops at the next force or
 * within a second and names the file; nothing is durable that is not in the file that the name stands for; a reader says
 * that the log is damaged and where.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LostFileTest {

    private final Numbered numbered = new Numbered(1, 8_000);

    @TempDir(factory = MemoryDirectory.class)
    private Path temporary;

    /** What is done to a file. */
    enum Loss {
        DELETED {
            @Override
            void befall(Path file) throws IOException {
                Files.delete(file);
            }
        },
        RENAMED {
            @Override
            void befall(Path file) throws IOException {
                Files.move(file, file.resolveSibling("aside"));
            }
        },
        REPLACED {
            @Override
            void befall(Path file) throws IOException {
                Path copy = file.resolveSibling("copy");
                Files.copy(file, copy);
                Files.move(copy, file, StandardCopyOption.REPLACE_EXISTING);
            }
        },
        CUT {
            @Override
            void befall(Path file) throws IOException {
                try (var open = new RandomAccessFile(file.toFile(), "rw")) {
                    open.setLength(open.length() / 2);
                }
            }
        };

        abstract void befall(Path file) throws IOException;
    }

    private static Path active(Path directory) {
        return find(directory.resolve("active"), ".cq4");
    }

    private static Path find(Path directory, String suffix) {
        try (var files = Files.walk(directory)) {
            return files.filter(
                            file -> Files.isRegularFile(file) && file.toString().endsWith(suffix))
                    .sorted()
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @EnumSource(value = Loss.class, names = "CUT", mode = EnumSource.Mode.EXCLUDE)
    void forceFailsOnceTheFileThatIsWrittenIsLost(Loss loss) throws IOException {
        for (Durability durability : Durability.values()) {
            Path directory = temporary.resolve("log-" + durability);
            EventLog log = EventLog.open(
                    Numbered.config(directory).durability(durability).build());
            numbered.appendTo(log, 10);
            log.force();
            long durable = log.durablePosition();
            Path file = active(directory);
            loss.befall(file);
            long end = log.endPosition();
            LogFailedException failed = catchThrowableOfType(LogFailedException.class, () -> {
                log.producer("numbered", Numbered.CODEC).append(numbered.event(end));
                log.force();
            });
            assertThat(failed).as("%s", durability).hasMessageContaining(file.toString());
            assertThat(failed.isOutcomeUnknown()).isTrue();
            assertThat(log.durablePosition()).isEqualTo(durable);
            assertStopped(log, file);
        }
    }

    private void assertStopped(EventLog log, Path file) {
        assertThatThrownBy(() -> log.producer("numbered", Numbered.CODEC).append(ByteBuffer.allocate(1)))
                .isInstanceOf(LogFailedException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("nothing was appended")
                .hasMessageContaining("bring back");
        Throwable closed = catchThrowable(log::close);
        assertThat(closed == null || closed instanceof LogFailedException)
                .as("%s", closed)
                .isTrue();
    }

    /** An idle log, and files that are not forced. */
    @ParameterizedTest
    @EnumSource(Loss.class)
    void writerNoticesEachFileByItself(Loss loss) throws Exception {
        var lost = new ArrayList<Lost>();
        for (String name : List.of("manifest", "state", "0000000001.segment", "0000000002.segment", ".cq4")) {
            if (loss == Loss.CUT && name.equals("state")) {
                // mapped; see the processes below
                continue;
            }
            Path directory = temporary.resolve("log-" + name);
            var told = new CompletableFuture<Throwable>();
            EventLog log = EventLog.open(
                    Numbered.config(directory).backgroundErrors(told::complete).build());
            // two segments are sealed
            numbered.appendTo(log, 2_000);
            // behind the sealing, on the same thread
            log.consumers();
            log.force();
            Path file = find(directory, name);
            loss.befall(file);
            lost.add(new Lost(log, file, told));
        }
        for (Lost each : lost) {
            assertThat(each.told().get(60, TimeUnit.SECONDS))
                    .hasMessageContaining(each.file().toString());
            assertStopped(each.log(), each.file());
        }
    }

    private record Lost(EventLog log, Path file, CompletableFuture<Throwable> told) {}

    @Test
    void directoryThatIsRenamedReplacedOrDeletedIsNamed() throws Exception {
        for (String how : List.of("renamed", "replaced", "deleted")) {
            Path directory = temporary.resolve("log-" + how);
            var told = new CompletableFuture<Throwable>();
            EventLog log = EventLog.open(
                    Numbered.config(directory).backgroundErrors(told::complete).build());
            numbered.appendTo(log, 10);
            log.force();
            long durable = log.durablePosition();
            Path aside = temporary.resolve("aside-" + how);
            if (how.equals("replaced")) {
                Directories.copyLog(directory, aside);
                Files.move(directory, temporary.resolve("away"));
                Files.move(aside, directory);
            } else if (how.equals("renamed")) {
                Files.move(directory, aside);
            } else {
                Directories.delete(directory);
            }
            long end = log.endPosition();
            assertThatThrownBy(() -> {
                        log.producer("numbered", Numbered.CODEC).append(numbered.event(end));
                        log.force();
                    })
                    .as(how)
                    .isInstanceOf(LogFailedException.class)
                    .hasMessageContaining("directory was renamed, deleted or replaced")
                    .hasMessageContaining(directory.toString());
            assertThat(log.durablePosition()).isEqualTo(durable);
            assertThat(catchThrowable(log::close)).isInstanceOf(LogFailedException.class);
            if (how.equals("renamed")) {
                try (EventLog again = EventLog.open(aside)) {
                    numbered.assertComplete(again);
                    assertThat(again.endPosition()).isEqualTo(end + 1);
                }
            }
        }
    }

    /** It meets the damage and not the handler: nothing is tried again, nothing is parked. */
    @ParameterizedTest
    @EnumSource(Loss.class)
    void readerOfALostSegmentSaysThatItIsDamaged(Loss loss) throws IOException {
        Path directory = temporary.resolve("log");
        try (EventLog before = EventLog.open(Numbered.config(directory).build())) {
            numbered.appendTo(before, 2_000);
        }
        // nothing is mapped yet: what is mapped can be read to its end
        EventLog log = EventLog.open(Numbered.config(directory).build());
        Path file = find(directory, "0000000002.segment");
        if (loss == Loss.REPLACED) {
            // by what is no copy of it
            Files.write(file, new byte[(int) Files.size(file)]);
        } else {
            loss.befall(file);
        }
        var failures = new CopyOnWriteArrayList<Throwable>();
        var config = ConsumerConfig.named("reader")
                .onFailure((event, failure) -> failures.add(failure))
                .build();
        var subscription = log.subscribe(config, Numbered.CODEC, event -> {});
        IllegalStateException failed = catchThrowableOfType(
                IllegalStateException.class, () -> subscription.awaitCaughtUp(Duration.ofMinutes(2)));
        assertThat(failed.getCause()).isInstanceOf(CorruptLogException.class);
        CorruptLogException damage = (CorruptLogException) failed.getCause();
        assertThat(damage.file()).isEqualTo(file);
        ConsumerStatus status = subscription.status();
        assertThat(status.state()).isEqualTo(ConsumerStatus.State.FAILED);
        assertThat(status.parked()).isZero();
        assertThat(failures).isEmpty();
        assertThat(damage.fromPosition()).isBetween(1L, status.checkpoint());
        assertThatThrownBy(() -> log.read(EventQuery.all(), Numbered.CODEC).count())
                .isInstanceOf(CorruptLogException.class)
                .hasMessageContaining(file.toString());
        Throwable unused = catchThrowable(log::close);
    }

    /** Appends until the log stops, and tells what it said. */
    static final class Writer {

        private Writer() {}

        public static void main(String[] arguments) {
            var durability = Durability.valueOf(arguments[1]);
            int warm = Integer.parseInt(arguments[2]);
            EventLog log = EventLog.open(Numbered.config(Path.of(arguments[0]))
                    .durability(durability)
                    .segmentLengthBytes(64 << 20)
                    .build());
            var producer = log.producer("writer", Numbered.CODEC);
            long count = 0;
            boolean isStopped = false;
            while (!isStopped) {
                try {
                    if (count == warm) {
                        System.out.println("appending");
                    }
                    count++;
                    producer.append(ByteBuffer.allocate(100));
                    if (count > warm && durability == Durability.PROCESS_CRASH) {
                        LockSupport.parkNanos(1_000_000);
                    }
                } catch (InternalError lateFault) {
                    // Java 17 may throw it anywhere in this thread
                    System.out.println("fault in a user's thread: " + lateFault);
                } catch (LogFailedException stopped) {
                    System.out.println("durable=" + log.durablePosition());
                    System.out.println("stopped: " + stopped.getMessage());
                    isStopped = true;
                } catch (Throwable other) {
                    System.out.println("stopped otherwise: " + other);
                    isStopped = true;
                }
            }
            try {
                log.close();
            } catch (LogFailedException expected) {
                System.out.println("closed: " + expected.getMessage());
            }
        }
    }

    /** A mapped file that is cut is a fault of memory: the JVM must survive it, cold or warm. */
    @ParameterizedTest
    @EnumSource(Durability.class)
    void fileThatIsCutUnderItsWriterStopsItAndNotTheJvm(Durability durability) throws IOException {
        for (String name : List.of(".cq4", "state")) {
            int[] cold = name.equals("state") ? new int[0] : new int[] {1};
            int[] hot = durability == Durability.POWER_LOSS
                    ? name.equals("state") ? new int[0] : new int[] {300}
                    : new int[] {20_000};
            for (int warm :
                    IntStream.concat(IntStream.of(cold), IntStream.of(hot)).toArray()) {
                Path directory = temporary.resolve("log-" + name + warm);
                Path errors = temporary.resolve("hs_err");
                try (var writer = ChildJvm.start(
                        List.of(), List.of("-XX:ErrorFile=" + errors), Writer.class, directory, durability, warm)) {
                    writer.awaitLine("appending");
                    Path file = name.equals("state") ? directory.resolve(name) : active(directory);
                    try (var open = new RandomAccessFile(file.toFile(), "rw")) {
                        open.setLength(0);
                    }
                    int exit = writer.await();
                    assertThat(errors).doesNotExist();
                    if (name.equals("state") && Runtime.version().feature() < 21) {
                        // a hint that is only stored: Java 17 tells late, and anywhere, also behind the end of the log
                        assertThat(writer.output()).containsAnyOf("stopped: ", "InternalError");
                        continue;
                    }
                    assertThat(exit).as(writer.output()).isZero();
                    assertThat(writer.awaitLine("stopped"))
                            .as(writer.output())
                            .startsWith("stopped: ")
                            .contains(directory.toString());
                    if (!name.equals("state")) {
                        assertThat(writer.out()).doesNotContain("fault in");
                    }
                }
            }
        }
    }
}
