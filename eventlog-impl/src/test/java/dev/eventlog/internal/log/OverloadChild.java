package dev.eventlog.internal.log;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventLogConfig.WhenFull;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.StartAt;
import dev.eventlog.Subscription;
import dev.eventlog.error.PositionExpiredException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * The process of {@link OverloadTest}: threads that append as fast as they are let, in all ways, into a log with a limit; a
 * required consumer that is slower than they are; lanes that fail now and then; and one who polls and is overtaken again and
 * again. Looks each second at what the log takes of disk, threads and descriptors. Whatever is wrong ends it.
 */
final class OverloadChild {

    private static final long SEGMENT = 1 << 20;
    private static final long LIMIT = 16 * SEGMENT;
    /** What may be allocated ahead, and what is being read while it is pruned. */
    private static final long BEYOND = 16 * SEGMENT;

    private static final int PRODUCERS = 3;
    private static final int MOST_LENGTH = 8_000;
    private static final Codec<ByteBuffer> CODEC = Codec.bytes("load");

    private final Path directory;
    private final EventLog log;
    private final AtomicBoolean ends = new AtomicBoolean();
    private final AtomicReference<Throwable> wrong = new AtomicReference<>();
    private final long[] appended = new long[PRODUCERS];
    // by the thread of the required consumer
    private final long[] handled = new long[PRODUCERS];
    private final AtomicLong handledAll = new AtomicLong();
    private final AtomicLong overtaken = new AtomicLong();
    private final AtomicLong parked = new AtomicLong();

    private OverloadChild(Path directory) {
        this.directory = directory;
        log = EventLog.open(EventLogConfig.at(directory)
                .segmentLengthBytes(SEGMENT)
                .maxEventLengthBytes(128 << 10)
                .limit(LIMIT, WhenFull.BLOCK)
                .forceInterval(Duration.ofMillis(100))
                .build());
    }

    /**
     * @param arguments directory, seconds, seed
     */
    public static void main(String[] arguments) throws Exception {
        var child = new OverloadChild(Path.of(arguments[0]));
        try {
            child.run(Long.parseLong(arguments[1]), new SplittableRandom(Long.parseLong(arguments[2])));
        } catch (Throwable e) {
            e.printStackTrace();
            Runtime.getRuntime().halt(1);
        }
    }

    private void run(long seconds, SplittableRandom random) throws Exception {
        Subscription slow =
                log.subscribe(ConsumerConfig.named("slow").required().build(), CODEC, event -> handle(event));
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < PRODUCERS; i++) {
            int number = i;
            SplittableRandom own = random.split();
            threads.add(start("producer-" + i, () -> produce(number, own)));
        }
        threads.add(start("polling", this::poll));
        threads.add(start("lanes", this::lanes));
        long most = watch(seconds);
        ends.set(true);
        for (Thread thread : threads) {
            thread.join();
        }
        require(slow.awaitCaughtUp(Duration.ofMinutes(5)), "slow consumer does not catch up: " + slow.status());
        long all = 0;
        for (int i = 0; i < PRODUCERS; i++) {
            require(handled[i] == appended[i], "handled " + handled[i] + " of " + appended[i] + " of producer " + i);
            all += appended[i];
        }
        require(all == log.endPosition(), "the log ends at " + log.endPosition() + " and has " + all);
        slow.close();
        log.close();
        if (wrong.get() != null) {
            throw new AssertionError(wrong.get());
        }
        System.out.printf(
                "right: %d events in %d s, at most %d KiB on disk, overtaken %d times, parked %d%n",
                all, seconds, most >> 10, overtaken.get(), parked.get());
    }

    private Thread start(String name, Runnable work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (Throwable e) {
                        wrong.compareAndSet(null, e);
                    }
                },
                name);
        thread.start();
        return thread;
    }

    /** Each second for so long; returns the most bytes on disk. */
    private long watch(long seconds) throws IOException {
        long most = 0;
        long handledBefore = -1;
        long threadsAtFirst = 0;
        long filesAtFirst = 0;
        for (long second = 1; second <= seconds; second++) {
            LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
            if (wrong.get() != null) {
                throw new AssertionError(wrong.get());
            }
            long bytes = bytes(directory);
            most = Math.max(most, bytes);
            require(bytes <= LIMIT + BEYOND, "the log takes " + bytes + " bytes");
            long threads = Thread.activeCount();
            long files = count(Path.of("/proc/self/fd"));
            if (second == Math.min(10, seconds)) {
                threadsAtFirst = threads;
                filesAtFirst = files;
            }
            require(second <= 10 || threads <= threadsAtFirst + 8, threads + " threads, at first " + threadsAtFirst);
            require(second <= 10 || files <= filesAtFirst + 64, files + " descriptors, at first " + filesAtFirst);
            if (second % 60 == 0) {
                require(handledAll.get() > handledBefore, "nothing was handled for a minute");
                handledBefore = handledAll.get();
            }
        }
        return most;
    }

    private static long bytes(Path directory) throws IOException {
        long bytes = 0;
        try (var entries = Files.list(directory)) {
            for (Path entry : entries.toList()) {
                try {
                    bytes += Files.isDirectory(entry) ? bytes(entry) : Files.size(entry);
                } catch (NoSuchFileException prunedMeanwhile) {
                    // takes nothing
                }
            }
        } catch (NoSuchFileException sealedMeanwhile) {
            return 0;
        }
        return bytes;
    }

    private static long count(Path directory) throws IOException {
        try (var entries = Files.list(directory)) {
            return entries.count();
        }
    }

    private void produce(int number, SplittableRandom random) {
        Producer<ByteBuffer> producer = log.producer("producer-" + number, CODEC);
        while (!ends.get()) {
            switch (random.nextInt(3)) {
                case 0 -> producer.append(next(number, random));
                case 1 -> {
                    var batch = new ArrayList<NewEvent<ByteBuffer>>();
                    for (int count = 1 + random.nextInt(8); count > 0; count--) {
                        batch.add(next(number, random));
                    }
                    producer.appendAll(batch);
                }
                default -> {
                    for (int count = 1 + random.nextInt(200); count > 0; count--) {
                        var unused = producer.appendAsync(next(number, random)).whenComplete((position, failed) -> {
                            if (failed != null) {
                                wrong.compareAndSet(null, failed);
                            }
                        });
                    }
                }
            }
        }
        producer.flush();
    }

    private NewEvent<ByteBuffer> next(int number, SplittableRandom random) {
        ByteBuffer data = ByteBuffer.allocate(2 * Long.BYTES + random.nextInt(MOST_LENGTH));
        data.putLong(0, number).putLong(Long.BYTES, appended[number]++);
        return NewEvent.of("key-" + random.nextInt(100), data);
    }

    private void handle(Event<ByteBuffer> event) {
        int number = (int) event.data().getLong(0);
        long due = handled[number]++;
        if (event.data().getLong(Long.BYTES) != due) {
            wrong.compareAndSet(
                    null,
                    new AssertionError("producer " + number + ": "
                            + event.data().getLong(Long.BYTES) + " came, " + due + " is due"));
        }
        handledAll.incrementAndGet();
        LockSupport.parkNanos(20_000);
    }

    /** Polls at leisure, and is led on where retention has overtaken it. */
    private void poll() {
        try (Consumer<ByteBuffer> consumer = log.consumer("polling", CODEC)) {
            long expected = consumer.position();
            while (!ends.get()) {
                try {
                    for (Event<ByteBuffer> event : consumer.poll(Duration.ofMillis(10))) {
                        require(event.position() == expected, "gap: " + expected + " then " + event.position());
                        expected++;
                    }
                    consumer.commit();
                } catch (PositionExpiredException pruned) {
                    overtaken.incrementAndGet();
                    consumer.seek(StartAt.earliest());
                    expected = consumer.position();
                }
                LockSupport.parkNanos(500_000_000);
            }
        }
    }

    /** Lanes that fail now and then, whose parked events are taken off, and that are opened again where they were overtaken. */
    private void lanes() {
        var config = ConsumerConfig.named("lanes").parallel(3).attempts(2, Duration.ofMillis(1));
        while (!ends.get()) {
            try (Consumer<ByteBuffer> consumer = log.consumer("lanes", CODEC)) {
                consumer.seek(StartAt.latest());
                consumer.commit();
            }
            try (Subscription subscription = log.subscribe(config.build(), CODEC, event -> {
                if (event.position() % 5_003 == 0) {
                    throw new IllegalStateException("refused");
                }
            })) {
                while (!ends.get() && subscription.status().state() != ConsumerStatus.State.FAILED) {
                    takeParked();
                    LockSupport.parkNanos(10_000_000);
                }
                Throwable failure = subscription.status().failure();
                require(failure == null || failure instanceof PositionExpiredException, "lanes: " + failure);
            } catch (PositionExpiredException pruned) {
                overtaken.incrementAndGet();
            }
        }
        takeParked();
    }

    private void takeParked() {
        try (Consumer<ByteBuffer> list =
                log.consumer(ConsumerConfig.parkedBy("lanes").build(), CODEC)) {
            List<Event<ByteBuffer>> events = list.poll(Duration.ZERO);
            while (!events.isEmpty()) {
                parked.addAndGet(events.size());
                list.commit();
                events = list.poll(Duration.ZERO);
            }
        }
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }
}
