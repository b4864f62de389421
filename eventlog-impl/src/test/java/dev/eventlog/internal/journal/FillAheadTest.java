package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.support.Seed;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The filling of a segment ahead of its appender, on a file that keeps count. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FillAheadTest {

    private static final long MIB = 1 << 20;
    private static final long LIMIT = 64 * MIB;

    private final IoThread filling = new IoThread("filling", null);
    private final SteppingClock clock = new SteppingClock();
    private final CountingFile file = new CountingFile();

    @AfterEach
    void close() {
        file.held = false;
        filling.close();
    }

    /** Takes zeros behind what it has, and nothing else. */
    private static final class CountingFile implements FileOps.OpenFile, FillAhead.PageToucher {

        volatile long length = FillAhead.FIRST_FILL;
        volatile long limit = LIMIT;
        volatile long room = Long.MAX_VALUE;
        // what the appender may have stored into
        volatile long granted;
        volatile boolean held;
        volatile boolean stopped;
        volatile int writes;
        volatile int longestWrite;
        volatile long touched;
        volatile long touches;
        volatile @Nullable String wrong;

        private void check(boolean right, String what) {
            if (!right && wrong == null) {
                wrong = what;
            }
        }

        @Override
        public void write(ByteBuffer source, long offset) throws IOException {
            while (held) {
                LockSupport.parkNanos(10_000);
            }
            check(!stopped, "written behind the stop");
            check(offset == length, "written at " + offset + " and not at the end " + length);
            check(offset >= granted, "written at " + offset + " below what was granted: " + granted);
            check(offset + source.remaining() <= limit, "written beyond the limit");
            if (offset + source.remaining() > room) {
                throw new IOException("No space left on device");
            }
            writes++;
            longestWrite = Math.max(longestWrite, source.remaining());
            while (source.hasRemaining()) {
                check(source.get() == 0, "written no zero");
            }
            length = offset + source.limit();
        }

        @Override
        public void touch(long offset) {
            check(!stopped, "touched behind the stop");
            check(offset % 4096 == 0, "touched amid a page");
            check(offset < limit, "touched beyond the limit");
            // a touch is a store, and the file system may take room for a large unit around it
            check(offset + FillAhead.MARGIN < length || length >= limit, "touched within the margin");
            touched = offset;
            touches++;
        }

        @Override
        public void close() {
            check(!stopped, "stopped twice");
            stopped = true;
        }

        @Override
        public Path path() {
            return Path.of("counting");
        }

        @Override
        public long length() {
            return length;
        }

        @Override
        public int read(ByteBuffer target, long offset) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void force() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void force(MappedByteBuffer mapped, int offset, int forced) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void truncate(long shorter) {
            throw new UnsupportedOperationException();
        }

        @Override
        public MappedByteBuffer map(boolean writable, long mapped) {
            throw new UnsupportedOperationException();
        }

        @Override
        public @Nullable FileLock tryLock() {
            throw new UnsupportedOperationException();
        }
    }

    private FillAhead fillAhead(long limit, long ahead) {
        file.limit = Math.max(limit, FillAhead.FIRST_FILL);
        return new FillAhead(file, limit, file, filling, clock, new FillAhead.Pace(false, ahead));
    }

    private void settle() throws IOException {
        filling.run(() -> {});
    }

    @Test
    void whatIsGrantedWasWrittenWithItsMarginAndIsNotWrittenAgain() throws IOException {
        Seed seed = Seed.of(FillAheadTest.class);
        SplittableRandom random = seed.random();
        FillAhead fill = fillAhead(LIMIT, FillAhead.LEAST_AHEAD);
        long offset = 0;
        while (offset < LIMIT) {
            offset = Math.min(LIMIT, offset + random.nextInt(1 + random.nextInt(400_000)));
            fill.require(offset);
            assertThat(file.length).as("%s", seed).isGreaterThanOrEqualTo(Math.min(LIMIT, offset + FillAhead.MARGIN));
            file.granted = offset;
            clock.nanos += random.nextLong(SteppingClock.SECOND);
        }
        settle();
        assertThat(file.wrong).as("%s", seed).isNull();
        assertThat(file.length).isEqualTo(LIMIT);
        assertThat(file.touched).isEqualTo(LIMIT - 4096);
        fill.stop();
        assertThat(file.stopped).isTrue();
    }

    @Test
    void nothingIsWrittenOrTouchedBehindTheStop() throws IOException {
        for (int round = 0; round < 200; round++) {
            var counting = new CountingFile();
            var fill = new FillAhead(counting, LIMIT, counting, filling, clock, new FillAhead.Pace(false, 8 * MIB));
            long until = round * 10L;
            while (counting.touches < until) {
                Thread.onSpinWait();
            }
            fill.stop();
            long length = counting.length;
            long touches = counting.touches;
            settle();
            assertThat(counting.wrong).isNull();
            assertThat(counting.length).isEqualTo(length);
            assertThat(counting.touches).isEqualTo(touches);
            fill.stop();
        }
    }

    @Test
    void segmentsSmallerThanTheFirstFillAreNeitherWrittenNorTouched() throws IOException {
        FillAhead fill = fillAhead(MIB, FillAhead.LEAST_AHEAD);
        for (long offset = 0; offset <= MIB; offset += 1000) {
            fill.require(offset);
        }
        settle();
        assertThat(file.writes).isZero();
        assertThat(file.touches).isZero();
        assertThat(file.wrong).isNull();
    }

    @Test
    void touchingEndsAtTheLimitWhereTheFileIsLonger() throws IOException {
        file.limit = FillAhead.FIRST_FILL;
        long limit = FillAhead.FIRST_FILL - 100_000;
        var fill = new FillAhead(file, limit, file, filling, clock, new FillAhead.Pace(false, 4 * MIB));
        settle();
        fill.require(limit);
        settle();
        assertThat(file.wrong).isNull();
        assertThat(file.writes).isZero();
        assertThat(file.touched).isBetween(limit - 4096, limit - 1);
    }

    @Test
    void fastLogIsFilledFurtherAheadInLargeStepsAndAQuietOneLess() throws IOException {
        FillAhead fill = fillAhead(LIMIT * 8, FillAhead.LEAST_AHEAD);
        long offset = 0;
        for (int i = 0; i < 200; i++) {
            offset += 256 << 10;
            fill.require(offset);
            settle();
            clock.nanos += 1_000_000;
        }
        assertThat(fill.ahead()).isEqualTo(32 * MIB);
        assertThat(file.longestWrite).isEqualTo(1 << 20);
        for (int i = 0; i < 300; i++) {
            offset += 512 << 10;
            clock.nanos += 11 * SteppingClock.SECOND;
            fill.require(offset);
            settle();
        }
        assertThat(fill.ahead()).isEqualTo(FillAhead.LEAST_AHEAD);
        file.longestWrite = 0;
        offset += 2 * MIB;
        fill.require(offset);
        settle();
        assertThat(file.longestWrite).isEqualTo(8 << 10);
        assertThat(file.wrong).isNull();
    }

    @Test
    void logWhoseEventsAreForcedIsNotFilledInHugeSteps() throws IOException {
        var fill = new FillAhead(file, LIMIT, file, filling, clock, new FillAhead.Pace(true, 32 * MIB));
        settle();
        assertThat(file.longestWrite).isEqualTo(64 << 10);
        assertThat(fill.ahead()).isEqualTo(32 * MIB);
        assertThat(file.wrong).isNull();
    }

    @Test
    void segmentBehindAFastOneIsFilledFromTheBeginning() throws IOException {
        FillAhead fill = fillAhead(LIMIT, 16 * MIB);
        settle();
        assertThat(file.length).isEqualTo(FillAhead.MARGIN + 16 * MIB);
        assertThat(file.touched).isEqualTo(16 * MIB - 4096);
        assertThat(file.touches).isEqualTo(16 * MIB / 4096);
        assertThat(fill.ahead()).isEqualTo(16 * MIB);
    }

    @Test
    void fullDiskIsMetByTheAppenderWhenItGetsThereAndNotBefore() throws IOException {
        FillAhead fill = fillAhead(LIMIT, FillAhead.LEAST_AHEAD);
        file.room = 3 * MIB;
        for (long offset = 0; offset + FillAhead.MARGIN <= file.room; offset += 10_000) {
            fill.require(offset);
            file.granted = offset;
            settle();
        }
        long beyond = file.room - FillAhead.MARGIN + 1;
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> fill.require(beyond))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("No space");
            fill.require(file.granted);
        }
        file.room = Long.MAX_VALUE;
        fill.require(beyond);
        assertThat(file.length).isGreaterThanOrEqualTo(beyond + FillAhead.MARGIN);
        settle();
        assertThat(file.wrong).isNull();
    }

    @Test
    void appenderThatHasCaughtUpWaitsForTheFillingThatIsUnderWay() throws Exception {
        FillAhead fill = fillAhead(LIMIT, FillAhead.LEAST_AHEAD);
        file.held = true;
        // asks for more in the background
        fill.require(FillAhead.LEAST_AHEAD);
        long needed = FillAhead.LEAST_AHEAD + 20_000;
        var appender = new Thread[1];
        CompletableFuture<Void> requiring = new CompletableFuture<>();
        appender[0] = new Thread(() -> {
            try {
                Thread.currentThread().interrupt();
                fill.require(needed);
                assertThat(Thread.currentThread().isInterrupted()).isTrue();
                requiring.complete(null);
            } catch (Throwable e) {
                requiring.completeExceptionally(e);
            }
        });
        appender[0].start();
        while (appender[0].getState() == Thread.State.NEW || !isIn(appender[0], "await")) {
            assertThat(requiring.isDone()).isFalse();
        }
        // room for what is needed, not for all that is wished for
        file.room = needed + FillAhead.MARGIN + 8192;
        file.held = false;
        requiring.get(30, TimeUnit.SECONDS);
        assertThat(file.length).isGreaterThanOrEqualTo(needed + FillAhead.MARGIN);
        settle();
        assertThat(file.wrong).isNull();
    }

    private static boolean isIn(Thread thread, String method) {
        for (StackTraceElement frame : thread.getStackTrace()) {
            if (frame.getMethodName().equals(method)) {
                return true;
            }
        }
        return false;
    }
}
