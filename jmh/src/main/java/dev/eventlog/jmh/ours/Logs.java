package dev.eventlog.jmh.ours;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Durability;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.jmh.work.Payload;
import dev.eventlog.jmh.work.Setting;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Logs of 64-byte events that all have a key. */
public final class Logs {

    /** The events' key. */
    public static final String KEY = "AAPL";

    /** Events in a frame where they are appended together. */
    static final int BATCH = 256;

    private Logs() {}

    static Path directory(Setting setting) {
        return setting.directory().resolve("eventlog");
    }

    /** The log in the setting's directory; nothing is forced in the background, as the peers force nothing either. */
    public static EventLog open(Setting setting) {
        return EventLog.open(EventLogConfig.at(directory(setting))
                .forceInterval(Duration.ZERO)
                .build());
    }

    /** A log of which each event survives a power cut when its append returns. */
    static EventLog openDurable(Setting setting) {
        return EventLog.open(EventLogConfig.at(directory(setting))
                .durability(Durability.POWER_LOSS)
                .build());
    }

    /** The producer of a log's events. */
    public static Producer<ByteBuffer> producer(EventLog log) {
        return log.producer("bench", Codec.bytes("Tick"));
    }

    /** A consumer from the earliest event on, without a checkpoint, as the peers' tailers have none. */
    public static Consumer<ByteBuffer> consumer(EventLog log) {
        return log.consumer(ConsumerConfig.unnamed().build(), Codec.bytes());
    }

    /** The events of one {@link Producer#appendAll}. */
    static List<NewEvent<ByteBuffer>> batch(ByteBuffer payload) {
        var batch = new ArrayList<NewEvent<ByteBuffer>>();
        for (int i = 0; i < BATCH; i++) {
            batch.add(NewEvent.of(KEY, payload));
        }
        return batch;
    }

    /** Appends events in frames of one. */
    public static void fill(EventLog log, int events) {
        Producer<ByteBuffer> producer = producer(log);
        ByteBuffer payload = Payload.create();
        for (int i = 0; i < events; i++) {
            payload.putLong(0, i);
            producer.append(KEY, payload);
        }
        log.force();
    }

    /** Appends events in frames of {@link #BATCH}, at least as many as asked for. */
    static void fillInBatches(EventLog log, int events) {
        Producer<ByteBuffer> producer = producer(log);
        List<NewEvent<ByteBuffer>> batch = batch(Payload.create());
        for (int i = 0; i < events; i += BATCH) {
            producer.appendAll(batch);
        }
        log.force();
    }
}
