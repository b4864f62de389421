package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig.Recovery;
import dev.eventlog.internal.file.HookedFileOps;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Directories;
import dev.eventlog.internal.support.MemoryDirectory;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * An open that records damage dies before each of its file operations, and once more in the next try: whoever comes
 * through in the end finds the same events and the same losses as one that was never disturbed.
 */
@Timeout(300)
class RecordDamageCrashTest {

    private static final int ROUNDS = Integer.getInteger("eventlog.crashRounds", 2);
    /** One crash of so many is recovered from; 1: each. */
    private static final int SAMPLE = Integer.getInteger("eventlog.crashSample", 10);

    private final Seed seed = Seed.of(RecordDamageCrashTest.class);
    private final SplittableRandom random = seed.random();
    private final Numbered numbered = new Numbered(seed.value(), 300);
    private int copies;

    @TempDir(factory = MemoryDirectory.class)
    private Path temporary;

    private static EventLog open(Path directory, HookedFileOps files) {
        return LocalEventLog.open(
                Numbered.config(directory).recovery(Recovery.RECORD_DAMAGE).build(), files, Clock.system());
    }

    /** Two sealed segments and one that a kill left. */
    private Path killed() {
        Path log = temporary.resolve("log");
        Path killed = temporary.resolve("killed");
        for (int segment = 1; segment <= 3; segment++) {
            try (EventLog opened = Numbered.open(log, HookedFileOps.quick())) {
                numbered.appendTo(opened, segment * 25L);
                opened.force();
                if (segment == 3) {
                    Directories.copyLog(log, killed);
                }
            }
        }
        return killed;
    }

    private void damage(Path log) throws IOException {
        List<Path> segments;
        try (var files = Files.walk(log)) {
            segments = files.filter(file -> file.toString().endsWith(".segment")
                            || (file.toString().endsWith(".cq4") && !file.endsWith("metadata.cq4t")))
                    .sorted()
                    .toList();
        }
        Path victim = segments.get(random.nextInt(segments.size()));
        boolean isSealed = victim.toString().endsWith(".segment");
        if (isSealed && random.nextBoolean()) {
            Files.delete(victim);
        } else {
            byte[] bytes = Files.readAllBytes(victim);
            int used = bytes.length;
            while (used > 0 && bytes[used - 1] == 0) {
                used--;
            }
            int at = random.nextInt(400, used);
            try (var file = new RandomAccessFile(victim.toFile(), "rw")) {
                if (isSealed && random.nextBoolean()) {
                    file.setLength(at);
                } else {
                    file.seek(at);
                    file.write(new byte[Math.min(used - at, 1 + random.nextInt(3000))]);
                }
            }
        }
        if (random.nextInt(3) == 0) {
            Files.delete(log.resolve("manifest"));
        }
    }

    /** Everything that can be read, and everything that is told to be lost. */
    private List<String> contents(EventLog log) {
        var contents = new ArrayList<String>();
        var config = ConsumerConfig.unnamed()
                .onDamage(gap -> contents.add("lost " + gap.fromPosition() + ".." + gap.toPosition()))
                .build();
        try (var consumer = log.consumer(config, Numbered.CODEC)) {
            for (var events = consumer.poll(Duration.ZERO); !events.isEmpty(); events = consumer.poll(Duration.ZERO)) {
                for (Event<ByteBuffer> event : events) {
                    assertThat(numbered.isRight(event)).as("%s", seed).isTrue();
                    contents.add("event " + event.position());
                }
                consumer.commit();
            }
        }
        contents.add("end " + log.endPosition());
        return contents;
    }

    private List<String> recovered(Path log, UUID boot) {
        try (EventLog opened = open(log, HookedFileOps.quick().withBootId(boot))) {
            return contents(opened);
        }
    }

    @Test
    void recoveryThatDiesAnywhereAndIsRunAgainGivesTheSame() throws IOException {
        Path killed = killed();
        for (int round = 0; round < ROUNDS; round++) {
            Path damaged = temporary.resolve("damaged");
            Directories.copyLog(killed, damaged);
            damage(damaged);
            var boot = new UUID(round, 1);
            Path undisturbed = copy(damaged);
            List<String> expected = recovered(undisturbed, boot);
            Path disturbed = copy(damaged);
            var crashes = new ArrayList<Path>();
            var operations = new AtomicInteger();
            int phase = random.nextInt(SAMPLE);
            var files = new HookedFileOps((op, path) -> {
                        if (operations.incrementAndGet() % SAMPLE == phase) {
                            crashes.add(copy(disturbed));
                        }
                    })
                    .withBootId(boot);
            open(disturbed, files.withoutForce()).close();
            assertThat(operations.get()).isGreaterThan(20);
            for (int crash = 0; crash < crashes.size(); crash++) {
                Path crashed = crashes.get(crash);
                var second = new ArrayList<Path>();
                boolean isTwice = random.nextInt(6) == 0;
                if (isTwice) {
                    var again = new HookedFileOps((op, path) -> {
                                if (random.nextInt(8) == 0) {
                                    second.add(copy(crashed));
                                }
                            })
                            .withBootId(boot);
                    open(crashed, again.withoutForce()).close();
                }
                second.add(crashed);
                for (Path each : second) {
                    assertThat(recovered(each, boot))
                            .as("round %d, before operation %d, %s", round, crash, seed)
                            .isEqualTo(expected);
                    Directories.delete(each);
                }
            }
            Directories.delete(damaged);
            Directories.delete(undisturbed);
            Directories.delete(disturbed);
        }
    }

    private Path copy(Path log) {
        Path copy = temporary.resolve("copy-" + copies++);
        Directories.copyLog(log, copy);
        return copy;
    }
}
