package dev.eventlog.internal.log;

import dev.eventlog.Capability;
import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.Event;
import dev.eventlog.EventHandler;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.EventQuery;
import dev.eventlog.Processor;
import dev.eventlog.Producer;
import dev.eventlog.Subscription;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.internal.cursor.Cursors;
import dev.eventlog.internal.delivery.Delivery;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.journal.Journal;
import dev.eventlog.internal.journal.ReadJournal;
import dev.eventlog.internal.support.Clock;
import dev.eventlog.internal.support.Names;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A log on disk or in memory, written by this process or only read: puts together the journal, the cursors and the delivery.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
final class LocalEventLog implements EventLog {

    private static final Logger LOGGER = LoggerFactory.getLogger(LocalEventLog.class);
    private final ReadJournal journal;
    // null: read-only
    private final @Nullable Journal writing;
    private final Cursors cursors;
    private final Delivery delivery;
    private final @Nullable FramePool frames;
    private final IoThread io;
    private final BackgroundErrors errors;
    private final Set<Capability> capabilities;
    private final AtomicBoolean closing = new AtomicBoolean();
    private final CountDownLatch closed = new CountDownLatch(1);
    // written by the thread that closes, read by any; published by volatile
    private volatile @Nullable Thread closer;

    private LocalEventLog(
            ReadJournal journal,
            @Nullable Journal writing,
            Cursors cursors,
            IoThread io,
            BackgroundErrors errors,
            EventLogConfig config,
            Clock clock) {
        this.journal = journal;
        this.writing = writing;
        this.cursors = cursors;
        this.io = io;
        this.errors = errors;
        capabilities = capabilities(config, writing != null);
        delivery = new Delivery(journal, cursors, clock, writing != null, config.threadFactory());
        frames = writing == null ? null : new FramePool(writing);
    }

    /** Opens a log whose file operations and times go through these. */
    static LocalEventLog open(EventLogConfig users, FileOps files, Clock clock) {
        var errors = new BackgroundErrors(users.backgroundErrors(), users.threadFactory());
        EventLogConfig config = users.toBuilder().backgroundErrors(errors).build();
        var io = new IoThread("eventlog-io", config.threadFactory());
        boolean opened = false;
        try {
            ReadJournal journal = config.isReadOnly()
                    ? ReadJournal.follow(config, files, clock, io)
                    : Journal.open(config, files, clock, io, Cursors::traces);
            boolean isSalvage = config.directory() != null && config.recovery() == EventLogConfig.Recovery.SALVAGE;
            Journal writing = !isSalvage && journal instanceof Journal both ? both : null;
            Cursors cursors = isSalvage ? Cursors.inMemory(journal, io) : Cursors.open(journal, files, io);
            if (writing != null) {
                writing.startPruning(
                        config, cursors::needs, first -> cursors.pruned(first, config.backgroundErrors()), io);
            }
            var log = new LocalEventLog(journal, writing, cursors, io, errors, config, clock);
            long interval = config.forceInterval().toNanos();
            if (interval > 0 && config.directory() != null && !isSalvage) {
                io.every(interval, () -> forceCheckpoints(cursors, config));
            }
            opened = true;
            return log;
        } finally {
            if (!opened) {
                io.close();
                errors.close();
            }
        }
    }

    private static void forceCheckpoints(Cursors cursors, EventLogConfig config) {
        try {
            cursors.force();
        } catch (RuntimeException e) {
            LOGGER.warn("checkpoints could not be forced; it is tried again", e);
            config.backgroundErrors().accept(e);
        }
    }

    @Override
    public <T> Producer<T> producer(String source, Codec<T> codec) {
        Objects.requireNonNull(codec, "codec");
        Names.check("source", source);
        requireOpen();
        Journal target = writing;
        FramePool pool = frames;
        if (target == null || pool == null) {
            throw readOnly("producer \"" + source + "\" cannot append");
        }
        return new LocalProducer<>(target, pool, source, codec, false);
    }

    private UnsupportedOperationException readOnly(String what) {
        return new UnsupportedOperationException(what + ", the log is open "
                + (journal instanceof Journal
                        ? "to salvage what is left of it: directory=" + journal.directory()
                                + "; do it in another log, or open it without Recovery.SALVAGE"
                        : "read-only: directory=" + journal.directory()
                                + "; do it in the process that writes the log, or open it without readOnly()"));
    }

    @Override
    public <T> Consumer<T> consumer(ConsumerConfig config, Codec<T> codec) {
        Objects.requireNonNull(config, "config");
        Objects.requireNonNull(codec, "codec");
        requireOpen();
        return delivery.consumer(config, codec);
    }

    @Override
    public <T> Subscription subscribe(ConsumerConfig config, Codec<T> codec, EventHandler<? super T> handler) {
        Objects.requireNonNull(config, "config");
        Objects.requireNonNull(codec, "codec");
        requireOpen();
        return delivery.subscribe(config, codec, handler);
    }

    @Override
    public <T, R> Subscription process(
            ConsumerConfig config, Codec<T> codec, Processor<? super T, ? extends R> processor, Producer<R> out) {
        Objects.requireNonNull(config, "config");
        Objects.requireNonNull(codec, "codec");
        Objects.requireNonNull(out, "out");
        requireOpen();
        return delivery.process(config, codec, processor, out);
    }

    @Override
    public <T> Stream<Event<T>> read(EventQuery query, Codec<T> codec) {
        Objects.requireNonNull(query, "query");
        requireOpen();
        return delivery.read(query, codec);
    }

    @Override
    public long firstPosition() {
        requireOpen();
        return journal.firstPosition();
    }

    @Override
    public long endPosition() {
        requireOpen();
        return journal.endPosition();
    }

    @Override
    public long durablePosition() {
        requireOpen();
        return journal.durablePosition();
    }

    @Override
    public void force() {
        requireOpen();
        Journal target = writing;
        if (target == null) {
            throw readOnly("nothing can be forced");
        }
        target.force();
    }

    @Override
    public List<ConsumerStatus> consumers() {
        requireOpen();
        return delivery.consumers();
    }

    @Override
    public void forget(String consumer) {
        requireOpen();
        delivery.forget(consumer);
    }

    @Override
    public Set<Capability> capabilities() {
        requireOpen();
        return capabilities;
    }

    @Override
    public void require(Capability... needed) {
        requireOpen();
        requireAll(capabilities, needed);
    }

    /** What a log can do that nothing is appended to is less. */
    private static Set<Capability> capabilities(EventLogConfig config, boolean isWriting) {
        Set<Capability> all = EnumSet.of(Capability.TOTAL_ORDER, Capability.DENSE_POSITIONS, Capability.SHARED);
        if (isWriting) {
            all.add(Capability.CONDITIONAL_APPEND);
            if (config.dedupCount() > 0) {
                all.add(Capability.DEDUPLICATION);
            }
        }
        return Collections.unmodifiableSet(all);
    }

    /** Throws if what is needed is not all there. */
    static void requireAll(Set<Capability> present, Capability... needed) {
        Set<Capability> missing = EnumSet.noneOf(Capability.class);
        Collections.addAll(missing, needed);
        missing.removeAll(present);
        if (!missing.isEmpty()) {
            throw new UnsupportedOperationException(
                    "log lacks " + missing + "; it has " + present + ". Use a log that has them, or do without");
        }
    }

    private void requireOpen() {
        if (closing.get()) {
            throw new LogClosedException("log is closed: " + this + "; open it again");
        }
    }

    @Override
    public void close() {
        if (io.isCurrent()) {
            // what a close waits for is queued behind the caller
            throw new IllegalStateException("log cannot be closed on the thread that does its file work: " + this
                    + " thread=" + Thread.currentThread().getName() + "; close it on another thread");
        }
        if (!closing.compareAndSet(false, true)) {
            awaitClosed();
            return;
        }
        closer = Thread.currentThread();
        try {
            closeParts();
        } finally {
            closer = null;
            closed.countDown();
        }
    }

    /** Waits for the close that goes on, also while interrupted; not on a thread that this close may be waiting for. */
    private void awaitClosed() {
        if (isOwnThread()) {
            return;
        }
        boolean interrupted = false;
        while (true) {
            try {
                closed.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @SuppressWarnings("ReferenceEquality") // a thread is itself only
    private boolean isOwnThread() {
        return Thread.currentThread() == closer
                || errors.isCurrent()
                || (writing != null && writing.isAppendThread())
                || delivery.isOwnThread();
    }

    private void closeParts() {
        RuntimeException first = null;
        for (AutoCloseable part : new AutoCloseable[] {delivery, cursors, journal, io, errors}) {
            try {
                part.close();
            } catch (Exception e) {
                RuntimeException thrown = e instanceof RuntimeException r ? r : new IllegalStateException(e);
                if (first == null) {
                    first = thrown;
                } else {
                    first.addSuppressed(thrown);
                }
            }
        }
        if (first != null) {
            throw first;
        }
    }

    @Override
    public String toString() {
        return "EventLog[" + (journal.directory() == null ? "in memory" : journal.directory())
                + (writing == null ? ", read-only]" : "]");
    }
}
