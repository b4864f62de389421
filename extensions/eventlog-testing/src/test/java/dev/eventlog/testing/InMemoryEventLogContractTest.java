package dev.eventlog.testing;

import dev.eventlog.Capability;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The contract, kept by the log in memory. Segments are small, so that it rolls. */
class InMemoryEventLogContractTest extends EventLogContract {

    @Override
    protected EventLog openNew(InstantSource clock) {
        return EventLog.open(EventLogConfig.inMemory()
                .segmentLengthBytes(1 << 20)
                .maxEventLengthBytes(maxEventLengthBytes())
                .clock(clock)
                .build());
    }

    @Override
    protected boolean prunes() {
        return true;
    }

    @Override
    protected EventLog openPruning(InstantSource clock, @Nullable Duration retainFor, long retainBytes) {
        EventLogConfig.Builder config = EventLogConfig.inMemory()
                .segmentLengthBytes(1 << 20)
                .maxEventLengthBytes(128 << 10)
                .clock(clock)
                .retainBytes(retainBytes);
        return EventLog.open((retainFor == null ? config : config.retainFor(retainFor)).build());
    }

    @Override
    protected EventLog openLimited(InstantSource clock, long limitBytes, EventLogConfig.WhenFull whenFull) {
        return EventLog.open(EventLogConfig.inMemory()
                .segmentLengthBytes(1 << 20)
                .maxEventLengthBytes(128 << 10)
                .clock(clock)
                .limit(limitBytes, whenFull)
                .build());
    }

    @Override
    protected boolean reopens() {
        return false;
    }

    @Override
    protected Set<Capability> capabilities() {
        return EnumSet.allOf(Capability.class);
    }

    @Override
    protected int maxEventLengthBytes() {
        return 128 << 10;
    }
}
