package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.Event;
import dev.eventlog.EventHandler;
import dev.eventlog.EventLog;
import dev.eventlog.Subscription;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.internal.file.HookedFileOps;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Damaged checkpoints and lists of parked events: who needs one is told, the other consumers go on, all are shown. */
@Timeout(300)
class ConsumerDamageTest {

    private static final int EVENTS = 20;
    private static final int SLOT_LENGTH = 4096;

    private final Numbered numbered = new Numbered(5, 300);

    @TempDir
    private Path directory;

    @BeforeEach
    void parkEachFifthEvent() {
        try (EventLog log = open();
                Consumer<ByteBuffer> other = log.consumer("shipping", Numbered.CODEC)) {
            var producer = log.producer("numbered", Numbered.CODEC);
            while (log.endPosition() < EVENTS) {
                producer.append(numbered.event(log.endPosition()));
            }
            other.poll(Duration.ZERO);
            other.commit();
            try (Subscription billing = subscribe(log, this::failEachFifth)) {
                assertThat(billing.awaitCaughtUp(Duration.ofMinutes(2))).isTrue();
            }
            assertThat(parked(log)).containsExactly(0L, 5L, 10L, 15L);
        }
    }

    private EventLog open() {
        return Numbered.open(directory, HookedFileOps.quick());
    }

    private static Subscription subscribe(EventLog log, EventHandler<ByteBuffer> handler) {
        var config = ConsumerConfig.named("billing").attempts(1, Duration.ZERO).build();
        return log.subscribe(config, Numbered.CODEC, handler);
    }

    private void failEachFifth(Event<ByteBuffer> event) {
        if (event.position() % 5 == 0) {
            throw new IllegalStateException("cannot handle " + event.position());
        }
    }

    private static List<Long> parked(EventLog log) {
        var config = ConsumerConfig.parkedBy("billing").build();
        try (Consumer<ByteBuffer> consumer = log.consumer(config, Numbered.CODEC)) {
            return consumer.poll(Duration.ZERO).stream().map(Event::position).toList();
        }
    }

    private Path file(String kind) throws IOException {
        try (var files = Files.list(directory.resolve(kind))) {
            return files.filter(file -> file.getFileName().toString().startsWith("billing-"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static byte[] flipped(byte[] bytes, int at) {
        byte[] damaged = bytes.clone();
        damaged[at] ^= 0x04;
        return damaged;
    }

    private static ConsumerStatus status(EventLog log, String name) {
        List<ConsumerStatus> all = log.consumers();
        assertThat(all).extracting(ConsumerStatus::name).containsExactly("billing", "shipping");
        return all.stream().filter(each -> each.name().equals(name)).findFirst().orElseThrow();
    }

    private static void assertNames(Throwable failure, Path file) {
        assertThat(failure)
                .isInstanceOfSatisfying(
                        CorruptLogException.class, e -> assertThat(e.file()).isEqualTo(file))
                .hasMessageContaining("file=" + file)
                .hasMessageContaining("offset=")
                .hasMessageContaining("billing");
    }

    private static void assertOtherIsFine(EventLog log) {
        ConsumerStatus other = status(log, "shipping");
        assertThat(other.state()).isEqualTo(ConsumerStatus.State.CLOSED);
        assertThat(other.failure()).isNull();
        assertThat(other.checkpoint()).isGreaterThan(0);
        log.consumer("shipping", Numbered.CODEC).close();
    }

    @Test
    void damagedListOfParkedEventsIsReportedToWhoNeedsItAndShown() throws IOException {
        Path file = file("parked");
        byte[] whole = Files.readAllBytes(file);
        Map<String, byte[]> damages = new LinkedHashMap<>();
        damages.put("flip in the last byte", flipped(whole, whole.length - 1));
        damages.put("flip in the last position", flipped(whole, whole.length - 16));
        damages.put("flip in the header", flipped(whole, 3));
        damages.put("flip behind the header", flipped(whole, 40));
        damages.put("cut by one byte", Arrays.copyOf(whole, whole.length - 1));
        damages.put("cut by an entry", Arrays.copyOf(whole, whole.length - 16));
        damages.put("cut to the header", Arrays.copyOf(whole, 32));
        damages.put("cut to nothing", new byte[0]);
        damages.put("longer", Arrays.copyOf(whole, whole.length + 16));
        damages.put("deleted", null);
        for (var damage : damages.entrySet()) {
            if (damage.getValue() == null) {
                Files.delete(file);
            } else {
                Files.write(file, damage.getValue());
            }
            try (EventLog log = open()) {
                ConsumerStatus shown = status(log, "billing");
                assertThat(shown.state()).as(damage.getKey()).isEqualTo(ConsumerStatus.State.FAILED);
                assertNames(shown.failure(), file);
                assertThat(shown.parked()).isEqualTo(-1);
                assertThat(shown.checkpoint()).isEqualTo(log.endPosition());
                assertThatThrownBy(() -> parked(log)).satisfies(e -> assertNames(e, file));
                assertThatThrownBy(() -> subscribe(log, event -> {})).satisfies(e -> assertNames(e, file));
                // who pulls needs no list
                try (Consumer<ByteBuffer> pulling = log.consumer("billing", Numbered.CODEC)) {
                    assertThat(pulling.position()).isEqualTo(log.endPosition());
                    assertThat(pulling.status().state()).isEqualTo(ConsumerStatus.State.OPEN);
                    assertNames(pulling.status().failure(), file);
                }
                assertOtherIsFine(log);
            }
            if (damage.getValue() != null) {
                assertThat(Files.readAllBytes(file)).as("untouched").isEqualTo(damage.getValue());
            }
        }
        Files.write(file, whole);
        try (EventLog log = open()) {
            assertThat(parked(log)).containsExactly(0L, 5L, 10L, 15L);
        }
    }

    @Test
    void consumerWithADamagedListCanBeForgottenAndBeginsAnew() throws IOException {
        for (boolean deleted : new boolean[] {false, true}) {
            Path file = file("parked");
            if (deleted) {
                Files.delete(file);
            } else {
                Files.write(file, flipped(Files.readAllBytes(file), 50));
            }
            try (EventLog log = open()) {
                log.forget("billing");
                assertThat(log.consumers()).hasSize(1);
                var handled = new ConcurrentSkipListSet<Long>();
                try (Subscription billing = subscribe(log, event -> {
                    failEachFifth(event);
                    handled.add(event.position());
                })) {
                    assertThat(billing.awaitCaughtUp(Duration.ofMinutes(2))).isTrue();
                }
                var all = new TreeSet<>(handled);
                all.addAll(parked(log));
                assertThat(all).hasSize((int) log.endPosition());
            }
        }
    }

    @Test
    void listThatEmptiedIsStillThere() throws IOException {
        try (EventLog log = open();
                Consumer<ByteBuffer> consumer =
                        log.consumer(ConsumerConfig.parkedBy("billing").build(), Numbered.CODEC)) {
            consumer.poll(Duration.ZERO);
            consumer.commit();
        }
        Path file = file("parked");
        try (EventLog log = open()) {
            assertThat(status(log, "billing").parked()).isZero();
        }
        Files.delete(file);
        try (EventLog log = open()) {
            assertNames(status(log, "billing").failure(), file);
        }
    }

    @Test
    void flipInOneSlotOfACheckpointGoesBackToTheOtherOne() throws IOException {
        Path file = file("cursors");
        byte[] whole = Files.readAllBytes(file);
        for (int slot = 0; slot < 2; slot++) {
            for (int at : new int[] {0, 9, 13, 20, 33, 41, 60, 65, 70, 168}) {
                Files.write(file, flipped(whole, slot * SLOT_LENGTH + at));
                try (EventLog log = open()) {
                    ConsumerStatus shown = status(log, "billing");
                    assertThat(shown.failure()).isNull();
                    try (Consumer<ByteBuffer> consumer = log.consumer("billing", Numbered.CODEC)) {
                        assertThat(consumer.position())
                                .as("slot %d byte %d", slot, at)
                                .isBetween(0L, log.endPosition())
                                .isEqualTo(shown.checkpoint());
                    }
                }
            }
        }
    }

    @Test
    void consumerWhoseCheckpointIsDamagedIsShownAsFailed() throws IOException {
        Path file = file("cursors");
        byte[] whole = Files.readAllBytes(file);
        var damages = new ArrayList<byte[]>();
        for (int at : new int[] {0, 9, 20, 33, 41, 66, 168}) {
            damages.add(flipped(flipped(whole, at), SLOT_LENGTH + at));
        }
        damages.add(new byte[whole.length]);
        damages.add(new byte[0]);
        damages.add(Arrays.copyOf(whole, SLOT_LENGTH));
        for (byte[] damaged : damages) {
            Files.write(file, damaged);
            try (EventLog log = open()) {
                ConsumerStatus shown = status(log, "billing");
                assertThat(shown.state()).isEqualTo(ConsumerStatus.State.FAILED);
                assertNames(shown.failure(), file);
                assertThat(shown.parked()).isEqualTo(4);
                assertThatThrownBy(() -> log.consumer("billing", Numbered.CODEC))
                        .satisfies(e -> assertNames(e, file));
                // the list of parked events is whole
                assertThat(parked(log)).containsExactly(0L, 5L, 10L, 15L);
                assertOtherIsFine(log);
            }
            assertThat(Files.readAllBytes(file)).isEqualTo(damaged);
        }
    }
}
