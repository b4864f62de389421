package dev.eventlog.internal.log;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Durability;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.Subscription;
import dev.eventlog.error.EventLogException;
import dev.eventlog.error.StorageFullException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;

/**
 * A process that uses a log on a disk which is filled and freed by another: does what each line of its input says and
 * prints a line that tells how it went. Each event carries a number, from which its bytes follow; which number stands at
 * which acknowledged position is written to a ledger on another disk.
 */
final class FullDiskChild {

    /** What each line ends with. */
    static final String LINE_END = " .";

    private static final int MAX_LENGTH = 20_000;

    private final EventLog log;
    private final FileChannel ledger;
    private final TreeMap<Long, Long> acknowledged = new TreeMap<>();
    private final BitSet refused = new BitSet();
    private final Consumer<ByteBuffer> consumer;
    private final Subscription parking;
    private final CountDownLatch noRoomToPark = new CountDownLatch(1);
    private long polled;
    private long next;

    private FullDiskChild(EventLog log, FileChannel ledger) {
        this.log = log;
        this.ledger = ledger;
        consumer = log.consumer("reader", Codec.bytes());
        var config = ConsumerConfig.named("parking")
                .attempts(1, Duration.ofMillis(1))
                .onFailure((event, failure) -> {
                    if (failure instanceof StorageFullException) {
                        noRoomToPark.countDown();
                    }
                })
                .build();
        parking = log.subscribe(config, Codec.bytes(), event -> {
            if ("bad".equals(event.key())) {
                throw new IllegalStateException("parked on purpose");
            }
        });
        parking.pause();
    }

    /** Arguments: directory, ledger, length of segments. */
    public static void main(String[] arguments) throws IOException {
        EventLog log;
        try {
            log = EventLog.open(config(Path.of(arguments[0]), Long.parseLong(arguments[2])));
        } catch (EventLogException refused) {
            System.out.println("refused " + refused);
            return;
        }
        System.out.println("open");
        try (var ledger =
                        FileChannel.open(Path.of(arguments[1]), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                var input = new BufferedReader(new InputStreamReader(System.in))) {
            var child = new FullDiskChild(log, ledger);
            int number = 0;
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                number++;
                String told;
                try {
                    told = child.obey(line.split(" "));
                } catch (Throwable e) {
                    told = "threw " + e;
                    e.printStackTrace();
                }
                System.out.println("#" + number + " " + told.replace('\n', ' ') + LINE_END);
            }
        }
    }

    static EventLogConfig config(Path directory, long segmentLength) {
        return EventLogConfig.at(directory)
                .segmentLengthBytes(segmentLength)
                .maxEventLengthBytes(128 << 10)
                .forceInterval(Duration.ofMillis(20))
                .build();
    }

    private String obey(String[] words) throws IOException {
        return switch (words[0]) {
            case "append" -> append(words[1], Integer.parseInt(words[2]));
            case "bad" -> bad(Integer.parseInt(words[1]));
            case "read" -> read();
            case "poll" -> poll();
            case "consumer" -> {
                log.consumer(words[1], Codec.bytes()).close();
                yield "done";
            }
            case "commit" -> commit(words[1]);
            case "park" -> park();
            case "caught-up" ->
                "done " + parking.awaitCaughtUp(Duration.ofMinutes(2)) + " parked="
                        + parking.status().parked() + " " + parking.status().state();
            case "close" -> {
                log.close();
                yield "done";
            }
            default -> throw new IllegalArgumentException(words[0]);
        };
    }

    static byte[] payload(long number) {
        var random = new SplittableRandom(number);
        byte[] payload = new byte[Long.BYTES + random.nextInt(random.nextInt(4) == 0 ? MAX_LENGTH : 500)];
        random.nextBytes(payload);
        ByteBuffer.wrap(payload).putLong(number);
        return payload;
    }

    private NewEvent<ByteBuffer> event(long number) {
        return NewEvent.of(number % 3 == 0 ? null : "key", ByteBuffer.wrap(payload(number)));
    }

    private String append(String mode, int count) throws IOException {
        Producer<ByteBuffer> producer = log.producer("child", Codec.bytes());
        Producer<ByteBuffer> used = mode.equals("strong") ? producer.withDurability(Durability.POWER_LOSS) : producer;
        for (int i = 0; i < count; i++) {
            StorageFullException full = switch (mode) {
                case "all" -> all(used);
                case "async" -> async(used);
                default -> single(used);
            };
            if (full != null) {
                return "refused " + full + " acknowledged=" + acknowledged.size();
            }
        }
        return "done acknowledged=" + acknowledged.size();
    }

    private StorageFullException single(Producer<ByteBuffer> producer) throws IOException {
        long number = next++;
        try {
            acknowledge(producer.append(event(number)), number);
            return null;
        } catch (StorageFullException full) {
            refused.set((int) number);
            return full;
        }
    }

    private StorageFullException all(Producer<ByteBuffer> producer) throws IOException {
        long first = next;
        next += 5;
        var events = new ArrayList<NewEvent<ByteBuffer>>();
        for (long number = first; number < next; number++) {
            events.add(event(number));
        }
        try {
            long last = producer.appendAll(events);
            for (int i = 0; i < 5; i++) {
                acknowledge(last - 4 + i, first + i);
            }
            return null;
        } catch (StorageFullException full) {
            refused.set((int) first, (int) next);
            return full;
        }
    }

    private StorageFullException async(Producer<ByteBuffer> producer) throws IOException {
        var futures = new ArrayList<CompletableFuture<Long>>();
        long first = next;
        StorageFullException met = null;
        for (int i = 0; i < 8; i++) {
            try {
                futures.add(producer.appendAsync(event(next)));
                next++;
            } catch (StorageFullException full) {
                refused.set((int) next++);
                met = full;
                break;
            }
        }
        for (int i = 0; i < futures.size(); i++) {
            try {
                acknowledge(futures.get(i).join(), first + i);
            } catch (CompletionException e) {
                if (!(e.getCause() instanceof StorageFullException full)) {
                    throw e;
                }
                refused.set((int) (first + i));
                met = full;
            }
        }
        return met;
    }

    private void acknowledge(long position, long number) throws IOException {
        acknowledged.put(position, number);
        ledger.write(ByteBuffer.allocate(16).putLong(position).putLong(number).flip());
    }

    private String bad(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            long number = next++;
            acknowledge(log.producer("child", Codec.bytes()).append("bad", ByteBuffer.wrap(payload(number))), number);
        }
        return "done";
    }

    private String read() {
        String wrong = wrong(log, acknowledged, refused);
        return "read acknowledged=" + acknowledged.size() + " readable=" + log.endPosition() + " wrong=" + wrong;
    }

    /** What is wrong with a log; empty if nothing is. */
    static String wrong(EventLog log, TreeMap<Long, Long> acknowledged, BitSet refused) {
        var wrong = new ArrayList<String>();
        var missing = new TreeMap<>(acknowledged);
        long position = 0;
        List<Event<ByteBuffer>> events =
                log.read(EventQuery.all(), Codec.bytes()).toList();
        for (Event<ByteBuffer> event : events) {
            long number = event.data().getLong(0);
            Long told = missing.remove(event.position());
            if (event.position() != position++) {
                wrong.add("gap before " + event.position());
            } else if (!ByteBuffer.wrap(payload(number)).equals(event.data())) {
                wrong.add("other bytes at " + event.position());
            } else if (told == null || told != number) {
                wrong.add("number " + number + " at " + event.position() + ", acknowledged " + told);
            } else if (refused.get((int) number)) {
                wrong.add("refused and there: " + event.position());
            }
        }
        if (!missing.isEmpty()) {
            wrong.add("acknowledged and missing: " + missing.keySet());
        }
        return wrong.toString();
    }

    private String poll() {
        for (var batch = consumer.poll(Duration.ZERO); !batch.isEmpty(); batch = consumer.poll(Duration.ZERO)) {
            polled += batch.size();
            consumer.commit();
        }
        return "polled " + polled + " of " + log.endPosition() + " checkpoint="
                + consumer.status().checkpoint();
    }

    private String commit(String name) {
        try (Consumer<ByteBuffer> other = log.consumer(name, Codec.bytes())) {
            other.poll(Duration.ZERO);
            other.commit();
        } catch (StorageFullException full) {
            return "refused " + full;
        }
        return "done";
    }

    private String park() {
        long before = parking.status().parked();
        parking.resume();
        while (noRoomToPark.getCount() > 0 && parking.status().parked() == before) {
            Thread.onSpinWait();
        }
        return "done parked=" + parking.status().parked() + " "
                + parking.status().state();
    }
}
