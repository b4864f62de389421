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
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.DecodeException;
import dev.eventlog.internal.cursor.ParkedList;
import dev.eventlog.internal.journal.JournalReader;
import dev.eventlog.internal.journal.ReadJournal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A consumer of the events that a subscription parked. A commit takes them off the list.
 *
 * <p><b>Threading:</b> One thread at a time: the caller, checked. Except close and status: any thread.
 */
final class ParkedConsumer<T> implements Consumer<T> {

    private final String name;
    private final ReadJournal journal;
    private final ConsumerConfig config;
    private final ParkedList list;
    private final JournalReader reader;
    private final BorrowedEvent<T> event;
    private final UseGuard guard;
    private final Statuses statuses;
    // position that it ends before; Long.MAX_VALUE: it does not end
    private final long ceiling;

    private long cursor;
    private List<Long> polled = List.of();
    // handed over as views and not yet flushed
    private final List<Long> unflushed = new ArrayList<>();

    ParkedConsumer(
            String name,
            ReadJournal journal,
            Codec<T> codec,
            ConsumerConfig config,
            ParkedList list,
            Statuses statuses,
            Runnable onClose) {
        this.name = name;
        this.journal = journal;
        this.config = config;
        this.list = list;
        this.statuses = statuses;
        reader = journal.newReader();
        event = new BorrowedEvent<>(journal, codec, reader.event());
        event.replayBelow(Long.MAX_VALUE);
        guard = new UseGuard(name, () -> {
            reader.leave();
            onClose.run();
            statuses.closed(this);
        });
        cursor = journal.firstPosition();
        ceiling = config.isStopAtEnd() ? endOfList() : Long.MAX_VALUE;
    }

    /** The position behind the last parked event; 0 if there is none. */
    private long endOfList() {
        long end = 0;
        for (long position = list.next(0); position >= 0; position = list.next(end)) {
            end = position + 1;
        }
        return end;
    }

    /** Goes to the first parked event from a position on that the query takes; false if there is none. */
    private boolean next(long from) {
        event.release();
        for (long position = list.next(from); isBelowCeiling(position); position = list.next(position + 1)) {
            reader.seek(position);
            if (!reader.next()) {
                throw new IllegalStateException("parked event is beyond the end of the log: position=" + position
                        + " endPosition=" + journal.endPosition());
            }
            event.take();
            event.parked(list.attempts(position), list.failure(position));
            if (config.query().matches(event)) {
                return true;
            }
        }
        event.release();
        return false;
    }

    private boolean isBelowCeiling(long position) {
        return position >= 0 && position < ceiling;
    }

    @Override
    public List<Event<T>> poll(Duration wait) {
        if (!await(wait)) {
            return List.of();
        }
        guard.enter();
        try {
            var batch = new ArrayList<Event<T>>();
            var positions = new ArrayList<Long>();
            takeBack();
            long from = cursor;
            long bytes = 0;
            try {
                while (batch.size() < config.pollEvents() && bytes < config.pollBytes() && next(from)) {
                    bytes += event.payloadLength();
                    batch.add(event.toEvent());
                    positions.add(event.position());
                    from = event.position() + 1;
                }
            } catch (DecodeException | CorruptLogException e) {
                // events before the bad one are delivered first; the next poll begins at it
                if (batch.isEmpty()) {
                    throw e;
                }
            } finally {
                event.release();
            }
            polled = positions;
            return List.copyOf(batch);
        } finally {
            guard.leave();
        }
    }

    @Override
    public boolean await(Duration wait) {
        long nanos = Waits.nanos(wait);
        guard.enter();
        try {
            long deadline = journal.clock().monotonicNanos() + nanos;
            while (!isEnding()) {
                int version = list.version();
                boolean found = next(cursor);
                event.release();
                if (found || ceiling != Long.MAX_VALUE) {
                    return found;
                }
                long left = deadline - journal.clock().monotonicNanos();
                if (!journal.await(() -> isEnding() || list.version() != version, left)) {
                    return false;
                }
            }
            return false;
        } finally {
            guard.leave();
        }
    }

    private boolean isEnding() {
        return guard.isClosed() || journal.isClosed();
    }

    @Override
    public int poll(ViewHandler<? super T> handler, int limit) {
        Objects.requireNonNull(handler, "handler");
        if (limit < 1) {
            throw new IllegalArgumentException("limit is " + limit + "; it must be 1 or more");
        }
        guard.enter();
        try {
            polled = List.of();
            int count = 0;
            try {
                while (count < limit && !guard.isClosed() && next(cursor)) {
                    long position = event.position();
                    Handlers.<T>borrowed(handler).onEvent(event);
                    unflushed.add(position);
                    cursor = position + 1;
                    count++;
                }
            } finally {
                event.release();
            }
            if (!unflushed.isEmpty()) {
                flush(handler);
            }
            return count;
        } finally {
            guard.leave();
        }
    }

    private void flush(ViewHandler<? super T> handler) {
        boolean flushed = false;
        try {
            handler.onBatchEnd(unflushed.size());
            list.release(unflushed);
            flushed = true;
        } finally {
            if (!flushed) {
                takeBack();
            }
            unflushed.clear();
        }
    }

    /** Goes back before what was handed over as views and not flushed. */
    private void takeBack() {
        if (!unflushed.isEmpty()) {
            cursor = unflushed.get(0);
            unflushed.clear();
        }
    }

    @Override
    public <R> int process(Processor<? super T, ? extends R> processor, Producer<R> out, int limit) {
        throw new UnsupportedOperationException("parked events cannot be processed, nothing keeps their outputs and the"
                + " list together: consumer=" + name + "; poll them, handle them and commit");
    }

    @Override
    public void commit() {
        guard.enter();
        try {
            take(polled);
            polled = List.of();
        } finally {
            guard.leave();
        }
    }

    private void take(List<Long> positions) {
        if (!positions.isEmpty()) {
            list.release(positions);
            cursor = positions.get(positions.size() - 1) + 1;
        }
    }

    @Override
    public void commit(Event<? extends T> last) {
        Objects.requireNonNull(last, "last");
        guard.enter();
        try {
            int index = polled.indexOf(last.position());
            if (index < 0) {
                throw new IllegalArgumentException(
                        "event is not one of the last poll that is still to be committed: position=" + last.position()
                                + " polled=" + polled);
            }
            List<Long> rest = List.copyOf(polled.subList(index + 1, polled.size()));
            take(List.copyOf(polled.subList(0, index + 1)));
            polled = rest;
        } finally {
            guard.leave();
        }
    }

    @Override
    public void seek(StartAt where) {
        guard.enter();
        try {
            cursor = Place.resolve(where, journal);
            polled = List.of();
            unflushed.clear();
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
        return statuses.stored(name);
    }

    @Override
    public void close() {
        guard.close();
        journal.wake();
    }
}
