package dev.eventlog.internal.journal;

import dev.eventlog.Durability;
import dev.eventlog.EventLogConfig;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.support.Clock;
import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A journal that another process writes, or wrote. It maps the segments read-only and follows the writer's state file; what
 * changes seldom (segments, epochs, names) is looked at by {@link Follower}.
 *
 * <p>The writer does not know of its readers and wakes none: {@link #await} looks again and again, with pauses of up to
 * {@link #LONGEST_PAUSE_NANOS}.
 *
 * <p>A reader that finds nothing right below the end position stands at the end of a segment that the writer has left,
 * by a roll or because it died; or in a segment that was pruned; or before damage. The files tell which: {@link #goesOn}.
 * A successor is there before the end position that needs it is published, so {@link #PATIENCE_NANOS} are ample.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
final class FollowedJournal extends ReadJournal {

    private static final Logger LOGGER = LoggerFactory.getLogger(FollowedJournal.class);

    /** Longest pause of a thread that waits for events. */
    static final long LONGEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private static final long SHORTEST_PAUSE_NANOS = TimeUnit.MICROSECONDS.toNanos(20);
    /** How long is looked for what must be there before it counts as damage. */
    private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(300);
    /**
     * How long a writer may be between saying that it is about to prune and having done so, which takes two forces of the
     * disk; one that died says it on.
     */
    private static final long LONGEST_PRUNING_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Follower follower;
    private final boolean onlyDurableIsReadable;
    private volatile boolean closed;
    // written and read by whoever waits for a pruning; published by volatile
    private volatile @Nullable Hanging hanging;

    /** A pruning that a writer announced and that is not waited for any more. */
    private record Hanging(int epoch, long position) {}

    private FollowedJournal(Follower follower, EventLogConfig config, Clock clock) {
        super(follower.identity(), follower.segments(), clock);
        this.follower = follower;
        onlyDurableIsReadable = config.durability() == Durability.POWER_LOSS;
    }

    static FollowedJournal open(EventLogConfig config, FileOps files, Clock clock, IoThread io) {
        Path path = Objects.requireNonNull(config.directory());
        try {
            Follower follower = io.call(() -> follower(path, config, files, io));
            return new FollowedJournal(follower, config, clock);
        } catch (IOException e) {
            throw Corruption.io("opening the log", path.toAbsolutePath(), e);
        }
    }

    private static Follower follower(Path path, EventLogConfig config, FileOps files, IoThread io) throws IOException {
        LogDirectory directory;
        try {
            directory = LogDirectory.existing(path, config.isInsecureDirectoryAllowed(), files);
        } catch (NoSuchFileException none) {
            throw nothingToRead(path);
        }
        Follower opened = Follower.open(directory, files, io);
        if (opened == null) {
            throw nothingToRead(path);
        }
        return opened;
    }

    private static LogFailedException nothingToRead(Path path) {
        return new LogFailedException(
                "there is no log to read: directory=" + path.toAbsolutePath() + "; open it for writing first",
                false,
                null);
    }

    @Override
    public int epoch() {
        return follower.view().epoch();
    }

    @Override
    public long epochEnd(int number) {
        FollowedView view = follower.view();
        return number == view.epoch() ? view.endPosition() : view.epochs().end(number);
    }

    @Override
    public boolean isRestartedSince(int number) {
        FollowedView view = follower.view();
        return view.isRestarted() || view.epochs().isRestartedSince(number);
    }

    @Override
    public long firstPosition() {
        return follower.view().firstPosition();
    }

    @Override
    public long endPosition() {
        return follower.view().endPosition();
    }

    @Override
    public long durablePosition() {
        return follower.view().durablePosition();
    }

    @Override
    public long readablePosition() {
        FollowedView view = follower.soundView();
        return onlyDurableIsReadable || view.isOnlyDurableReadable() ? view.durablePosition() : view.endPosition();
    }

    @Override
    public boolean isPruning() {
        // the writer may
        return true;
    }

    @Override
    public boolean isClosed() {
        return closed;
    }

    @Override
    public void refresh() {
        follower.refresh();
    }

    @Override
    public void confirmKept(long position) {
        awaitPruning(position);
        requireKept(position);
    }

    @Override
    public void awaitPruning(long position) {
        // the writer says what it is about to prune and then looks at what is needed; here it is the other way round
        VarHandle.fullFence();
        refresh();
        Hanging known = hanging;
        long deadline = clock().monotonicNanos() + LONGEST_PRUNING_NANOS;
        for (long announced = announced(); announced > position; announced = announced()) {
            var now = new Hanging(epoch(), announced);
            if (now.equals(known)) {
                return;
            }
            if (clock().monotonicNanos() >= deadline) {
                hanging = now;
                LOGGER.warn(
                        "writer of the log says for {} s that it is about to prune what is below {}: it died, or hangs, and may"
                                + " then prune an event that is needed here since: directory={} position={}",
                        TimeUnit.NANOSECONDS.toSeconds(LONGEST_PRUNING_NANOS),
                        announced,
                        directory(),
                        position);
                return;
            }
            LockSupport.parkNanos(LONGEST_PAUSE_NANOS);
            refresh();
        }
    }

    private long announced() {
        return follower.view().pruningPosition();
    }

    @Override
    boolean goesOn(Segment segment, long position, long wanted) {
        return isFound(
                wanted,
                () -> segment.isPruned() || isBehind(segment, position),
                () -> segment.endOffset() != Segment.OPEN);
    }

    @Override
    boolean appears(long position) {
        return isFound(position, () -> segments().all().length > 0, () -> false);
    }

    /** Looks at the files until something is found, for a while; once only where it is in vain to wait. */
    private boolean isFound(long position, BooleanSupplier found, BooleanSupplier inVain) {
        long deadline = clock().monotonicNanos() + PATIENCE_NANOS;
        while (true) {
            refresh();
            requireKept(position);
            if (found.getAsBoolean()) {
                return true;
            }
            if (inVain.getAsBoolean() || clock().monotonicNanos() >= deadline) {
                return false;
            }
            LockSupport.parkNanos(LONGEST_PAUSE_NANOS);
        }
    }

    /** Whether a segment behind one begins at a position. */
    private boolean isBehind(Segment segment, long position) {
        for (Segment candidate : segments().all()) {
            if (candidate.number() > segment.number() && candidate.basePosition() == position) {
                return true;
            }
        }
        return false;
    }

    @Override
    long openEndOffset(Segment segment) {
        return follower.endOffset(segment);
    }

    @Override
    void learn() {
        follower.learn();
    }

    @Override
    public boolean await(BooleanSupplier condition, long nanos) {
        if (condition.getAsBoolean()) {
            return true;
        }
        long deadline = clock().monotonicNanos() + nanos;
        long pause = SHORTEST_PAUSE_NANOS;
        while (true) {
            long left = deadline - clock().monotonicNanos();
            if (left <= 0 || Thread.currentThread().isInterrupted()) {
                return condition.getAsBoolean();
            }
            LockSupport.parkNanos(Math.min(pause, left));
            if (condition.getAsBoolean()) {
                return true;
            }
            pause = Math.min(2 * pause, LONGEST_PAUSE_NANOS);
        }
    }

    @Override
    public void wake() {
        // who waits looks soon
    }

    @Override
    public void close() {
        closed = true;
        follower.close();
    }
}
