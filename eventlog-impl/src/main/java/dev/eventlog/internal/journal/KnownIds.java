package dev.eventlog.internal.journal;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.EventLogException;
import dev.eventlog.error.PositionExpiredException;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameView;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * The ids by which a journal tells an event that stands in it already from a new one: a window of those that were given, and
 * the ids that the log makes itself, of which it needs to keep nothing, since such an id says where its event stands.
 *
 * <p>The window is read from the end of the log when an id is given for the first time after an open: a log whose events
 * have no ids of their own is opened without it. Until then nothing with an id was appended by this writer, so what is to be
 * read ends where the log ended when it was opened.
 *
 * <pre>
 *   field     written by                                  read by                  published by
 *   complete  who completes the window, under completing  who gives an id          volatile
 *   window    the same, then the append lock's holder     append lock's holder     complete, then the lock
 * </pre>
 *
 * <p><b>Threading:</b> Thread-safe; {@link #window()}: the holder of the append lock.
 */
final class KnownIds {

    /** A span of the log that held too few ids is followed by one that reaches so many times as far back. */
    private static final int FURTHER = 4;
    /** Most digits of an epoch and a position with the sign between them. */
    private static final int MOST_DIGITS = 10 + 1 + 19;

    private final Journal journal;
    private final int count;
    private final long ageNanos;
    private final long openedAt;
    private final IdHash hash = IdHash.random();
    private final IdWindow window;
    private final byte[] prefix;

    private final AppendLock completing = new AppendLock();
    private volatile boolean complete;

    /**
     * @param count ids at most, 1 or more
     * @param ageNanos above 0
     * @param openedAt where the log ended when it was opened
     */
    KnownIds(Journal journal, int count, long ageNanos, long openedAt) {
        this.journal = journal;
        this.count = count;
        this.ageNanos = ageNanos;
        this.openedAt = openedAt;
        window = new IdWindow(count, ageNanos);
        prefix = (journal.id() + "-").getBytes(StandardCharsets.US_ASCII);
    }

    /** What was given. */
    IdWindow window() {
        return window;
    }

    /**
     * The ids of a frame that has some, to be looked for in the window under the append lock, which the caller does not hold.
     *
     * @throws CorruptLogException if it cannot be told which events stand at the end of the log
     */
    EventIds of(FrameBuilder frame, long nowNanos) {
        if (!complete) {
            complete(nowNanos);
        }
        return EventIds.of(frame, hash, (bytes, offset, length) -> made(bytes, offset, length, nowNanos));
    }

    private void complete(long nowNanos) {
        completing.lock();
        try {
            if (!complete) {
                if (openedAt > journal.firstPosition()) {
                    read(nowNanos);
                }
                complete = true;
            }
        } finally {
            completing.unlock();
        }
    }

    /** Reads the ids from the end of the log: from further and further back, until they are enough or the rest is too old. */
    private void read(long nowNanos) {
        long first = Math.max(journal.firstPosition(), journal.positionAt(nowNanos - ageNanos));
        JournalReader reader = journal.newReaderOfAll();
        try {
            for (long span = count; ; span *= FURTHER) {
                long from = Math.max(first, openedAt - span);
                window.clear();
                readFrom(from, reader);
                if (from == first || window.isFull()) {
                    return;
                }
            }
        } finally {
            reader.leave();
        }
    }

    private void readFrom(long from, JournalReader reader) {
        FrameView event = reader.event();
        for (long next = from; next < openedAt; ) {
            try {
                reader.seek(next);
                while (reader.position() < openedAt && reader.next()) {
                    take(event);
                }
                return;
            } catch (PositionExpiredException pruned) {
                next = Math.max(reader.position(), pruned.firstPosition());
            } catch (CorruptLogException damage) {
                // what is lost is not in the log; but where nothing tells how far that reaches, nothing can be said
                if (damage.toPosition() == Long.MAX_VALUE) {
                    throw damage;
                }
                next = damage.toPosition();
            }
        }
    }

    private void take(FrameView event) {
        int length = event.idLength();
        if (length > 0) {
            long[] found = hash.of(event.bytes(), event.idOffset(), length);
            int before = window.size();
            window.put(found[0], found[1], event.position(), event.appendTimeNanos());
            window.commit(before, event.appendTimeNanos());
        }
    }

    /** Position of the event that the log made an id for, if it is not too old: a copy of that event is no new one. */
    private long made(ByteBuffer bytes, int offset, int length, long nowNanos) {
        int digits = length - prefix.length;
        if (digits <= 0 || digits > MOST_DIGITS) {
            return IdWindow.UNKNOWN;
        }
        for (int i = 0; i < prefix.length; i++) {
            if (bytes.get(offset + i) != prefix[i]) {
                return IdWindow.UNKNOWN;
            }
        }
        var rest = new byte[digits];
        bytes.get(offset + prefix.length, rest);
        String[] numbers = new String(rest, StandardCharsets.US_ASCII).split("-", 2);
        if (numbers.length < 2 || !isNumber(numbers[0], 10) || !isNumber(numbers[1], 15)) {
            return IdWindow.UNKNOWN;
        }
        return madeFor(Long.parseLong(numbers[0]), Long.parseLong(numbers[1]), nowNanos);
    }

    /** Whether a text is a number as the log writes them. */
    private static boolean isNumber(String text, int mostDigits) {
        return !text.isEmpty()
                && text.length() <= mostDigits
                && text.chars().allMatch(digit -> digit >= '0' && digit <= '9')
                && (text.length() == 1 || text.charAt(0) != '0');
    }

    private long madeFor(long epoch, long position, long nowNanos) {
        if (position < journal.firstPosition() || position >= journal.endPosition()) {
            return IdWindow.UNKNOWN;
        }
        JournalReader reader = journal.newReaderOfAll();
        try {
            reader.seek(position);
            FrameView event = reader.event();
            boolean isIt = reader.next()
                    && event.position() == position
                    // a position that a power cut took is given again, in another epoch
                    && event.epoch() == epoch
                    && event.idLength() == 0
                    && nowNanos - event.appendTimeNanos() < ageNanos;
            return isIt ? position : IdWindow.UNKNOWN;
        } catch (EventLogException goneOrDamaged) {
            return IdWindow.UNKNOWN;
        } finally {
            reader.leave();
        }
    }
}
