package dev.eventlog.examples.market;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.EventView;
import dev.eventlog.ViewHandler;
import java.time.Duration;
import java.time.Instant;

/**
 * A named consumer that keeps a {@link State} in memory: rebuilds it from the log up to its checkpoint, then goes on
 * from there.
 *
 * <p>The state needs no file of its own. What a crash can do is to take the memory away, also what was handled and not
 * yet committed; the rebuilt state ends exactly at the checkpoint, and what was not committed comes again.
 *
 * <p><b>Threading:</b> One thread at a time: its own. Except {@link #position}, {@link #isRebuilt}, {@link #endAt},
 * {@link #stop}: any thread.
 */
final class MarketConsumer implements Runnable, ViewHandler<OrderEvent> {

    private static final int BATCH = 256;
    private static final Duration LONGEST_WAIT = Duration.ofMillis(20);

    private final EventLog log;
    private final Codec<OrderEvent> codec;
    private final String name;
    private final State state;
    private final LatencyHistogram latency = new LatencyHistogram();
    private volatile long position; // written by the consumer's thread, read by any
    private volatile boolean rebuilt; // written by the consumer's thread, read by any
    private volatile long end = Long.MAX_VALUE; // written by the pipeline, read by the consumer's thread
    private volatile boolean stopped; // written by the pipeline, read by the consumer's thread
    private long next;
    private long rebuiltCount;
    private long rebuildNanos;
    private long firstNanos;
    private long lastNanos;

    MarketConsumer(EventLog log, Codec<OrderEvent> codec, String name, State state) {
        this.log = log;
        this.codec = codec;
        this.name = name;
        this.state = state;
    }

    @Override
    public void run() {
        try (var consumer = log.consumer(name, codec)) {
            rebuild(consumer.position());
            follow(consumer);
        }
    }

    /** Reads what was committed in an earlier life, without a name: nothing is committed. */
    private void rebuild(long checkpoint) {
        long start = System.nanoTime();
        var committed = EventQuery.all().before(checkpoint);
        try (var past = log.consumer(ConsumerConfig.unnamed().query(committed).build(), codec)) {
            int count;
            do {
                count = past.poll(event -> state.apply(Message.of(event)), BATCH);
                rebuiltCount += count;
            } while (count > 0);
        }
        if (rebuiltCount != checkpoint) {
            throw new IllegalStateException("consumer " + name + " found " + rebuiltCount
                    + " events before its checkpoint: checkpoint=" + checkpoint + "; the log has a gap");
        }
        rebuildNanos = System.nanoTime() - start;
        position = checkpoint;
        rebuilt = true;
    }

    private void follow(Consumer<OrderEvent> consumer) {
        while (!stopped && consumer.position() < end) {
            if (consumer.await(LONGEST_WAIT)) {
                consumer.poll(this, BATCH); // hands over, then commits
            }
        }
    }

    @Override
    public void onEvent(EventView<OrderEvent> event) {
        state.apply(Message.of(event));
        next = event.position() + 1;
        latency.record(wallClockNanos() - event.appendTimeNanos());
    }

    @Override
    public void onBatchEnd(int count) {
        long now = System.nanoTime();
        if (firstNanos == 0) {
            firstNanos = now;
        }
        lastNanos = now;
        position = next;
    }

    private static long wallClockNanos() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000_000 + now.getNano();
    }

    String name() {
        return name;
    }

    /** Position of the next event to handle. */
    long position() {
        return position;
    }

    /** Whether the state is that of the checkpoint or later. */
    boolean isRebuilt() {
        return rebuilt;
    }

    /** How many events were read again to rebuild the state; to be asked when it is rebuilt. */
    long rebuiltCount() {
        return rebuiltCount;
    }

    /** How long that took. */
    long rebuildNanos() {
        return rebuildNanos;
    }

    /** How many events were handled since; to be asked after its end. */
    long handled() {
        return latency.total();
    }

    /** From the end of the first batch to the end of the last; to be asked after its end. */
    long handlingNanos() {
        return lastNanos - firstNanos;
    }

    /** From append to handled; to be asked after its end. */
    LatencyHistogram latency() {
        return latency;
    }

    /** Makes it end when it has handled all events before a position. */
    void endAt(long endPosition) {
        end = endPosition;
    }

    /** Makes it end soon, without an error. */
    void stop() {
        stopped = true;
    }
}
