package dev.eventlog.internal.delivery;

import dev.eventlog.IdleStrategy;
import dev.eventlog.internal.delivery.DeliveryMachine.Step;
import java.nio.ByteBuffer;

/**
 * Reads the events of a shared consumer, and commits, as its machine says. Events are read as bytes: members decode them.
 *
 * <p><b>Threading:</b> One thread at a time: the consumer's own.
 */
final class SharedReading {

    /** Events that are read before the machine is looked at again. */
    private static final int READS = 64;

    private final SharedConsumer consumer;
    private final SharedEvents events;
    private final Feed<ByteBuffer> feed;
    private final IdleStrategy idle;
    private boolean isSeekNeeded = true;

    SharedReading(SharedConsumer consumer, Feed<ByteBuffer> feed, IdleStrategy idle) {
        this.consumer = consumer;
        events = consumer.events();
        this.feed = feed;
        this.idle = idle;
    }

    /** Reads to the end. */
    void toEnd() {
        long emptyReads = 0;
        Step step;
        do {
            consumer.look();
            step = events.reader();
            switch (step) {
                case READ -> emptyReads = readEvents() ? 0 : emptyReads;
                case COMMIT -> consumer.commit();
                case IDLE -> idle(++emptyReads);
                case WAIT, END -> {}
                default -> throw new IllegalStateException("not a step of the reader: " + step);
            }
        } while (step != Step.END);
    }

    /** Reads some events; returns whether there were any, or more may be left. */
    private boolean readEvents() {
        try {
            if (isSeekNeeded) {
                feed.seek(feed.position());
                isSeekNeeded = false;
                if (!events.isAllDone()) {
                    feed.stayBeforeDamage();
                }
            }
            for (int i = 0; i < READS; i++) {
                if (!feed.next()) {
                    return readNothing() || i > 0;
                }
                BorrowedEvent<ByteBuffer> view = feed.event();
                if (!events.offer(view.toEvent(1), view.payloadLength())) {
                    return true;
                }
            }
            return true;
        } catch (Throwable e) {
            events.readOut(feed.position(), e);
            return true;
        } finally {
            feed.event().release();
        }
    }

    private boolean readNothing() {
        boolean isMore = feed.isPaused();
        isSeekNeeded = true;
        if (feed.isDone()) {
            events.readOut(feed.position(), null);
        } else {
            events.readNothing(feed.position(), isMore);
        }
        return isMore;
    }

    @SuppressWarnings("ReferenceEquality") // it is told by being itself
    private void idle(long emptyReads) {
        if (!events.isAllDone()) {
            events.glance();
        } else {
            // a flag that was left set would make each park return at once
            Thread.interrupted();
            if (idle == IdleStrategy.blocking()) {
                feed.awaitMore(consumer::isStopping);
            } else {
                idle.idle(emptyReads);
            }
        }
        events.idled();
    }
}
