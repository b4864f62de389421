package dev.eventlog.examples.market;

import dev.eventlog.Capability;
import dev.eventlog.Codec;
import dev.eventlog.EventLog;
import dev.eventlog.examples.ExampleException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The feed handler and the four consumers on one log, each on a thread of its own, until all input is through. May be
 * killed at any instant: another one on the same log and the same input goes on where this one stopped.
 *
 * <p><b>Threading:</b> One thread at a time: the caller.
 */
final class Pipeline {

    private static final Duration STALL_LIMIT = Duration.ofSeconds(60);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(10);

    private final FeedHandler feed;
    private final MarketStates states = MarketStates.empty();
    private final List<MarketConsumer> consumers = new ArrayList<>();

    Pipeline(EventLog log, OrderFlow flow, Pace pace) {
        log.require(Capability.TOTAL_ORDER, Capability.DENSE_POSITIONS); // the feed counts events by their positions
        var codec = Codec.records(OrderEvent.class);
        feed = new FeedHandler(log, codec, flow, pace);
        states.byName().forEach((name, state) -> consumers.add(new MarketConsumer(log, codec, name, state)));
    }

    /**
     * Runs until all input is appended and handled.
     *
     * @param watcher called each so many milliseconds, and at the end, on the caller's thread
     */
    void run(long watchMillis, Runnable watcher) {
        var running = new ArrayList<CompletableFuture<Void>>();
        for (MarketConsumer consumer : consumers) {
            running.add(start(consumer.name(), consumer));
        }
        running.add(start("feed", feed).thenRun(() -> consumers.forEach(consumer -> consumer.endAt(feed.appended()))));
        var all = CompletableFuture.allOf(running.toArray(CompletableFuture<?>[]::new));
        try {
            watch(all, watchMillis, watcher);
        } finally {
            stop();
            awaitEnd(all);
        }
        watcher.run();
    }

    /** On a thread of its name; if it fails, all are stopped. */
    private CompletableFuture<Void> start(String name, Runnable task) {
        return CompletableFuture.runAsync(task, work -> new Thread(work, name).start())
                .whenComplete((done, failure) -> {
                    if (failure != null) {
                        stop();
                    }
                });
    }

    private void watch(CompletableFuture<Void> all, long watchMillis, Runnable watcher) {
        long movedNanos = System.nanoTime();
        long before = -1;
        while (true) {
            try {
                all.get(watchMillis, TimeUnit.MILLISECONDS);
                return;
            } catch (TimeoutException stillRunning) {
                watcher.run();
            } catch (ExecutionException e) {
                throw asUnchecked(e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw ExampleException.failed("interrupted; start again with the same --dir to go on");
            }
            long done = handledByAll();
            if (done != before || done == feed.appended()) {
                before = done;
                movedNanos = System.nanoTime();
            } else if (System.nanoTime() - movedNanos > STALL_LIMIT.toNanos()) {
                throw new IllegalStateException("no consumer moves: handled=" + done + " appended=" + feed.appended()
                        + " since " + STALL_LIMIT.toSeconds() + " s; this is a bug, please report it");
            }
        }
    }

    /** After a failure the others still finish their batch: the log must not be closed under them. */
    private static void awaitEnd(CompletableFuture<Void> all) {
        all.handle((done, failure) -> true)
                .completeOnTimeout(false, STOP_LIMIT.toNanos(), TimeUnit.NANOSECONDS)
                .join();
    }

    private static RuntimeException asUnchecked(@Nullable Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        return failure instanceof RuntimeException unchecked ? unchecked : new CompletionException(failure);
    }

    private void stop() {
        feed.stop();
        consumers.forEach(MarketConsumer::stop);
    }

    /** All before this position was handled by every consumer. */
    long handledByAll() {
        return consumers.stream().mapToLong(MarketConsumer::position).min().orElse(0);
    }

    FeedHandler feed() {
        return feed;
    }

    List<MarketConsumer> consumers() {
        return consumers;
    }

    /** What the consumers know; to be asked after {@link #run}. */
    MarketStates states() {
        return states;
    }
}
