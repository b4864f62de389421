package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Codec;
import dev.eventlog.Durability;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.support.Clock;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Events whose every byte follows from a seed and their position, so that whoever reads one knows what it must be.
 */
final class Numbered {

    static final Codec<ByteBuffer> CODEC = Codec.bytes("numbered");

    private static final int MAX_BATCH_LENGTH = 100 << 10;
    private static final long MAX_KEPT_BYTES = 16 << 20;

    private final long seed;
    private final int maxLength;
    // a test that opens hundreds of copies of a log compares each event as often; of the rest they are made again
    private final Map<Long, byte[]> payloads = new ConcurrentHashMap<>();
    private final AtomicLong keptBytes = new AtomicLong();

    /**
     * @param maxLength greatest payload; a few are that long
     */
    Numbered(long seed, int maxLength) {
        this.seed = seed;
        this.maxLength = maxLength;
    }

    /** The smallest segments, forced only when told. */
    static EventLogConfig.Builder config(Path directory) {
        return EventLogConfig.at(directory)
                .segmentLengthBytes(1 << 20)
                .maxEventLengthBytes(128 << 10)
                .forceInterval(Duration.ZERO);
    }

    /** Opens a log of small segments on these files. */
    static EventLog open(Path directory, FileOps files) {
        return LocalEventLog.open(config(directory).build(), files, Clock.system());
    }

    /** The same with a durability. */
    static EventLog open(Path directory, FileOps files, Durability durability) {
        return LocalEventLog.open(config(directory).durability(durability).build(), files, Clock.system());
    }

    private SplittableRandom random(long position) {
        return new SplittableRandom(seed * 0x9e3779b97f4a7c15L + position);
    }

    /** The payload at a position; not to be changed. */
    private byte[] payload(long position) {
        byte[] kept = payloads.get(position);
        if (kept != null) {
            return kept;
        }
        byte[] payload = newPayload(position);
        if (keptBytes.addAndGet(payload.length + 64L) <= MAX_KEPT_BYTES) {
            payloads.put(position, payload);
        }
        return payload;
    }

    private byte[] newPayload(long position) {
        SplittableRandom random = random(position);
        int bound = switch (random.nextInt(10)) {
            case 0 -> 1;
            case 1, 2, 3, 4, 5 -> 200;
            case 6, 7, 8 -> 8 << 10;
            default -> maxLength + 1;
        };
        byte[] payload = new byte[random.nextInt(Math.min(bound, maxLength + 1))];
        random.nextBytes(payload);
        return payload;
    }

    /** The key at a position; none at each third. */
    String key(long position) {
        return position % 3 == 0 ? null : "key-" + position % 17;
    }

    /** The event at a position. */
    NewEvent<ByteBuffer> event(long position) {
        // a copy: what is compared later is not what the log was given
        NewEvent<ByteBuffer> event =
                NewEvent.of(key(position), ByteBuffer.wrap(payload(position).clone()));
        return position % 5 == 0 ? event.withId("id-" + position) : event;
    }

    /** The events of one append at a position: one, or now and then many. */
    List<NewEvent<ByteBuffer>> batch(long position) {
        int count = random(~position).nextInt(8) == 0 ? 2 + random(~position).nextInt(30) : 1;
        var batch = new ArrayList<NewEvent<ByteBuffer>>();
        int length = 0;
        for (int i = 0; i < count; i++) {
            NewEvent<ByteBuffer> event = event(position + i);
            length += event.data().remaining() + 128;
            if (i > 0 && length > MAX_BATCH_LENGTH) {
                break;
            }
            batch.add(event);
        }
        return batch;
    }

    /** Appends until the log ends at a position or behind it. */
    void appendTo(EventLog log, long end) {
        var producer = log.producer("numbered", CODEC);
        while (log.endPosition() < end) {
            producer.appendAll(batch(log.endPosition()));
        }
    }

    /** Whether an event is what was appended at its position. */
    boolean isRight(Event<ByteBuffer> event) {
        long position = event.position();
        return ByteBuffer.wrap(payload(position)).equals(event.data())
                && java.util.Objects.equals(key(position), event.key())
                && (position % 5 != 0 || event.id().equals("id-" + position));
    }

    /** In what an event is not what was appended at its position; for messages. */
    String difference(Event<ByteBuffer> event) {
        long position = event.position();
        byte[] expected = payload(position);
        byte[] found = new byte[event.data().remaining()];
        event.data().duplicate().get(found);
        int from = Arrays.mismatch(expected, found);
        return "id=" + event.id() + " key=" + event.key() + " instead of " + key(position) + ", payload of "
                + found.length + " bytes instead of " + expected.length + ", first difference at " + from
                + (from < 0 ? "" : ", then " + Arrays.toString(Arrays.copyOfRange(found, from, from + 16)));
    }

    /** Reads the whole log: no gap, duplicate or wrong byte from the first position to the end. */
    void assertComplete(EventLog log) {
        long expected = log.firstPosition();
        Iterator<Event<ByteBuffer>> events = log.read(EventQuery.all(), CODEC).iterator();
        while (events.hasNext()) {
            Event<ByteBuffer> event = events.next();
            assertThat(event.position()).isEqualTo(expected);
            assertThat(isRight(event)).as("event at " + expected).isTrue();
            expected++;
        }
        assertThat(expected).isEqualTo(log.endPosition());
    }
}
