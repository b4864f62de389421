package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Durability;
import dev.eventlog.Event;
import dev.eventlog.EventHandler;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventQuery;
import dev.eventlog.IdleStrategy;
import dev.eventlog.NewEvent;
import dev.eventlog.StartAt;
import dev.eventlog.error.CorruptLogException;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The api's own values, which are the same for all backends: configurations, queries, new events, codecs, dispatch. */
@Timeout(300)
class ApiValuesTest {

    // configurations

    @Test
    void consumerConfigNamesAllProblemsAtOnce() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ConsumerConfig.named("not/allowed")
                        .pollLimit(0, 0)
                        .attempts(0, Duration.ofSeconds(-1))
                        .parallel(0)
                        .closeTimeout(Duration.ofSeconds(-1))
                        .build())
                .withMessageContaining("not/allowed")
                .withMessageContaining("events=0")
                .withMessageContaining("bytes=0")
                .withMessageContaining("attempts=0")
                .withMessageContaining("lanes=0")
                .withMessageContaining("backOff")
                .withMessageContaining("closeTimeout");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ConsumerConfig.parkedBy("s")
                        .stopOnFailure()
                        .startAt(StartAt.latest())
                        .build())
                .withMessageContaining("stopOnFailure")
                .withMessageContaining("startAt");
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> ConsumerConfig.named("c").pollLimit(1_000_001, 1).build());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ConsumerConfig.named("c").parallel(1_025).build())
                .withMessageContaining("lanes=1025");
        assertThat(ConsumerConfig.named("c").parallel(1_024).build().lanes()).isEqualTo(1_024);
    }

    @Test
    void consumerConfigHasTheDefaultsOfItsDocumentation() {
        ConsumerConfig config = ConsumerConfig.named("c").build();
        assertThat(config.name()).isEqualTo("c");
        assertThat(config.query()).isEqualTo(EventQuery.all());
        assertThat(config.startAt()).isEqualTo(StartAt.earliest());
        assertThat(config.pollEvents()).isEqualTo(256);
        assertThat(config.pollBytes()).isEqualTo(1 << 20);
        assertThat(config.isStopAtEnd()).isFalse();
        assertThat(config.lanes()).isEqualTo(1);
        assertThat(config.attempts()).isEqualTo(3);
        assertThat(config.backOff()).isEqualTo(Duration.ofMillis(100));
        assertThat(config.isStopOnFailure()).isFalse();
        assertThat(config.threadFactory()).isNull();
        assertThat(config.closeTimeout()).isEqualTo(Duration.ofSeconds(10));
        assertThat(config.subscriptionOptions()).isEmpty();
        assertThat(ConsumerConfig.unnamed().build().name()).isNull();
        assertThat(ConsumerConfig.parkedBy("s").build().isParked()).isTrue();
    }

    @Test
    void configurationsAreNotChangedByTheirBuilders() {
        ConsumerConfig.Builder builder = ConsumerConfig.named("c");
        ConsumerConfig first = builder.build();
        builder.stopAtEnd().pollLimit(7, 8);
        assertThat(first.isStopAtEnd()).isFalse();
        ConsumerConfig second = builder.build();
        ConsumerConfig copy = second.toBuilder().stopOnFailure().build();
        assertThat(copy.pollEvents()).isEqualTo(7);
        assertThat(copy.pollBytes()).isEqualTo(8);
        assertThat(copy.isStopAtEnd()).isTrue();
        assertThat(copy.subscriptionOptions()).containsExactly("stopOnFailure");
        assertThat(second.subscriptionOptions()).isEmpty();
    }

    @Test
    void logConfigNamesAllProblemsAtOnce() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EventLogConfig.inMemory()
                        .forceInterval(Duration.ofNanos(-1))
                        .segmentLengthBytes(1)
                        .maxEventLengthBytes(0)
                        .retainFor(Duration.ZERO)
                        .retainBytes(0)
                        .build())
                .withMessageContaining("retainFor=PT0S")
                .withMessageContaining("retainBytes=0")
                .withMessageContaining("forceInterval")
                .withMessageContaining("segmentLengthBytes=1")
                .withMessageContaining("maxEventLengthBytes=0");
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        EventLogConfig.inMemory().readOnly().retainBytes(1).build())
                .withMessageContaining("readOnly needs a directory")
                .withMessageContaining("retainBytes are for the process that writes");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EventLogConfig.inMemory()
                        .segmentLengthBytes(1 << 20)
                        .maxEventLengthBytes((128 << 10) + 1)
                        .build())
                .withMessageContaining("8 *");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EventLogConfig.inMemory()
                        .segmentLengthBytes((1L << 30) + 1)
                        .build());
    }

    @Test
    void groupCommitIsValidated() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EventLogConfig.inMemory()
                        .groupCommit(Duration.ofNanos(-1), 0)
                        .build())
                .withMessageContaining("groupCommit wait=PT-0.000000001S is not in 0..2 ms")
                .withMessageContaining("groupCommit bytes=0 is below 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EventLogConfig.inMemory()
                        .groupCommit(Duration.ofNanos(2_000_001), 1)
                        .build())
                .withMessageContaining("groupCommit wait=PT0.002000001S");
        assertThatNullPointerException()
                .isThrownBy(() -> EventLogConfig.inMemory().groupCommit(ContractFixture.missing(), 1));
        assertThatNullPointerException()
                .isThrownBy(() -> EventLogConfig.inMemory().durability(ContractFixture.missing()));
        EventLogConfig config =
                EventLogConfig.inMemory()
                        .durability(Durability.POWER_LOSS)
                        .groupCommit(Duration.ofMillis(2), 1)
                        .build()
                        .toBuilder()
                        .build();
        assertThat(config.durability()).isEqualTo(Durability.POWER_LOSS);
        assertThat(config.groupWait()).isEqualTo(Duration.ofMillis(2));
        assertThat(config.groupBytes()).isOne();
    }

    @Test
    void logConfigHasTheDefaultsOfItsDocumentation() {
        EventLogConfig config = EventLogConfig.at(Path.of("x")).build();
        assertThat(config.directory()).isEqualTo(Path.of("x"));
        assertThat(config.durability()).isEqualTo(Durability.PROCESS_CRASH);
        assertThat(config.groupWait()).isEqualTo(Duration.ZERO);
        assertThat(config.groupBytes()).isEqualTo(1 << 20);
        assertThat(config.forceInterval()).isEqualTo(Duration.ofSeconds(1));
        assertThat(config.segmentLengthBytes()).isEqualTo(256L << 20);
        assertThat(config.maxEventLengthBytes()).isEqualTo(1 << 20);
        assertThat(config.clock()).isNull();
        assertThat(config.retainFor()).isNull();
        assertThat(config.retainBytes()).isEqualTo(Long.MAX_VALUE);
        EventLogConfig limited =
                config.toBuilder().retainFor(Duration.ofDays(7)).retainBytes(5).build();
        assertThat(limited.toBuilder().build().retainFor()).isEqualTo(Duration.ofDays(7));
        assertThat(limited.toBuilder().build().retainBytes()).isEqualTo(5);
        assertThat(config.threadFactory()).isNull();
        assertThat(config.recovery()).isEqualTo(EventLogConfig.Recovery.RECOVER);
        assertThat(config.toBuilder().recovery(EventLogConfig.Recovery.SALVAGE).build().toBuilder()
                        .build()
                        .recovery())
                .isEqualTo(EventLogConfig.Recovery.SALVAGE);
        assertThat(config.isReadOnly()).isFalse();
        assertThat(config.toBuilder().readOnly().build().toBuilder().build().isReadOnly())
                .isTrue();
        assertThat(config.isInsecureDirectoryAllowed()).isFalse();
        assertThat(EventLogConfig.inMemory().build().directory()).isNull();
        assertThat(config.toBuilder().segmentLengthBytes(1 << 23).build().directory())
                .isEqualTo(Path.of("x"));
    }

    @Test
    void damageIsPassedOnlyByAConsumerThatIsTold() {
        assertThat(ConsumerConfig.named("x").build().onDamage()).isNull();
        Consumer<CorruptLogException> told = gap -> {};
        assertThat(ConsumerConfig.named("x").onDamage(told).build().toBuilder()
                        .build()
                        .onDamage())
                .isSameAs(told);
        assertThatThrownBy(() -> ConsumerConfig.parkedBy("x").onDamage(told).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("onDamage");
    }

    @Test
    void nullsAreRefusedByBuilders() {
        assertThatNullPointerException()
                .isThrownBy(() -> EventLogConfig.inMemory().recovery(ContractFixture.missing()));
        assertThatNullPointerException()
                .isThrownBy(() -> ConsumerConfig.unnamed().onDamage(ContractFixture.missing()));
        assertThatNullPointerException().isThrownBy(() -> EventLogConfig.at(null));
        assertThatNullPointerException().isThrownBy(() -> EventLog.open((Path) null));
        assertThatNullPointerException()
                .isThrownBy(() -> EventLogConfig.inMemory().clock(null));
        assertThatNullPointerException().isThrownBy(() -> ConsumerConfig.named(null));
        assertThatNullPointerException()
                .isThrownBy(() -> ConsumerConfig.unnamed().query(null))
                .withMessageContaining("query");
        assertThatNullPointerException()
                .isThrownBy(() -> ConsumerConfig.unnamed().startAt(null))
                .withMessageContaining("startAt");
        assertThatNullPointerException().isThrownBy(() -> StartAt.time(null));
    }

    @Test
    void startAtRefusesNegativePositions() {
        assertThatIllegalArgumentException().isThrownBy(() -> StartAt.position(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> StartAt.after(-1));
        assertThat(StartAt.position(3)).isEqualTo(StartAt.position(3)).isNotEqualTo(StartAt.after(3));
    }

    // queries

    @Test
    void queriesAreEqualIfTheirClausesAre() {
        EventQuery one = EventQuery.all().types("A", "B").keys("k").after(3).before(9);
        EventQuery other = EventQuery.all().before(9).keys("k").after(3).types("B", "A");
        assertThat(one).isEqualTo(other).hasSameHashCodeAs(other);
        assertThat(one.or(EventQuery.all())).isEqualTo(EventQuery.all().or(other));
        assertThat(one.or(other)).isEqualTo(one);
        assertThat(one).isNotEqualTo(one.after(4)).isNotEqualTo(EventQuery.all());
        assertThat(one.hashCode()).isEqualTo(other.hashCode());
    }

    @Test
    void queriesTakeOnlyWhatTheyCanMean() {
        assertThatIllegalArgumentException().isThrownBy(() -> EventQuery.all().types(new String[0]));
        assertThatIllegalArgumentException().isThrownBy(() -> EventQuery.all().types(new Class<?>[0]));
        assertThatIllegalArgumentException().isThrownBy(() -> EventQuery.all().keys());
        assertThatIllegalArgumentException().isThrownBy(() -> EventQuery.all().sources());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EventQuery.all().types(String.class))
                .withMessageContaining("java.lang.String");
        assertThatNullPointerException().isThrownBy(() -> EventQuery.all().keys("a", null));
        assertThatNullPointerException().isThrownBy(() -> EventQuery.all().time(null, Instant.MAX));
        assertThatNullPointerException().isThrownBy(() -> EventQuery.all().or(null));
    }

    // new events

    @Test
    void newEventsAreImmutable() {
        NewEvent<String> plain = NewEvent.of("data");
        Map<String, String> metadata = new HashMap<>(Map.of("m", "n"));
        NewEvent<String> full = plain.withId("id").withTime(Instant.EPOCH).withMetadata(metadata);
        metadata.put("later", "x");
        assertThat(plain.id()).isNull();
        assertThat(plain.time()).isNull();
        assertThat(plain.metadata()).isEmpty();
        assertThat(full.metadata()).isEqualTo(Map.of("m", "n"));
        assertThat(full.data()).isEqualTo("data");
        assertThat(full.key()).isNull();
        assertThatThrownBy(() -> full.metadata().put("x", "y")).isInstanceOf(UnsupportedOperationException.class);
        assertThat(full.withMetadata(Map.of()).metadata()).as("in place of").isEmpty();
    }

    @Test
    void newEventsRefuseWhatCannotBeKept() {
        assertThatNullPointerException().isThrownBy(() -> NewEvent.of(null)).withMessageContaining("data");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> NewEvent.of("d").withId(""))
                .withMessageContaining("id");
        assertThatNullPointerException().isThrownBy(() -> NewEvent.of("d").withId(null));
        assertThatNullPointerException().isThrownBy(() -> NewEvent.of("d").withTime(null));
        assertThatNullPointerException().isThrownBy(() -> NewEvent.of("d").withMetadata(null));
        assertThatIllegalArgumentException().isThrownBy(() -> NewEvent.of("d").withTime(Instant.MAX));
        assertThatIllegalArgumentException().isThrownBy(() -> NewEvent.of("d").withTime(Instant.MIN));
    }

    // codecs

    @Test
    void schemasHoldToTheirLimits() {
        assertThat(new Codec.Schema("t".repeat(255), 1, "c".repeat(100)).version())
                .isEqualTo(1);
        for (String type : List.of("", "t".repeat(256), "with space", "tab\t", "ü")) {
            assertThatIllegalArgumentException().isThrownBy(() -> new Codec.Schema(type, 1, "c"));
            assertThatIllegalArgumentException().isThrownBy(() -> Codec.bytes(type));
            assertThatIllegalArgumentException().isThrownBy(() -> Codec.utf8(type));
        }
        assertThatIllegalArgumentException().isThrownBy(() -> new Codec.Schema("t", 0, "c"));
        assertThatIllegalArgumentException().isThrownBy(() -> new Codec.Schema("t", 1, "c".repeat(101)));
        assertThatNullPointerException().isThrownBy(() -> new Codec.Schema(null, 1, "c"));
    }

    @Test
    void codecsOverflowWithoutHalfAPayload() {
        ByteBuffer small = ByteBuffer.allocate(3);
        assertThatThrownBy(() -> Codec.utf8().encode("abcd", small)).isInstanceOf(BufferOverflowException.class);
        assertThatThrownBy(() -> Codec.utf8().encode("üüü", small)).isInstanceOf(BufferOverflowException.class);
        assertThatThrownBy(() -> Codec.bytes().encode(ByteBuffer.allocate(4), small))
                .isInstanceOf(BufferOverflowException.class);
    }

    @Test
    void codecsReturnTheSameSchemaEachTime() {
        Codec<String> text = Codec.utf8("T");
        assertThat(text.schema("a")).isSameAs(text.schema("b"));
        assertThat(text.schema("a").type()).isEqualTo("T");
        assertThat(text.schema("a").version()).isEqualTo(1);
        assertThat(Codec.bytes().schema(ByteBuffer.allocate(0)).type()).isEqualTo("bytes");
        assertThat(Codec.utf8().schema("").type()).isEqualTo("text");
        assertThat(text.decodes(Codec.bytes().schema(ByteBuffer.allocate(0)))).isFalse();
        assertThat(Codec.bytes().decodes(text.schema(""))).isTrue();
    }

    // handlers

    private static Event<Object> event(Object data) {
        try (EventLog log = EventLog.inMemory()) {
            Codec<Object> codec = Codec.anyOf(Codec.utf8(), Codec.bytes());
            log.producer("p", codec).append(data);
            return log.read(EventQuery.all(), codec).toList().get(0);
        }
    }

    @Test
    void dispatchTakesTheFirstThatFits() throws Exception {
        var taken = new ArrayList<String>();
        var base = EventHandler.dispatch(Object.class).on(String.class, e -> taken.add("first " + e.data()));
        var more = base.on(CharSequence.class, e -> taken.add("second"));
        more.onEvent(event("text"));
        assertThat(taken).containsExactly("first text");
        assertThatIllegalStateException()
                .isThrownBy(() -> base.onEvent(event(ByteBuffer.allocate(1))))
                .withMessageContaining("ByteBuffer");
        base.ignoreOthers().onEvent(event(ByteBuffer.allocate(1)));
        assertThatNullPointerException().isThrownBy(() -> base.on(null, e -> {}));
        assertThatNullPointerException().isThrownBy(() -> EventHandler.dispatch(null));
    }

    @Test
    void dispatchTellsAllOfTheEndOfABatch() throws Exception {
        var told = new ArrayList<Integer>();
        EventHandler<String> flushing = new EventHandler<>() {
            @Override
            public void onEvent(Event<String> e) {}

            @Override
            public void onBatchEnd(int count) {
                told.add(count);
            }
        };
        EventHandler.dispatch(Object.class).on(String.class, flushing).onBatchEnd(3);
        assertThat(told).containsExactly(3);
    }

    @Test
    void idleStrategiesReturn() {
        assertThat(IdleStrategy.blocking()).isSameAs(IdleStrategy.blocking()).hasToString("IdleStrategy.blocking()");
        for (IdleStrategy idle : List.of(
                IdleStrategy.busySpin(), IdleStrategy.yielding(), IdleStrategy.backOff(), IdleStrategy.blocking())) {
            for (long polls = 1; polls < 240; polls++) {
                idle.idle(polls);
            }
            idle.idle(Long.MAX_VALUE);
        }
    }
}
