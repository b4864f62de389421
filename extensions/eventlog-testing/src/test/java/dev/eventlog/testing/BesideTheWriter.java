package dev.eventlog.testing;

import dev.eventlog.Capability;
import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.Event;
import dev.eventlog.EventHandler;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.Processor;
import dev.eventlog.Producer;
import dev.eventlog.Subscription;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A log that is written through one open and read through another one, as by two processes.
 *
 * <p><b>Threading:</b> Thread-safe, as both are.
 *
 * @param writing appends
 * @param reading opened read-only; all else goes through it, but for what the log can do
 */
record BesideTheWriter(EventLog writing, EventLog reading) implements EventLog {

    @Override
    public <T> Producer<T> producer(String source, Codec<T> codec) {
        return writing.producer(source, codec);
    }

    @Override
    public <T> Consumer<T> consumer(ConsumerConfig config, Codec<T> codec) {
        return reading.consumer(config, codec);
    }

    @Override
    public <T> Subscription subscribe(ConsumerConfig config, Codec<T> codec, EventHandler<? super T> handler) {
        return reading.subscribe(config, codec, handler);
    }

    @Override
    public <T, R> Subscription process(
            ConsumerConfig config, Codec<T> codec, Processor<? super T, ? extends R> processor, Producer<R> out) {
        return reading.process(config, codec, processor, out);
    }

    @Override
    public <T> Stream<Event<T>> read(EventQuery query, Codec<T> codec) {
        return reading.read(query, codec);
    }

    @Override
    public long firstPosition() {
        return reading.firstPosition();
    }

    @Override
    public long endPosition() {
        return reading.endPosition();
    }

    @Override
    public long durablePosition() {
        return reading.durablePosition();
    }

    @Override
    public void force() {
        writing.force();
    }

    @Override
    public List<ConsumerStatus> consumers() {
        return reading.consumers();
    }

    @Override
    public void forget(String consumer) {
        reading.forget(consumer);
    }

    @Override
    public Set<Capability> capabilities() {
        return writing.capabilities();
    }

    @Override
    public void require(Capability... needed) {
        writing.require(needed);
    }

    @Override
    public void close() {
        try {
            reading.close();
        } finally {
            writing.close();
        }
    }
}
