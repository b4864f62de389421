package dev.eventlog.examples;

import dev.eventlog.Codec;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventHandler;
import dev.eventlog.EventLog;
import dev.eventlog.Subscription;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** A work queue: pictures to be scaled, and workers that come and go. One of them breaks down at its work. */
final class WorkQueue {

    record Picture(int number) {}

    private static final int PICTURES = 60;
    private static final int BROKEN = 17; // no worker can scale this one
    private static final int FATAL = 23; // the first worker that gets this one breaks down

    private final Map<Integer, AtomicInteger> scaled = new ConcurrentHashMap<>();
    private final Map<String, AtomicInteger> workers = new ConcurrentHashMap<>();
    private final Map<Integer, Integer> lastAttempts = new ConcurrentHashMap<>();
    private final CountDownLatch allAtWork = new CountDownLatch(3);

    public static void main(String[] args) {
        new WorkQueue().run();
    }

    private void run() {
        try (var log = EventLog.inMemory()) {
            var codec = Codec.records(Picture.class);
            var camera = log.producer("camera", codec);
            for (int number = 0; number < PICTURES; number++) {
                camera.append(new Picture(number));
            }

            // Each subscription of the name is one more worker; each picture goes to one of them.
            var config = ConsumerConfig.named("scale")
                    .shared(Duration.ofSeconds(30))
                    .attempts(3, Duration.ofMillis(5))
                    .onFailure((event, failure) -> {
                        if (failure instanceof StackOverflowError) {
                            throw new AssertionError("worker breaks down"); // its thread ends, and with it its lease
                        }
                    })
                    .build();
            List<Subscription> open = new ArrayList<>();
            for (String worker : List.of("ann", "bob", "cid", "dora")) {
                open.add(log.subscribe(config, codec, worker(worker)));
            }
            boolean done = awaitDone(open);

            long broken = open.stream()
                    .filter(each -> each.status().failure() != null)
                    .count();
            System.out.println("all pictures are done: " + done);
            System.out.println("  scaled once: "
                    + scaled.values().stream().filter(times -> times.get() == 1).count() + ", more often: "
                    + scaled.values().stream().filter(times -> times.get() > 1).count());
            System.out.println(
                    "  parked: " + log.consumers().get(0).parked() + ", after attempt " + lastAttempts.get(BROKEN));
            System.out.println("  workers that broke down: " + broken + "; its picture came again as attempt "
                    + lastAttempts.get(FATAL));
            System.out.println("  workers that had work: " + (workers.size() > 1 ? "more than one" : workers.keySet()));
            open.forEach(Subscription::close);
        }
    }

    /** Any worker knows how far all are, but one that broke down. */
    private static boolean awaitDone(List<Subscription> workers) {
        try {
            return workers.get(0).awaitCaughtUp(Duration.ofSeconds(30));
        } catch (IllegalStateException brokeDown) {
            return workers.get(1).awaitCaughtUp(Duration.ofSeconds(30));
        }
    }

    private EventHandler<Picture> worker(String name) {
        Set<String> begun = ConcurrentHashMap.newKeySet();
        return (Event<Picture> event) -> {
            int number = event.data().number();
            lastAttempts.put(number, event.attempt());
            if (begun.add(name)) {
                allAtWork.countDown();
                allAtWork.await(); // three at a time, before anybody goes on
            }
            if (number == BROKEN) {
                throw new IllegalStateException("no picture: " + number);
            }
            if (number == FATAL && event.attempt() == 1) {
                throw new StackOverflowError("in the depth of a library");
            }
            workers.computeIfAbsent(name, unused -> new AtomicInteger()).incrementAndGet();
            scaled.computeIfAbsent(number, unused -> new AtomicInteger()).incrementAndGet();
        };
    }
}
