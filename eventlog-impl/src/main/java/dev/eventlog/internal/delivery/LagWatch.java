package dev.eventlog.internal.delivery;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.journal.ReadJournal;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks now and then how far consumers lag, and tells those that asked for it when one falls behind and when it has caught up;
 * on a thread of its own, made for the first of them. Costs the consumers nothing.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
final class LagWatch implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(LagWatch.class);
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final ReadJournal journal;
    private final @Nullable ThreadFactory threadFactory;
    private final Map<Object, Watched> all = new ConcurrentHashMap<>();
    // made under this; published by volatile
    private volatile @Nullable IoThread thread;

    LagWatch(ReadJournal journal, @Nullable ThreadFactory threadFactory) {
        this.journal = journal;
        this.threadFactory = threadFactory;
    }

    /** What is watched of a consumer, and what was told of it last. <b>Threading:</b> One thread at a time: the watch's. */
    static final class Watched {

        private final String name;
        private final long limit;
        private final Consumer<? super ConsumerStatus> listener;
        private final LongSupplier checkpoint;
        private final Supplier<ConsumerStatus> status;
        private boolean isBehind;

        Watched(ConsumerConfig config, Place place, Supplier<ConsumerStatus> status) {
            this(config.lagLimit(), config.onLag(), place.name(), place::checkpoint, status);
        }

        Watched(
                long limit,
                Consumer<? super ConsumerStatus> listener,
                String name,
                LongSupplier checkpoint,
                Supplier<ConsumerStatus> status) {
            this.name = name;
            this.limit = limit;
            this.listener = listener;
            this.checkpoint = checkpoint;
            this.status = status;
        }

        /** Tells where a lag passes the limit, and where it has fallen to half of it from there. */
        void look(long lag) {
            boolean isBehindNow = isBehind ? lag > limit / 2 : lag > limit;
            if (isBehindNow == isBehind) {
                return;
            }
            isBehind = isBehindNow;
            if (isBehind) {
                LOGGER.warn("consumer lags: consumer={} lag={} limit={}", name, lag, limit);
            }
            try {
                listener.accept(status.get());
            } catch (RuntimeException e) {
                LOGGER.warn("onLag threw: consumer={}", name, e);
            }
        }
    }

    /** Watches a consumer, if it asks for that, until it is {@link #forget forgotten}. */
    void watch(Object consumer, ConsumerConfig config, Place place, Supplier<ConsumerStatus> status) {
        if (config.lagLimit() != Long.MAX_VALUE) {
            all.put(consumer, new Watched(config, place, status));
            start();
        }
    }

    void forget(Object consumer) {
        all.remove(consumer);
    }

    private synchronized void start() {
        if (thread == null) {
            var made = new IoThread("eventlog-lag", threadFactory);
            thread = made;
            made.every(LOOK_NANOS, this::look);
        }
    }

    private void look() {
        for (Watched each : all.values()) {
            each.look(Math.max(
                    0, journal.endPosition() - Math.max(each.checkpoint.getAsLong(), journal.firstPosition())));
        }
    }

    /** Whether the caller is a listener. */
    boolean isCurrent() {
        IoThread made = thread;
        return made != null && made.isCurrent();
    }

    @Override
    public void close() {
        all.clear();
        IoThread made = thread;
        if (made != null) {
            made.close();
        }
    }
}
