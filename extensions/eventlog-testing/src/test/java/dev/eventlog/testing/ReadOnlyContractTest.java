package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The contract, kept by a log on disk whose consumers are in a read-only open beside the one that writes. */
class ReadOnlyContractTest extends ChronicleEventLogContractTest {

    @Override
    protected EventLog reopen(InstantSource clock) {
        return beside(super.reopen(clock), clock);
    }

    @Override
    protected EventLog openPruning(InstantSource clock, @Nullable Duration retainFor, long retainBytes) {
        return beside(super.openPruning(clock, retainFor, retainBytes), clock);
    }

    @Override
    protected EventLog openLimited(InstantSource clock, long limitBytes, EventLogConfig.WhenFull whenFull) {
        return beside(super.openLimited(clock, limitBytes, whenFull), clock);
    }

    private EventLog beside(EventLog writing, InstantSource clock) {
        Path where = directory();
        return new BesideTheWriter(
                writing,
                EventLog.open(EventLogConfig.at(where).readOnly().clock(clock).build()));
    }

    @Override
    protected EventLog processing() {
        return ((BesideTheWriter) log).writing();
    }

    @Test
    void processingIsForTheProcessThatWrites() {
        try (Consumer<String> consumer = log.consumer("c", TEXT)) {
            assertThatThrownBy(() -> consumer.process(ONE, out(), 1))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessageContaining("process that writes");
        }
        assertThatThrownBy(() -> log.process(ConsumerConfig.named("c").build(), TEXT, ONE, out()))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("process that writes");
    }
}
