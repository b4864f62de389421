package dev.eventlog.internal.journal;

import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.support.Clock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Allocates a segment file ahead of the append position, by writing zeros where nothing was written yet. A store into a
 * mapped page that has no block on the disk faults when the disk is full, and on JDK 17 the error arrives late, after the
 * append returned; so no page is stored into before plain writes have allocated it. A full disk is then an ordinary
 * {@link IOException} before anything is written. What the appender may use of it is then touched through its mapping, so
 * that the page faults are taken here and not by the appender.
 *
 * <p>The margin is kept because a file system may fault in large units: the unit around the last byte must be allocated
 * whole. How far the filling goes beyond it follows the rate: a log that asks again soon gets twice as much, one that is
 * quiet half. A fast log is filled in large steps, which cost less; a slow one, and one whose events are forced one by
 * one, in small steps, because a force writes the whole unit that an event lies in, and the unit is as large as the step
 * was. An appender that has caught up with the filling waits.
 *
 * <p>Safe against the appender: it writes below {@code filled - MARGIN}, the filler at {@code filled} and above. Touching
 * swaps a zero for a zero, which changes nothing wherever it happens.
 *
 * <p>A thread of its own fills: a force that takes long must not stall appenders.
 *
 * <p><b>Threading:</b> {@link #require}: the holder of the append lock. {@link #stop}: any thread. <b>Allocation:</b> one
 * task for each request in the background.
 */
final class FillAhead {

    /** Bytes that are allocated beyond the highest byte of the next append. */
    static final long MARGIN = 2 << 20;

    /** {@link #ahead} of a quiet log. */
    static final long LEAST_AHEAD = 512 << 10;

    private static final long MOST_AHEAD = 32 << 20;
    /** From here on the log counts as fast. */
    private static final long FAST_AHEAD = 4 << 20;

    private static final int SMALL_STEP = 8 << 10;
    private static final int LARGE_STEP = 64 << 10;
    /** For a fast log: a page costs half of what it does in large steps, most of that in fewer page faults. */
    private static final int HUGE_STEP = 1 << 20;

    private static final int PAGE = 4 << 10;
    private static final long WAIT_NANOS = TimeUnit.MICROSECONDS.toNanos(20);
    private static final long SOON_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long LATE_NANOS = TimeUnit.SECONDS.toNanos(10);

    /** What a file is filled to before it is used. */
    static final long FIRST_FILL = MARGIN + LEAST_AHEAD;

    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(HUGE_STEP).asReadOnlyBuffer();

    private final FileOps.OpenFile file;
    private final IoThread io;
    private final long limit;
    private final PageToucher toucher;
    private final Clock clock;
    private final boolean isForcedOften;
    // written on the filling thread, read by the appender; published by volatile
    private volatile long filled;
    // set by the appender, cleared on the filling thread
    private volatile boolean requested;
    // held for each step, so that nothing is written or touched behind stop()
    private final ReentrantLock step = new ReentrantLock();
    // guarded by step
    private boolean stopped;
    private long touched;
    // written by the appender, read by the I/O thread that begins the next segment: any that was right once will do
    private volatile long ahead;
    // appender's
    private long requestedNanos;

    /** Makes pages writable through the mapping that the appender uses. */
    interface PageToucher extends AutoCloseable {
        /** Touches the page at an offset of the file and leaves its bytes as they are. */
        void touch(long offset);

        /** Lets the mapping go. */
        @Override
        void close();
    }

    /**
     * Begins to fill in the background, where the segment before was filled fast.
     *
     * @param file begun with {@link #create}
     * @param limit bytes that the appender may use; all of them are mapped
     * @param io the filling thread
     * @param pace of the log
     */
    FillAhead(FileOps.OpenFile file, long limit, PageToucher toucher, IoThread io, Clock clock, Pace pace) {
        isForcedOften = pace.isForcedOften();
        long ahead = pace.ahead();
        this.file = file;
        this.io = io;
        this.limit = limit;
        this.toucher = toucher;
        this.clock = clock;
        this.ahead = ahead;
        filled = FIRST_FILL;
        requestedNanos = clock.monotonicNanos();
        if (ahead > LEAST_AHEAD) {
            requested = true;
            io.later(() -> fillQuietly(0, MARGIN + ahead));
        }
    }

    /**
     * How a log is used.
     *
     * @param isForcedOften whether single events will be forced, and with each the whole step that it lies in
     * @param ahead that of the segment before, or {@link #LEAST_AHEAD}
     */
    record Pace(boolean isForcedOften, long ahead) {}

    /** How far the filling goes beyond the margin, at the rate of this log. */
    long ahead() {
        return ahead;
    }

    /**
     * Makes sure that bytes up to an offset may be stored into the mapped file.
     *
     * @throws IOException if there is no room on the disk: nothing was changed
     */
    void require(long offset) throws IOException {
        long needed = offset + MARGIN;
        if (needed + (ahead >> 1) <= filled || filled >= limit) {
            return;
        }
        if (needed > filled && requested) {
            await(needed);
        }
        if (needed > filled) {
            io.run(() -> fill(needed, needed));
        }
        if (!requested) {
            requested = true;
            adapt();
            long target = needed + ahead;
            io.later(() -> fillQuietly(offset, target));
        }
    }

    /** Waits for a filling that is under way, as far as it helps. */
    private void await(long needed) {
        boolean interrupted = false;
        while (requested && needed > filled) {
            LockSupport.parkNanos(WAIT_NANOS);
            // with the flag set no park would wait
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void adapt() {
        long now = clock.monotonicNanos();
        long pause = now - requestedNanos;
        requestedNanos = now;
        if (pause < SOON_NANOS) {
            ahead = Math.min(MOST_AHEAD, 2 * ahead);
        } else if (pause > LATE_NANOS) {
            ahead = Math.max(LEAST_AHEAD, ahead >> 1);
        }
    }

    private void fillQuietly(long offset, long target) {
        try {
            touch(offset);
            fill(0, target);
        } catch (IOException full) {
            // the appender meets it when it gets there, and then there may be room again
        } finally {
            requested = false;
        }
    }

    /** Fills up to a target; fails only if not even what is needed could be filled. */
    private void fill(long needed, long target) throws IOException {
        long end = Math.min(target, limit);
        int longest = longestStep(end - filled);
        for (long at = filled; at < end; at = filled) {
            try {
                // aligned: the page cache makes units of that size only then
                if (!fillStep(at, (int) Math.min(longest - at % longest, end - at))) {
                    return;
                }
            } catch (IOException e) {
                if (at >= Math.min(needed, limit)) {
                    return;
                }
                throw e;
            }
        }
    }

    private int longestStep(long length) {
        if (length < FAST_AHEAD / 2) {
            return SMALL_STEP;
        }
        return length < FAST_AHEAD || isForcedOften ? LARGE_STEP : HUGE_STEP;
    }

    private boolean fillStep(long at, int length) throws IOException {
        step.lock();
        try {
            if (stopped) {
                return false;
            }
            requireWhole();
            file.write(ZEROS.duplicate().limit(length), at);
            filled = at + length;
            touchFilled();
            return true;
        } finally {
            step.unlock();
        }
    }

    /** A write behind the end of a file that somebody cut would make it as long as it was, and full of holes. */
    private void requireWhole() throws IOException {
        if (file.length() < Math.min(filled, limit)) {
            throw new IOException(
                    "file was truncated to " + file.length() + " bytes, it had " + filled + " or more: " + file.path());
        }
    }

    /** Touches what is filled already, from the append position on. */
    private void touch(long offset) throws IOException {
        step.lock();
        try {
            if (!stopped) {
                requireWhole();
                touched = Math.max(touched, offset & -PAGE);
                touchFilled();
            }
        } finally {
            step.unlock();
        }
    }

    /** Touches what the appender may store into, and no more: a touch is a store, and needs the margin as well. */
    private void touchFilled() {
        // what is beyond the limit is not mapped
        for (long end = filled >= limit ? limit : filled - MARGIN; touched < end; touched += PAGE) {
            toucher.touch(touched);
        }
    }

    /** Ends filling and lets the mapping go: nothing is written or touched any more once this returns. */
    void stop() {
        step.lock();
        try {
            if (!stopped) {
                stopped = true;
                toucher.close();
            }
        } finally {
            step.unlock();
        }
    }

    /**
     * Writes a new file that is allocated and all zeros.
     *
     * @param isForcedOften whether single events will be forced: then in small steps
     */
    static void create(FileOps.OpenFile file, long length, boolean isForcedOften) throws IOException {
        int longest = isForcedOften ? SMALL_STEP : LARGE_STEP;
        for (long at = 0; at < length; at += longest) {
            file.write(ZEROS.duplicate().limit((int) Math.min(longest, length - at)), at);
        }
    }
}
