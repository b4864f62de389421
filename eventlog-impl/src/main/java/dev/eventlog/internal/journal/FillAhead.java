package dev.eventlog.internal.journal;

import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Allocates a segment file ahead of the append position, by writing zeros where nothing was written yet. A store into a
 * mapped page that has no block on the disk faults when the disk is full, and on JDK 17 the error arrives late, after the
 * append returned; so no page is stored into before plain writes have allocated it. A full disk is then an ordinary
 * {@link IOException} before anything is written.
 *
 * <p>The margin is kept because a file system may fault in large units: the unit around the last byte must be allocated
 * whole. Zeros are written in steps of 64 KiB, in the background as a rule; an appender that has caught up waits, and the
 * next rounds reach further.
 *
 * <p>Safe against the appender: it writes below {@code filled - MARGIN}, the filler at {@code filled} and above.
 *
 * <p>A thread of its own fills: a force that takes long must not stall appenders.
 *
 * <p><b>Threading:</b> {@link #require}: the holder of the append lock. {@link #stop}: any thread.
 */
final class FillAhead {

    /** Bytes that are allocated beyond the highest byte of the next append. */
    static final long MARGIN = 2 << 20;

    private static final int STEP = 64 << 10;
    private static final long LOW_WATER = 512 << 10;
    private static final long FIRST_ROUND = 1 << 20;
    private static final long LONGEST_ROUND = 16 << 20;

    /** What a file is filled to before it is used. */
    static final long FIRST_FILL = MARGIN + LOW_WATER + STEP;

    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(STEP).asReadOnlyBuffer();

    private final FileOps.OpenFile file;
    private final IoThread io;
    private final long limit;
    // written on the filling thread, read by the appender; published by volatile
    private volatile long filled;
    // set by the appender, cleared on the filling thread
    private volatile boolean requested;
    // held for each step, so that nothing is written behind stop()
    private final ReentrantLock step = new ReentrantLock();
    // guarded by step
    private boolean stopped;
    // appender's
    private long round = FIRST_ROUND;

    /**
     * @param io the filling thread
     * @param filled bytes of the file that are allocated already
     * @param limit length of the file
     */
    FillAhead(FileOps.OpenFile file, IoThread io, long filled, long limit) {
        this.file = file;
        this.io = io;
        this.filled = filled;
        this.limit = limit;
    }

    /**
     * Makes sure that bytes up to an offset may be stored into the mapped file.
     *
     * @throws IOException if there is no room on the disk: nothing was changed
     */
    void require(long offset) throws IOException {
        long now = filled;
        if (offset + MARGIN > now && now < limit) {
            round = Math.min(LONGEST_ROUND, 2 * round);
            long target = offset + MARGIN + round;
            io.run(() -> fill(offset + MARGIN, target));
        } else if (offset + MARGIN + LOW_WATER > now && now < limit && !requested) {
            requested = true;
            long target = now + round;
            io.later(() -> fillQuietly(target));
        }
    }

    private void fillQuietly(long target) {
        try {
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
        for (long at = filled; at < end; at = filled) {
            try {
                if (!fillStep(at, (int) Math.min(STEP, end - at))) {
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

    private boolean fillStep(long at, int length) throws IOException {
        step.lock();
        try {
            if (stopped) {
                return false;
            }
            file.write(ZEROS.duplicate().limit(length), at);
            filled = at + length;
            return true;
        } finally {
            step.unlock();
        }
    }

    /** Ends filling: nothing is written any more once this returns. */
    void stop() {
        step.lock();
        try {
            stopped = true;
        } finally {
            step.unlock();
        }
    }

    /** Writes a new file that is allocated and all zeros. */
    static void create(FileOps.OpenFile file, long length) throws IOException {
        for (long at = 0; at < length; at += STEP) {
            file.write(ZEROS.duplicate().limit((int) Math.min(STEP, length - at)), at);
        }
    }
}
