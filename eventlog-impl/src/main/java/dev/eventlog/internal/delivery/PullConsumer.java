package dev.eventlog.internal.delivery;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.Event;
import dev.eventlog.Processor;
import dev.eventlog.Producer;
import dev.eventlog.StartAt;
import dev.eventlog.ViewHandler;
import dev.eventlog.error.EventLogException;
import dev.eventlog.internal.journal.ReadJournal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A consumer that is asked for events.
 *
 * <p>Two places are kept: {@code cursor}, where the next poll begins, and the checkpoint in {@link Place}, from where a
 * restart goes on. A borrowed poll moves the cursor event by event and writes the checkpoint once, after
 * {@code onBatchEnd}; an owned poll moves neither until the commit. What was handed over as views and not flushed lies
 * between the two: no commit passes it, and an owned poll begins with it again.
 *
 * <p><b>Threading:</b> One thread at a time: the caller, checked. Except close and status: any thread.
 */
final class PullConsumer<T> implements Consumer<T> {

    private final ReadJournal journal;
    private final ConsumerConfig config;
    private final Place place;
    private final Feed<T> feed;
    private final UseGuard guard;
    private final Statuses statuses;

    private long cursor;
    // end of the last owned poll; its events at or above the cursor are not committed
    private long polledEnd;
    private List<Event<T>> polled = List.of();
    private boolean sought;
    // events handed over since the last onBatchEnd that returned
    private int unflushed;
    // where they begin; means nothing while there are none
    private long unflushedFrom;
    private volatile boolean done;

    PullConsumer(ReadJournal journal, Codec<T> codec, ConsumerConfig config, Place place, Statuses statuses) {
        this.journal = journal;
        this.config = config;
        this.place = place;
        this.statuses = statuses;
        guard = new UseGuard(place.name(), this::finish);
        feed = new Feed<>(
                journal,
                codec,
                config.query(),
                config.isStopAtEnd() ? journal.readablePosition() : Long.MAX_VALUE,
                config.onDamage());
        feed.event().replayBelow(place.replayBelow());
        cursor = place.checkpoint();
    }

    @Override
    public List<Event<T>> poll(Duration wait) {
        long nanos = Waits.nanos(wait);
        guard.enter();
        try {
            long deadline = journal.clock().monotonicNanos() + nanos;
            takeBack();
            while (true) {
                List<Event<T>> batch = collect();
                if (!batch.isEmpty() || !awaitMore(deadline)) {
                    return batch;
                }
            }
        } finally {
            guard.leave();
        }
    }

    /** Goes back before what was handed over as views and not flushed: a commit of owned events must not pass it. */
    private void takeBack() {
        if (unflushed > 0) {
            cursor = unflushedFrom;
            unflushed = 0;
        }
    }

    private List<Event<T>> collect() {
        polled = List.of();
        feed.seek(cursor);
        var batch = new ArrayList<Event<T>>();
        long bytes = 0;
        try {
            while (batch.size() < config.pollEvents() && bytes < config.pollBytes() && feed.next()) {
                bytes += feed.event().payloadLength();
                batch.add(feed.event().toEvent());
            }
        } catch (EventLogException e) {
            // events before the bad one are delivered first; the next poll begins at it
            if (batch.isEmpty()) {
                throw e;
            }
        } finally {
            feed.event().release();
        }
        if (batch.isEmpty()) {
            pass();
        } else {
            polledEnd = batch.get(batch.size() - 1).position() + 1;
        }
        polled = batch;
        return List.copyOf(batch);
    }

    /** Moves behind events that were left out; they need no commit, unless some before them are not flushed. */
    private void pass() {
        if (feed.position() > cursor) {
            cursor = feed.position();
            if (!sought && unflushed == 0) {
                place.commit(cursor, false);
            }
        }
        done = feed.isDone();
    }

    /** Waits for something behind what was looked at; false if the poll is to end. */
    private boolean awaitMore(long deadline) {
        if (guard.isClosed() || feed.isDone() || Thread.currentThread().isInterrupted()) {
            return false;
        }
        if (feed.isPaused()) {
            return true;
        }
        long looked = feed.position();
        long left = deadline - journal.clock().monotonicNanos();
        return journal.await(() -> journal.readablePosition() > looked || isEnding(), left) && !isEnding();
    }

    private boolean isEnding() {
        return guard.isClosed() || journal.isClosed();
    }

    @Override
    public boolean await(Duration wait) {
        long nanos = Waits.nanos(wait);
        guard.enter();
        try {
            long deadline = journal.clock().monotonicNanos() + nanos;
            while (true) {
                feed.seek(cursor);
                boolean found = feed.next();
                long at = found ? feed.event().position() : feed.position();
                feed.event().release();
                if (found) {
                    cursor = at;
                    return true;
                }
                pass();
                if (!awaitMore(deadline)) {
                    return false;
                }
            }
        } finally {
            guard.leave();
        }
    }

    @Override
    public int poll(ViewHandler<? super T> handler, int limit) {
        Objects.requireNonNull(handler, "handler");
        requireLimit(limit);
        guard.enter();
        try {
            return hand(Handlers.borrowed(handler), limit);
        } finally {
            guard.leave();
        }
    }

    private int hand(ViewHandler<T> handler, int limit) {
        polled = List.of();
        feed.seek(cursor);
        BorrowedEvent<T> event = feed.event();
        if (unflushed == 0) {
            unflushedFrom = cursor;
        }
        int count = 0;
        try {
            while (count < limit && !guard.isClosed()) {
                if (feed.next()) {
                    handler.onEvent(event);
                    cursor = feed.position();
                    count++;
                    unflushed++;
                } else if (count > 0 || !feed.isPaused()) {
                    break;
                }
            }
        } finally {
            event.release();
        }
        if (unflushed > 0) {
            flush(handler);
            place.commit(cursor, sought);
            sought = false;
        }
        if (count < limit) {
            pass();
        }
        return count;
    }

    /** The handler's flush; if it fails, all that was not flushed comes again. */
    private void flush(ViewHandler<T> handler) {
        boolean flushed = false;
        try {
            handler.onBatchEnd(unflushed);
            flushed = true;
        } finally {
            unflushed = 0;
            if (!flushed) {
                cursor = unflushedFrom;
            }
        }
    }

    @Override
    public <R> int process(Processor<? super T, ? extends R> processor, Producer<R> out, int limit) {
        Objects.requireNonNull(processor, "processor");
        Outputs<R> outputs = Outputs.of(out);
        requireLimit(limit);
        guard.enter();
        try {
            statuses.requireWriting(place.name());
            takeBack();
            polled = List.of();
            OutputClaim claim = place.claim(outputs.journal(), journal);
            if (sought) {
                // before the outputs, which tell of it
                place.commit(cursor, true);
                sought = false;
            } else {
                // what was appended before and not committed
                cursor = Math.max(cursor, place.checkpoint());
            }
            feed.event().replayBelow(place.replayBelow());
            return process(new OutputBatch<>(processor, outputs, claim), limit);
        } finally {
            guard.leave();
        }
    }

    private int process(OutputBatch<T, ?> batch, int limit) {
        feed.seek(cursor);
        int count = 0;
        long reached = cursor;
        Throwable why = null;
        try {
            while (count < limit && !guard.isClosed()) {
                if (feed.next()) {
                    batch.process(feed.event().toEvent());
                    reached = feed.position();
                    count++;
                } else if (count > 0 || !feed.isPaused()) {
                    break;
                }
            }
        } catch (Throwable e) {
            // what came before it is done
            why = e;
        } finally {
            feed.event().release();
        }
        try {
            batch.append();
        } catch (Throwable e) {
            reached = Math.max(cursor, batch.appended());
            if (why == null) {
                why = e;
            } else {
                why.addSuppressed(e);
            }
        }
        if (reached > cursor) {
            cursor = reached;
            place.commit(cursor, false);
        }
        if (why != null) {
            throw unchecked(why);
        }
        if (count < limit) {
            pass();
        }
        return count;
    }

    private RuntimeException unchecked(Throwable why) {
        if (why instanceof Error error) {
            throw error;
        }
        if (why instanceof InterruptedException) {
            Thread.currentThread().interrupt();
        }
        return why instanceof RuntimeException e
                ? e
                : new IllegalStateException(
                        "processor threw: consumer=" + place.name() + " position=" + cursor
                                + "; the event stays the next one",
                        why);
    }

    private static void requireLimit(int limit) {
        if (limit < 1) {
            throw new IllegalArgumentException("limit is " + limit + "; it must be 1 or more");
        }
    }

    @Override
    public void commit() {
        guard.enter();
        try {
            if (!polled.isEmpty()) {
                assert unflushed == 0;
                cursor = polledEnd;
                polled = List.of();
                place.commit(cursor, sought);
                sought = false;
            } else if (sought) {
                place.commit(unflushed > 0 ? unflushedFrom : cursor, true);
                sought = false;
            }
        } finally {
            guard.leave();
        }
    }

    @Override
    public void commit(Event<? extends T> last) {
        Objects.requireNonNull(last, "last");
        guard.enter();
        try {
            long position = last.position();
            if (position < cursor || !isPolled(position)) {
                throw new IllegalArgumentException(
                        "event is not one of the last poll that is still to be committed: position="
                                + position + " cursor=" + cursor + " polledEnd="
                                + (polled.isEmpty() ? cursor : polledEnd)
                                + "; commit events of the last poll, in order");
            }
            assert unflushed == 0;
            cursor = position + 1;
            place.commit(cursor, sought);
            sought = false;
        } finally {
            guard.leave();
        }
    }

    private boolean isPolled(long position) {
        int low = 0;
        int high = polled.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            long found = polled.get(middle).position();
            if (found == position) {
                return true;
            }
            if (found < position) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return false;
    }

    @Override
    public void seek(StartAt where) {
        guard.enter();
        try {
            cursor = Place.resolve(where, journal);
            feed.event().replayBelow(place.replayBelow());
            polled = List.of();
            unflushed = 0;
            sought = true;
            done = false;
        } finally {
            guard.leave();
        }
    }

    @Override
    public long position() {
        guard.enter();
        try {
            return cursor;
        } finally {
            guard.leave();
        }
    }

    @Override
    public ConsumerStatus status() {
        ConsumerStatus.State state = guard.isClosed()
                ? ConsumerStatus.State.CLOSED
                : done ? ConsumerStatus.State.DONE : ConsumerStatus.State.OPEN;
        return statuses.of(place, state, null);
    }

    @Override
    public void close() {
        guard.close();
        journal.wake();
    }

    private void finish() {
        feed.leave();
        place.close();
        statuses.closed(this);
    }
}
