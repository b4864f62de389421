package dev.eventlog.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.eventlog.Capability;
import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/**
 * What a backend gives to the suite, and what all parts of the suite use: a fresh log for each test, threads and waiting.
 *
 * <p>The parts are a chain of classes, one for each part of the api, so that a backend extends a single class and each test
 * has a name of its own there.
 *
 * <p><b>Threading:</b> One thread at a time: the test's.
 */
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class ContractFixture {

    /** Does not wait. */
    static final Duration NOW = Duration.ZERO;
    /** Longer than anything that is waited for takes, shorter than a test's time. */
    static final Duration LONG = Duration.ofMinutes(2);
    /** Long enough for what must not happen to happen, were it to. */
    static final Duration SHORT = Duration.ofMillis(60);
    /** The key of events whose key does not matter: one key, so that a log with partitions keeps their order too. */
    static final String KEY = "key";

    static final Codec<String> TEXT = Codec.utf8();

    final ManualClock clock = new ManualClock();
    EventLog log;

    /**
     * Opens a new, empty log.
     *
     * @param clock where append times and ages come from
     */
    protected abstract EventLog openNew(InstantSource clock);

    /** Whether a log can be closed and opened again with all it held. */
    protected abstract boolean reopens();

    /**
     * Opens the log again that {@link #openNew} opened last and that was closed. Called only if {@link #reopens()}.
     *
     * @param clock as in {@link #openNew}
     */
    protected EventLog reopen(InstantSource clock) {
        throw new UnsupportedOperationException("the backend says that it reopens: override reopen");
    }

    /** What the log can do. Tests assert what is in this set, and that what is not in it is refused. */
    protected abstract Set<Capability> capabilities();

    /** Greatest length of an event that the log takes, at least 70,000. */
    protected abstract int maxEventLengthBytes();

    /** Whether {@link #damage} can change a stored byte. */
    protected boolean damages() {
        return false;
    }

    /**
     * Changes one stored byte of these, which are the payload of exactly one event. Called while the log is closed, and
     * only if {@link #damages()}.
     */
    protected void damage(byte[] payload) {
        throw new UnsupportedOperationException("the backend says that it damages: override damage");
    }

    /** Whether the log prunes by age and bytes. It has {@link Capability#TOTAL_ORDER} then. */
    protected boolean prunes() {
        return false;
    }

    /**
     * Opens a new, empty log that keeps what these rules say, and prunes in steps of at most 1 MiB. Called only if
     * {@link #prunes()}; {@link #reopen} opens it again without a rule.
     *
     * @param clock as in {@link #openNew}; a step forward of it counts as time that passed
     * @param retainFor how long events are kept at least; null: for ever
     * @param retainBytes how many bytes are kept at most; {@link Long#MAX_VALUE}: all
     */
    protected EventLog openPruning(InstantSource clock, @Nullable Duration retainFor, long retainBytes) {
        throw new UnsupportedOperationException(
                "the backend does not prune, or says that it does: override openPruning");
    }

    /**
     * Opens a new, empty log with a limit, which prunes in steps of at most 1 MiB. Called only if {@link #prunes()}.
     *
     * @param clock as in {@link #openNew}
     * @param limitBytes at least 2 MiB
     */
    protected EventLog openLimited(InstantSource clock, long limitBytes, EventLogConfig.WhenFull whenFull) {
        throw new UnsupportedOperationException(
                "the backend does not prune, or says that it does: override openLimited");
    }

    @BeforeEach
    void openFreshLog() {
        log = openNew(clock);
    }

    @AfterEach
    @Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void closeLog() {
        log.close();
    }

    /**
     * Closes the log and opens it again, if it reopens; if not, it stays open: what holds over a reopening must hold
     * without one. To be called with consumers and subscriptions closed.
     */
    final void restart() {
        if (reopens()) {
            log.close();
            log = reopen(clock);
        }
    }

    final boolean has(Capability capability) {
        return capabilities().contains(capability);
    }

    final Producer<String> producer() {
        return log.producer("test", TEXT);
    }

    /** Appends texts under {@link #KEY}, each by itself, and returns their positions. */
    final List<Long> append(String... texts) {
        var positions = new ArrayList<Long>();
        for (String text : texts) {
            positions.add(producer().append(KEY, text));
        }
        return positions;
    }

    /** Appends texts "0" to "count - 1" and returns their positions. */
    final List<Long> appendNumbers(int count) {
        return append(numbers(0, count).toArray(String[]::new));
    }

    /** The texts from one number, inclusive, to another, exclusive. */
    static List<String> numbers(int from, int to) {
        var texts = new ArrayList<String>();
        for (int i = from; i < to; i++) {
            texts.add(Integer.toString(i));
        }
        return texts;
    }

    static List<NewEvent<String>> newEvents(String... texts) {
        var events = new ArrayList<NewEvent<String>>();
        for (String text : texts) {
            events.add(NewEvent.of(KEY, text));
        }
        return events;
    }

    static List<String> texts(List<Event<String>> events) {
        return events.stream().map(Event::data).toList();
    }

    static List<Long> positions(List<Event<String>> events) {
        return events.stream().map(Event::position).toList();
    }

    final Consumer<String> consumer(String name) {
        return log.consumer(name, TEXT);
    }

    /** All events that match, read at once. */
    final List<Event<String>> read(EventQuery query) {
        return log.read(query, TEXT).toList();
    }

    final List<String> allTexts() {
        return texts(read(EventQuery.all()));
    }

    /** The only event of the log. */
    final Event<String> onlyEvent() {
        List<Event<String>> all = read(EventQuery.all());
        assertThat(all).hasSize(1);
        return all.get(0);
    }

    /** Polls and commits until nothing comes any more. */
    static <T> List<Event<T>> drain(Consumer<T> consumer) {
        var all = new ArrayList<Event<T>>();
        while (true) {
            List<Event<T>> batch = consumer.poll(NOW);
            if (batch.isEmpty()) {
                return all;
            }
            all.addAll(batch);
            consumer.commit();
        }
    }

    /** A null where the types forbid it. */
    @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"}) // wrong on purpose: a test of what happens then
    static <T> T missing() {
        return null;
    }

    /** Code that may throw. */
    @FunctionalInterface
    interface Action {
        void run() throws Exception;
    }

    /** A thread of the test whose result is asked for. <b>Threading:</b> Thread-safe. */
    static final class Running<R> {

        private final FutureTask<R> task;
        private final Thread thread;

        private Running(Callable<R> work) {
            task = new FutureTask<>(work);
            thread = new Thread(task, "contract-test");
            thread.setDaemon(true);
            thread.start();
        }

        /** What the work returned; what it threw is thrown. */
        R join() throws Exception {
            try {
                return task.get(LONG.toSeconds(), TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                if (e.getCause() instanceof Exception failure) {
                    throw failure;
                }
                throw new AssertionError("thread of the test failed", e.getCause());
            } catch (TimeoutException e) {
                var stuck = new AssertionError("thread of the test does not end");
                stuck.setStackTrace(thread.getStackTrace());
                throw stuck;
            }
        }

        /** Whether the work ends within so long; for work that must not. */
        boolean endsWithin(Duration time) throws InterruptedException {
            thread.join(time.toMillis());
            return task.isDone();
        }

        void interrupt() {
            thread.interrupt();
        }

        /** Waits until the thread waits inside a method of this name, be it in Java or in native code. */
        void awaitBlockedIn(String method) {
            until("thread waits in " + method, () -> isBlockedIn(method) || task.isDone());
            assertThat(task.isDone()).as("thread ended before it waited").isFalse();
        }

        private boolean isBlockedIn(String method) {
            StackTraceElement[] stack = thread.getStackTrace();
            if (stack.length == 0 || (thread.getState() == Thread.State.RUNNABLE && !stack[0].isNativeMethod())) {
                return false;
            }
            for (StackTraceElement frame : stack) {
                if (frame.getMethodName().equals(method)) {
                    return true;
                }
            }
            return false;
        }
    }

    static <R> Running<R> start(Callable<R> work) {
        return new Running<>(work);
    }

    static Running<Boolean> start(Action work) {
        return new Running<>(() -> {
            work.run();
            return true;
        });
    }

    /** Waits until a condition holds that no await method of the api tells of. */
    static void until(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + LONG.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                fail("did not come true in " + LONG + ": " + what);
            }
            // leaves the processor to those that it waits for
            LockSupport.parkNanos(50_000);
        }
    }
}
