package dev.eventlog.internal.log;

import dev.eventlog.Durability;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.support.Clock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;

/**
 * The process that {@link IdKillTest} kills: appends events with the ids 0, 1, 2, …, in each life from some way before the end
 * on, and now and then again, so that the position of each must be its id; tells in a ledger what was acknowledged.
 */
final class IdKillChild {

    static final int ACKNOWLEDGED = 1;
    /** An append returned another position than the first. */
    static final int WRONG = 2;

    private static final int MOST_AGAIN = 500;

    private final KillLedger ledger;
    private final SplittableRandom random;

    private IdKillChild(KillLedger ledger, SplittableRandom random) {
        this.ledger = ledger;
        this.random = random;
    }

    public static void main(String[] arguments) throws IOException {
        KillLedger ledger = KillLedger.open(arguments[1]);
        var random = new SplittableRandom(Long.parseLong(arguments[2]));
        new IdKillChild(ledger, random).run(Path.of(arguments[0]), Durability.valueOf(arguments[3]));
    }

    static NewEvent<ByteBuffer> event(long id) {
        ByteBuffer data = ByteBuffer.allocate(8 + (int) (id % 200)).putLong(0, id);
        return NewEvent.of(id % 3 == 0 ? null : "key-" + id % 7, data).withId("id-" + id);
    }

    /** Remembers ids for longer than a slow machine takes for all lives. */
    static EventLog open(Path directory, Durability durability) {
        EventLogConfig config = Numbered.config(directory)
                .durability(durability)
                .dedupWindow(1 << 16, Duration.ofDays(1))
                .build();
        return LocalEventLog.open(config, FileOps.system(), Clock.system());
    }

    private void run(Path directory, Durability durability) {
        EventLog log = open(directory, durability);
        Producer<ByteBuffer> producer = log.producer("identified", Numbered.CODEC);
        long next = Math.max(0, log.endPosition() - random.nextInt(MOST_AGAIN));
        while (true) {
            int count = 1 + random.nextInt(20);
            switch (random.nextInt(4)) {
                case 0 -> appendAll(producer, next, count);
                case 1 -> appendAsync(producer, next, count);
                default -> append(producer, next, count);
            }
            next += count;
            if (random.nextInt(50) == 0) {
                next = Math.max(0, next - random.nextInt(MOST_AGAIN));
            }
        }
    }

    private void append(Producer<ByteBuffer> producer, long from, int count) {
        for (long id = from; id < from + count; id++) {
            tell(id, producer.append(event(id)));
        }
    }

    private void appendAll(Producer<ByteBuffer> producer, long from, int count) {
        List<NewEvent<ByteBuffer>> events = LongStream.range(from, from + count)
                .mapToObj(IdKillChild::event)
                .toList();
        tell(from + count - 1, producer.appendAll(events));
    }

    private void appendAsync(Producer<ByteBuffer> producer, long from, int count) {
        for (long id = from; id < from + count; id++) {
            long expected = id;
            var unused = producer.appendAsync(event(id))
                    .whenComplete((position, failure) -> tell(expected, failure == null ? position : -1));
        }
        producer.flush();
    }

    private void tell(long expected, long position) {
        ledger.tell(position == expected ? ACKNOWLEDGED : WRONG, 1, position);
    }
}
