package dev.eventlog.internal.log;

import dev.eventlog.Codec;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.internal.codec.RecordCodecs;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.spi.EventLogProvider;
import java.time.InstantSource;
import java.util.List;

/** The engine for local logs, on disk and in memory. <b>Threading:</b> Thread-safe: without state. */
public final class LocalEventLogProvider implements EventLogProvider {

    /** For {@link java.util.ServiceLoader}. */
    public LocalEventLogProvider() {}

    @Override
    public EventLog open(EventLogConfig config) {
        InstantSource source = config.clock();
        return LocalEventLog.open(config, FileOps.system(), source == null ? Clock.system() : Clock.of(source));
    }

    @Override
    public <T> Codec<T> records(Class<T> root, List<Codec.Upcast<?, ?>> upcasts) {
        return RecordCodecs.records(root, upcasts);
    }
}
