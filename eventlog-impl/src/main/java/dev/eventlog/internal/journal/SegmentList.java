package dev.eventlog.internal.journal;

import dev.eventlog.error.EventLogException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The segments of a journal, oldest first, the last of which is being written, and what readers get from them. The holder
 * of the append lock changes the list at its end, the I/O thread takes pruned ones from its front. In a process that reads
 * what another one writes, the I/O thread makes the list anew.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
final class SegmentList {

    private final AtomicReference<Segment[]> segments;
    private final SegmentSource source;
    private final @Nullable Path directory;

    /**
     * @param sealed those that are there, oldest first
     * @param directory real path of the log; null in memory
     */
    SegmentList(List<Segment> sealed, SegmentSource source, @Nullable Path directory) {
        segments = new AtomicReference<>(sealed.toArray(Segment[]::new));
        this.source = source;
        this.directory = directory;
    }

    /** All of them; not to be changed. */
    Segment[] all() {
        return segments.get();
    }

    /** The last; null if there is none yet. */
    @Nullable
    Segment last() {
        Segment[] known = all();
        return known.length == 0 ? null : known[known.length - 1];
    }

    /** Adds a segment at the end. Under the append lock. */
    void add(Segment begun) {
        segments.updateAndGet(known -> appended(known, begun));
    }

    /** Puts a segment in the place of the last, which has no event. Under the append lock. */
    void replaceLast(Segment begun) {
        segments.updateAndGet(known -> appended(Arrays.copyOf(known, known.length - 1), begun));
    }

    /** Puts others in the place of all of them. On the I/O thread of a process that writes none. */
    void replaceAll(List<Segment> found) {
        segments.set(found.toArray(Segment[]::new));
    }

    private static Segment[] appended(Segment[] known, Segment last) {
        Segment[] grown = Arrays.copyOf(known, known.length + 1);
        grown[known.length] = last;
        return grown;
    }

    /** Takes pruned segments, the oldest ones, from what new readers find. On the I/O thread. */
    void removeOldest(int count) {
        segments.updateAndGet(known -> Arrays.copyOfRange(known, count, known.length));
    }

    /** The bytes of a segment; null if it was pruned. */
    @Nullable
    ByteBuffer bytes(Segment segment) {
        try {
            return segment.bytes(source);
        } catch (IOException e) {
            if (segment.isPruned()) {
                return null;
            }
            throw unreadable("mapping", segment, e);
        }
    }

    /** The index of a segment; an empty one, which is right and slow, if it was pruned. */
    SparseIndex index(Segment segment) {
        try {
            return segment.index(source);
        } catch (IOException e) {
            if (segment.isPruned()) {
                return new SparseIndex();
            }
            throw unreadable("reading the index of", segment, e);
        }
    }

    /** A file that is not there is damage; one that cannot be opened now may be whole. */
    private EventLogException unreadable(String doing, Segment segment, IOException e) {
        return e instanceof NoSuchFileException
                ? Corruption.at(
                        "file was deleted or renamed",
                        file(segment),
                        0,
                        segment.basePosition(),
                        segment.endPosition(),
                        e)
                : Corruption.io(doing + " " + segment, file(segment), e);
    }

    /**
     * Bytes from a position to the end, exact to the spacing of the sparse index.
     *
     * @param openEndOffset tells where the segment ends that is being written
     */
    long lengthFrom(long position, ToLongFunction<Segment> openEndOffset) {
        long total = 0;
        for (Segment segment : all()) {
            long end = segment.endOffset();
            if (segment.endPosition() <= position && end != Segment.OPEN) {
                continue;
            }
            long until = end == Segment.OPEN ? openEndOffset.applyAsLong(segment) : end;
            total += until - (segment.basePosition() >= position ? 0 : offsetBefore(segment, position));
        }
        return total;
    }

    private long offsetBefore(Segment segment, long position) {
        SparseIndex known = index(segment);
        int entry = known.floorPosition(position);
        return entry < 0 ? 0 : known.offset(entry);
    }

    /** A reader leaves a segment. */
    void left(Segment segment) {
        if (segment.leave()) {
            source.release();
        }
    }

    /** The file of a segment, for messages. */
    Path file(Segment segment) {
        if (directory == null) {
            return Path.of("memory");
        }
        String name = String.format("%010d", segment.number());
        return segment.endOffset() == Segment.OPEN
                ? directory.resolve("active").resolve(name)
                : directory.resolve("segments").resolve(name + ".segment");
    }
}
