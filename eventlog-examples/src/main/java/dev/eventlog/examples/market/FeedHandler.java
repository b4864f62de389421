package dev.eventlog.examples.market;

import dev.eventlog.Codec;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.examples.ExampleException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Appends each message of a flow to the log, and after a restart goes on behind the last one that is in it.
 *
 * <p>It keeps no note of its own of how far it came: each message becomes one event and nobody else appends, so the end
 * of the log is the number of messages that are done. The append returns when no crash of this process can take the event
 * away, so there is nothing between "sent" and "stored".
 *
 * <p>The key is the stock. Not the order: who keeps a book needs all messages of a stock in their order, and order is
 * kept by key where a log is split over machines.
 *
 * <p><b>Threading:</b> One thread at a time: its own. Except {@link #appended}, {@link #stop}: any thread.
 */
final class FeedHandler implements Runnable {

    private static final long LONGEST_PARK_NANOS = 10_000_000;

    private final EventLog log;
    private final Codec<OrderEvent> codec;
    private final OrderFlow flow;
    private final Pace pace;
    private final Producer<OrderEvent> producer;
    private final long countBefore;
    private volatile long appended; // written by the feed's thread, read by any
    private volatile boolean stopped; // written by any thread, read by the feed's
    private long startNanos;
    private long endNanos;

    FeedHandler(EventLog log, Codec<OrderEvent> codec, OrderFlow flow, Pace pace) {
        this.log = log;
        this.codec = codec;
        this.flow = flow;
        this.pace = pace;
        producer = log.producer("feed", codec);
        countBefore = log.endPosition();
        appended = countBefore;
    }

    @Override
    public void run() {
        try (var messages = new MessageReader(flow, MessageReader.OnMalformed.SKIP)) {
            skipWhatTheLogHas(messages);
            feed(messages);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The last event must be the message that it should be: else the log was made from something else. */
    private void skipWhatTheLogHas(MessageReader messages) {
        Message last = null;
        for (long i = 0; i < countBefore; i++) {
            last = messages.next();
            if (last == null) {
                throw ofOtherInput("it holds " + countBefore + " events, the input has only " + i + " messages");
            }
        }
        if (last != null) {
            var lastOfTheLog = EventQuery.all().after(countBefore - 2);
            var stored = log.read(lastOfTheLog, codec).map(Message::of).toList();
            if (!stored.equals(List.of(last))) {
                throw ofOtherInput("position " + (countBefore - 1) + " is " + stored + ", the input has " + last);
            }
        }
    }

    private static ExampleException ofOtherInput(String difference) {
        return ExampleException.failed(
                "the log was made from other input: " + difference + "; choose another --dir, or delete this one");
    }

    private void feed(MessageReader messages) {
        startNanos = System.nanoTime();
        long firstTimeNanos = Long.MIN_VALUE;
        for (Message message = messages.next(); message != null && !stopped; message = messages.next()) {
            if (firstTimeNanos == Long.MIN_VALUE) {
                firstTimeNanos = message.timeNanos();
            }
            awaitDue(pace.dueNanos(appended - countBefore, message.timeNanos() - firstTimeNanos));
            append(message);
        }
        endNanos = System.nanoTime();
    }

    private void append(Message message) {
        var event = NewEvent.of(flow.symbol(), message.event()).withTime(message.time());
        long position = producer.append(event);
        appended = position + 1;
    }

    private void awaitDue(long dueNanos) {
        if (dueNanos == 0) {
            return;
        }
        while (!stopped) {
            long leftNanos = dueNanos - (System.nanoTime() - startNanos);
            if (leftNanos <= 0) {
                return;
            }
            LockSupport.parkNanos(Math.min(leftNanos, LONGEST_PARK_NANOS));
        }
    }

    /** How many messages are in the log. */
    long appended() {
        return appended;
    }

    /** How many of them this one appended; to be asked after its end. */
    long count() {
        return appended - countBefore;
    }

    /** How many were in the log before. */
    long countBefore() {
        return countBefore;
    }

    /** How long it took; to be asked after its end. */
    long nanos() {
        return endNanos - startNanos;
    }

    /** Makes it end soon, without an error. */
    void stop() {
        stopped = true;
    }
}
