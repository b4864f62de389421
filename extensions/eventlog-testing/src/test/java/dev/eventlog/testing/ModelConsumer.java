package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.Event;
import dev.eventlog.EventHandler;
import dev.eventlog.EventView;
import dev.eventlog.StartAt;
import dev.eventlog.Subscription;
import dev.eventlog.ViewHandler;
import dev.eventlog.error.PositionExpiredException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A named consumer of a {@link ModelRun}: what its checkpoint, cursor and parked events must be.
 *
 * <p><b>Threading:</b> One thread at a time: the test's.
 */
final class ModelConsumer {

    private static final String ON_PURPOSE = "failed on purpose";

    final String name;
    private final ModelRun run;
    private final Random random;
    private final Set<Long> parked = new TreeSet<>();
    private @Nullable Consumer<ByteBuffer> open;
    private ModelQuery query = ModelQuery.ALL;
    private int pollEvents;
    private long pollBytes;
    // -1: there is none
    private long checkpoint = -1;
    private long highest = -1;
    private long cursor;
    private boolean sought;
    private List<Event<ByteBuffer>> polled = List.of();
    private int unflushed;
    private long unflushedFrom;

    ModelConsumer(ModelRun run, String name) {
        this.run = run;
        this.name = name;
        random = run.random;
    }

    boolean exists() {
        return checkpoint >= 0;
    }

    /** The first parked event, which the log must keep; the greatest long if there is none. */
    long firstParked() {
        return parked.isEmpty() ? Long.MAX_VALUE : parked.iterator().next();
    }

    boolean isOpen() {
        return open != null;
    }

    void step() {
        Consumer<ByteBuffer> consumer = open;
        if (consumer == null) {
            switch (random.nextInt(6)) {
                case 0, 1 -> subscribe();
                case 2 -> takeParked();
                default -> open();
            }
            return;
        }
        try {
            switch (random.nextInt(12)) {
                case 0, 1, 2 -> poll(consumer);
                case 3, 4 -> commit(consumer);
                case 5 -> commitOne(consumer);
                case 6 -> seek(consumer);
                case 7, 8, 9 -> handle(consumer);
                case 10 -> await(consumer);
                default -> close();
            }
        } catch (PositionExpiredException e) {
            expired(consumer, e);
        }
        if (open != null) {
            checkPlace(consumer);
        }
    }

    /** What was to be read next is pruned, and nothing has changed: goes on with what is kept. */
    private void expired(Consumer<ByteBuffer> consumer, PositionExpiredException e) {
        run.did(name + " is told that " + e.position() + " is pruned");
        assertThat(e.position()).isGreaterThanOrEqualTo(cursor).isLessThan(e.firstPosition());
        assertThat(e.firstPosition()).isLessThanOrEqualTo(run.first());
        consumer.seek(StartAt.earliest());
        sought(consumer, StartAt.earliest(), e.firstPosition());
    }

    // opening and closing

    private long end() {
        return run.events.size();
    }

    private void open() {
        query = random.nextBoolean() ? ModelQuery.ALL : ModelQuery.random(random, run.events);
        pollEvents = 1 + random.nextInt(20);
        pollBytes = 1 + random.nextInt(20_000);
        StartAt start = place();
        run.did("open " + name + " at " + start + " " + query.query());
        long first = run.first();
        Consumer<ByteBuffer> opened;
        try {
            opened = run.open(ConsumerConfig.named(name)
                    .query(query.query())
                    .startAt(start)
                    .pollLimit(pollEvents, pollBytes)
                    .build());
        } catch (PositionExpiredException e) {
            assertThat(exists()).isFalse();
            assertThat(resolve(start, first)).isLessThan(run.first());
            return;
        }
        open = opened;
        if (!exists()) {
            checkpoint = opened.position();
            highest = checkpoint;
            assertResolved(start, first, checkpoint);
        }
        opened();
    }

    /** A place that depends on where the log begins is what it was before or after, or between. */
    private void assertResolved(StartAt where, long first, long found) {
        assertThat(found).isBetween(resolve(where, first), resolve(where, run.first()));
    }

    private void opened() {
        cursor = checkpoint;
        sought = false;
        polled = List.of();
        unflushed = 0;
    }

    private StartAt place() {
        return switch (random.nextInt(5)) {
            case 0 -> StartAt.earliest();
            case 1 -> StartAt.latest();
            case 2 -> StartAt.position(random.nextInt(run.events.size() + 1));
            case 3 -> run.events.isEmpty() ? StartAt.latest() : StartAt.after(random.nextInt(run.events.size()));
            default -> StartAt.time(ModelQuery.instant(ModelQuery.aTime(random, run.events, true)));
        };
    }

    private long resolve(StartAt start, long first) {
        if (start instanceof StartAt.Earliest) {
            return first;
        }
        if (start instanceof StartAt.AtPosition at) {
            return at.position();
        }
        if (start instanceof StartAt.AfterPosition after) {
            return after.position() + 1;
        }
        if (start instanceof StartAt.AtTime time) {
            long nanos = ModelQuery.nanos(time.appendTime());
            return run.events.stream()
                    .skip(first)
                    .filter(event -> event.appendTimeNanos() >= nanos)
                    .mapToLong(ModelEvent::position)
                    .findFirst()
                    .orElse(end());
        }
        return end();
    }

    void close() {
        Consumer<ByteBuffer> consumer = open;
        if (consumer != null) {
            run.did("close " + name);
            consumer.close();
            open = null;
        }
    }

    void closedByLog() {
        open = null;
    }

    // pulling

    private void poll(Consumer<ByteBuffer> consumer) {
        run.did("poll " + name);
        if (unflushed > 0) {
            // handed over as views and not flushed, so not committed: comes again
            cursor = unflushedFrom;
            unflushed = 0;
        }
        var expected = new ArrayList<ModelEvent>();
        long bytes = 0;
        for (ModelEvent event : run.matching(query, cursor)) {
            if (expected.size() >= pollEvents || bytes >= pollBytes) {
                break;
            }
            expected.add(event);
            bytes += event.payload().length;
        }
        polled = consumer.poll(Duration.ZERO);
        if (!polled.isEmpty() && polled.size() < expected.size()) {
            // up to where the next one was pruned while this stood before it
            assertThat(polled.get(polled.size() - 1).position() + 1).isLessThan(run.first());
            expected.subList(polled.size(), expected.size()).clear();
        }
        run.assertSame(polled, expected);
        for (Event<ByteBuffer> event : polled) {
            assertThat(event.isReplay()).as("isReplay of %s", event).isEqualTo(event.position() < highest);
        }
        if (polled.isEmpty()) {
            passed();
        }
    }

    /** What the query leaves out up to the end passes without a commit, except behind a seek. */
    private void passed() {
        if (!sought) {
            checkpoint = Math.max(checkpoint, cursor);
        }
    }

    private void committed(long to) {
        cursor = to;
        checkpoint = to;
        highest = Math.max(highest, to);
        sought = false;
    }

    private void commit(Consumer<ByteBuffer> consumer) {
        run.did("commit " + name);
        consumer.commit();
        if (!polled.isEmpty()) {
            committed(polled.get(polled.size() - 1).position() + 1);
            polled = List.of();
        } else if (sought) {
            long next = cursor;
            committed(unflushed > 0 ? unflushedFrom : cursor);
            cursor = next;
        }
    }

    private void commitOne(Consumer<ByteBuffer> consumer) {
        if (polled.isEmpty()) {
            return;
        }
        Event<ByteBuffer> event = polled.get(random.nextInt(polled.size()));
        run.did("commit " + name + " with " + event.position());
        if (event.position() < cursor) {
            assertThatIllegalArgumentException().isThrownBy(() -> consumer.commit(event));
        } else {
            consumer.commit(event);
            committed(event.position() + 1);
        }
    }

    private void seek(Consumer<ByteBuffer> consumer) {
        if (random.nextInt(8) == 0) {
            assertThatIllegalArgumentException().isThrownBy(() -> consumer.seek(StartAt.position(end() + 1)));
            return;
        }
        StartAt where = place();
        run.did("seek " + name + " " + where);
        long first = run.first();
        try {
            consumer.seek(where);
        } catch (PositionExpiredException e) {
            assertThat(e.position()).isEqualTo(resolve(where, first)).isLessThan(run.first());
            return;
        }
        sought(consumer, where, first);
    }

    private void sought(Consumer<ByteBuffer> consumer, StartAt where, long first) {
        cursor = consumer.position();
        assertResolved(where, first, cursor);
        sought = true;
        polled = List.of();
        unflushed = 0;
    }

    private void await(Consumer<ByteBuffer> consumer) {
        run.did("await " + name);
        boolean expected = run.firstMatching(query, cursor) < end();
        assertThat(consumer.await(Duration.ZERO)).isEqualTo(expected);
        if (!expected) {
            passed();
        }
    }

    private void handle(Consumer<ByteBuffer> consumer) {
        int limit = 1 + random.nextInt(12);
        int throwAt = random.nextInt(4) == 0 ? random.nextInt(limit) : -1;
        boolean throwAtEnd = random.nextInt(8) == 0;
        run.did("handle " + name + " limit " + limit + " throwAt " + throwAt + (throwAtEnd ? " and at the end" : ""));
        List<ModelEvent> expected = run.matching(query, cursor);
        var seen = new ArrayList<Long>();
        var flushed = new ArrayList<Integer>();
        var handler = new ViewHandler<ByteBuffer>() {
            @Override
            public void onEvent(EventView<ByteBuffer> event) {
                if (seen.size() == throwAt) {
                    throw new IllegalStateException(ON_PURPOSE);
                }
                run.assertSame(event.toEvent(), run.events.get((int) event.position()));
                assertThat(event.payload()).isEqualTo(event.data());
                assertThat(event.isReplay()).isEqualTo(event.position() < highest);
                seen.add(event.position());
            }

            @Override
            public void onBatchEnd(int count) {
                flushed.add(count);
                if (throwAtEnd) {
                    throw new IllegalStateException(ON_PURPOSE);
                }
            }
        };
        int count = Math.min(limit, expected.size());
        boolean throwsInEvent = throwAt >= 0 && throwAt < count;
        int handled = throwsInEvent ? throwAt : count;
        if (unflushed == 0) {
            unflushedFrom = cursor;
        }
        unflushed += handled;
        polled = List.of();
        boolean flushes = !throwsInEvent && unflushed > 0;
        try {
            assertThat(consumer.poll(handler, limit)).isEqualTo(count);
            assertThat(throwsInEvent || (flushes && throwAtEnd)).isFalse();
        } catch (IllegalStateException thrown) {
            assertThat(thrown).hasMessage(ON_PURPOSE);
            assertThat(throwsInEvent || (flushes && throwAtEnd)).isTrue();
        }
        assertThat(seen)
                .isEqualTo(expected.subList(0, handled).stream()
                        .map(ModelEvent::position)
                        .toList());
        assertThat(flushed).isEqualTo(flushes ? List.of(unflushed) : List.of());
        if (handled > 0) {
            cursor = seen.get(handled - 1) + 1;
        }
        if (flushes) {
            unflushed = 0;
            if (throwAtEnd) {
                cursor = unflushedFrom;
            } else {
                committed(cursor);
            }
        }
        if (!throwsInEvent && !(flushes && throwAtEnd) && count < limit) {
            passed();
        }
    }

    /** The log may stand further than the model by events that the query leaves out; from there both go on. */
    private void checkPlace(Consumer<ByteBuffer> consumer) {
        long position = consumer.position();
        assertThat(run.firstMatching(query, position))
                .as("cursor %s of %s, model %s", position, name, cursor)
                .isEqualTo(run.firstMatching(query, cursor));
        cursor = position;
        long first = run.first();
        check(consumer.status(), first);
    }

    /** Compares a status, and takes up a checkpoint that passed events which were left out. */
    void check(ConsumerStatus status, long firstBefore) {
        assertThat(status.name()).isEqualTo(name);
        assertThat(run.firstMatching(query, status.checkpoint()))
                .as("checkpoint %s of %s, model %s", status.checkpoint(), name, checkpoint)
                .isEqualTo(run.firstMatching(query, checkpoint));
        checkpoint = status.checkpoint();
        highest = Math.max(highest, checkpoint);
        // taken before this look at where the log begins, and behind the last one
        assertThat(status.lag())
                .isBetween(end() - Math.max(checkpoint, run.first()), end() - Math.max(checkpoint, firstBefore));
        assertThat(status.parked()).isEqualTo(parked.size());
        assertThat(status.owner() != null).isEqualTo(open != null);
        assertThat(status.state() == ConsumerStatus.State.CLOSED).isEqualTo(open == null);
    }

    // subscribing

    /** Lets a subscription run to the end of the log, with a handler that fails for some events. */
    private void subscribe() {
        if (!exists()) {
            // where it begins can be asked of a consumer only
            open();
            close();
            if (!exists()) {
                return;
            }
        }
        query = random.nextBoolean() ? ModelQuery.ALL : ModelQuery.random(random, run.events);
        int divisor = random.nextInt(3) == 0 ? 3 + random.nextInt(20) : Integer.MAX_VALUE;
        boolean stops = random.nextInt(4) == 0;
        run.did("subscribe " + name + " failing each " + divisor + (stops ? " stops " : " ") + query.query());
        var config =
                ConsumerConfig.named(name).query(query.query()).attempts(1 + random.nextInt(2), Duration.ofNanos(1));
        if (stops) {
            config.stopOnFailure();
        }
        if (query.isBounded() || random.nextBoolean()) {
            config.stopAtEnd();
        }
        var handled = new ArrayList<Event<ByteBuffer>>();
        EventHandler<ByteBuffer> handler = event -> {
            if (fails(event.position(), divisor)) {
                throw new IllegalStateException(ON_PURPOSE);
            }
            handled.add(event);
        };
        long end = end();
        Subscription subscription;
        try {
            subscription = run.log.subscribe(config.build(), Codec.bytes(), handler);
        } catch (PositionExpiredException e) {
            assertThat(e.position()).isEqualTo(checkpoint).isLessThan(run.first());
            leadOn();
            return;
        }
        opened();
        var parkedBefore = new TreeSet<>(parked);
        var expected = new ArrayList<ModelEvent>();
        long stopped = expect(expected, divisor, stops);
        try {
            assertThat(subscription.awaitCaughtUp(Duration.ofSeconds(30))).isTrue();
            assertThat(stopped).isNegative();
        } catch (IllegalStateException failed) {
            assertThat(subscription.status().state()).isEqualTo(ConsumerStatus.State.FAILED);
            if (failed.getCause() instanceof PositionExpiredException) {
                subscription.close();
                overtaken(handled, expected, parkedBefore, subscription.status().checkpoint());
                return;
            }
            assertThat(stopped).isNotNegative();
        }
        subscription.close();
        run.assertSame(handled, expected);
        checkpoint = stopped >= 0 ? stopped : Math.max(checkpoint, run.firstMatching(query, end));
        long found = subscription.status().checkpoint();
        assertThat(run.firstMatching(query, found)).isEqualTo(run.firstMatching(query, checkpoint));
        checkpoint = found;
        highest = Math.max(highest, checkpoint);
        assertThat(subscription.status().parked()).isEqualTo(parked.size());
    }

    /** What a subscription stood at was pruned while it ran: it has done what comes before, and stopped. */
    private void overtaken(
            List<Event<ByteBuffer>> handled, List<ModelEvent> expected, Set<Long> parkedBefore, long stoppedAt) {
        run.did(name + " was overtaken at " + stoppedAt);
        run.assertSame(handled, expected.subList(0, handled.size()));
        assertThat(stoppedAt).isBetween(checkpoint, run.first() - 1);
        checkpoint = stoppedAt;
        highest = Math.max(highest, checkpoint);
        parked.removeIf(position -> position >= stoppedAt && !parkedBefore.contains(position));
        leadOn();
    }

    /** Moves the checkpoint to what is kept. */
    private void leadOn() {
        run.did("lead " + name + " on");
        long first = run.first();
        try (Consumer<ByteBuffer> consumer = run.open(ConsumerConfig.named(name).build())) {
            consumer.seek(StartAt.earliest());
            sought(consumer, StartAt.earliest(), first);
            consumer.commit();
            committed(cursor);
        }
    }

    private static boolean fails(long position, int divisor) {
        return position % divisor == divisor - 1;
    }

    /** Fills in which events will be handled, and parks; returns where the subscription will stop, or -1. */
    private long expect(List<ModelEvent> expected, int divisor, boolean stops) {
        var keys = new TreeSet<String>();
        parked.stream()
                .map(position -> run.events.get(position.intValue()).key())
                .filter(key -> key != null)
                .forEach(keys::add);
        for (ModelEvent event : run.matching(query, checkpoint)) {
            String key = event.key();
            if (parked.contains(event.position()) || (key != null && keys.contains(key))) {
                parked.add(event.position());
            } else if (!fails(event.position(), divisor)) {
                expected.add(event);
            } else if (stops) {
                return event.position();
            } else {
                parked.add(event.position());
                if (key != null) {
                    keys.add(key);
                }
            }
        }
        return -1;
    }

    /** Takes some parked events off the list. */
    private void takeParked() {
        run.did("take parked of " + name);
        if (!exists()) {
            assertThatThrownBy(() -> run.open(ConsumerConfig.parkedBy(name).build()))
                    .isInstanceOf(IllegalArgumentException.class);
            return;
        }
        long limit = 1 + random.nextInt(20_000);
        var config = ConsumerConfig.parkedBy(name).pollLimit(50, limit);
        if (random.nextBoolean()) {
            config.stopAtEnd();
        }
        try (Consumer<ByteBuffer> consumer = run.open(config.build())) {
            List<Event<ByteBuffer>> found = consumer.poll(Duration.ZERO);
            var expected = new ArrayList<ModelEvent>();
            long bytes = 0;
            for (long position : parked) {
                if (expected.size() < 50 && bytes < limit) {
                    expected.add(run.events.get((int) position));
                    bytes += run.events.get((int) position).payload().length;
                }
            }
            run.assertSame(found, expected);
            if (found.isEmpty()) {
                return;
            }
            if (random.nextBoolean()) {
                consumer.commit();
                found.forEach(event -> parked.remove(event.position()));
            } else {
                int last = random.nextInt(found.size());
                consumer.commit(found.get(last));
                found.subList(0, last + 1).forEach(event -> parked.remove(event.position()));
            }
        }
    }
}
