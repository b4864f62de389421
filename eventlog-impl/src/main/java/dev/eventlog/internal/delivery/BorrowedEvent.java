package dev.eventlog.internal.delivery;

import dev.eventlog.Codec;
import dev.eventlog.Event;
import dev.eventlog.EventView;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.DecodeException;
import dev.eventlog.internal.frame.FrameView;
import dev.eventlog.internal.journal.ReadJournal;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The view of a feed's current event: reads through to the frame, and keeps what it decoded until the feed moves on.
 *
 * <p><b>Threading:</b> One thread at a time: its feed's.
 */
final class BorrowedEvent<T> implements EventView<T> {

    private static final byte TAKEN = 1;
    private static final byte REFUSED = 2;

    private final ReadJournal journal;
    private final Codec<T> codec;
    private final FrameView frame;
    private final KeyCache keys = new KeyCache();
    private final Codec.Schema none = new Codec.Schema("none", 1, "none");
    private Codec.Schema schema = none;
    private int schemaNumber;
    // by schema number: what the codec said, asked once
    private byte[] verdicts = new byte[16];
    private @Nullable String key;
    private boolean keyRead;
    private @Nullable T data;
    private long replayBelow;
    // what its copies tell; 1 but for parked events
    private int attempt = 1;
    // of parked events
    private @Nullable String failure;
    private boolean valid;

    BorrowedEvent(ReadJournal journal, Codec<T> codec, FrameView frame) {
        this.journal = journal;
        this.codec = codec;
        this.frame = frame;
    }

    /** Takes up the event that the frame's view went to. */
    void take() {
        int number = frame.schema();
        if (number != schemaNumber) {
            Codec.Schema found = journal.schema(number);
            if (found == null) {
                throw unknown("type", number);
            }
            // an error between the two must not leave the number of one with the schema of another
            schemaNumber = 0;
            schema = found;
            schemaNumber = number;
        }
        keyRead = false;
        key = null;
        data = null;
        valid = true;
    }

    /** Ends the validity of what was handed out. */
    void release() {
        valid = false;
    }

    /** What copies of the event tell that was parked: how many attempts it had, and what the last one failed of. */
    void parked(int attempts, @Nullable String why) {
        attempt = attempts;
        failure = why;
    }

    /** Events below this position are told to be replayed. */
    void replayBelow(long position) {
        replayBelow = position;
    }

    private CorruptLogException unknown(String what, int number) {
        return new CorruptLogException(
                "event names an unknown " + what + ": position=" + frame.position() + " number=" + number,
                journal.directory(),
                0,
                frame.position(),
                frame.position() + 1,
                null);
    }

    private boolean checkValid() {
        if (!valid) {
            throw new AssertionError(
                    "event view used after its handler returned; take toEvent() inside the handler to keep it");
        }
        return true;
    }

    @Override
    public long position() {
        assert checkValid();
        return frame.position();
    }

    @Override
    public String type() {
        assert checkValid();
        return schema.type();
    }

    @Override
    public int version() {
        assert checkValid();
        return schema.version();
    }

    @Override
    public String contentType() {
        assert checkValid();
        return schema.contentType();
    }

    @Override
    public long timeNanos() {
        assert checkValid();
        return frame.timeNanos();
    }

    @Override
    public long appendTimeNanos() {
        assert checkValid();
        return frame.appendTimeNanos();
    }

    @Override
    public String source() {
        assert checkValid();
        String source = journal.source(frame.source());
        if (source == null) {
            throw unknown("source", frame.source());
        }
        return source;
    }

    @Override
    public @Nullable String key() {
        assert checkValid();
        if (!keyRead) {
            key = frame.hasKey() ? keys.key(frame) : null;
            keyRead = true;
        }
        return key;
    }

    @Override
    public ByteBuffer payload() {
        assert checkValid();
        return frame.payload();
    }

    /** Bytes of the payload. */
    int payloadLength() {
        return frame.payloadLength();
    }

    @Override
    public T data() {
        assert checkValid();
        T decoded = data;
        if (decoded == null) {
            decoded = decode();
            data = decoded;
        }
        return decoded;
    }

    private T decode() {
        if (verdict() == REFUSED) {
            throw refused(frame.position(), schema, "codec " + codec + " does not take it", null);
        }
        T decoded;
        try {
            decoded = codec.decode(schema, frame.payload());
        } catch (RuntimeException | StackOverflowError e) {
            throw refused(frame.position(), schema, String.valueOf(e.getMessage()), e);
        }
        if (decoded == null) {
            throw refused(frame.position(), schema, "codec " + codec + " returned null", null);
        }
        return decoded;
    }

    private byte verdict() {
        if (schemaNumber >= verdicts.length) {
            verdicts = Arrays.copyOf(verdicts, Math.max(schemaNumber + 1, 2 * verdicts.length));
        }
        byte verdict = verdicts[schemaNumber];
        if (verdict == 0) {
            verdict = codec.decodes(schema) ? TAKEN : REFUSED;
            verdicts[schemaNumber] = verdict;
        }
        return verdict;
    }

    static DecodeException refused(long position, Codec.Schema schema, String why, @Nullable Throwable cause) {
        return new DecodeException(
                "event cannot be decoded: position=" + position + " type=" + schema.type() + " version="
                        + schema.version() + " contentType=" + schema.contentType() + " (" + why
                        + "); read it with a codec that takes it, leave its type out with a query, or seek past it",
                position,
                schema.type(),
                schema.version(),
                cause);
    }

    @Override
    public Event<T> toEvent() {
        return toEvent(attempt);
    }

    /** A copy for the n-th delivery. */
    OwnedEvent<T> toEvent(int attempt) {
        var envelope = new OwnedEvent.Envelope(
                journal.id(),
                frame.epoch(),
                frame.position(),
                schema,
                frame.timeNanos(),
                frame.appendTimeNanos(),
                source(),
                key(),
                frame.id());
        return new OwnedEvent<>(envelope, data(), frame.metadata(), attempt, failure, isReplay());
    }

    @Override
    public boolean isReplay() {
        assert checkValid();
        return frame.position() < replayBelow;
    }
}
