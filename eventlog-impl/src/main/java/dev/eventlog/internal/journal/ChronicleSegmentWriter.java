package dev.eventlog.internal.journal;

import dev.eventlog.internal.file.FileOps;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.file.Path;
import java.util.Objects;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.BytesStore;
import net.openhft.chronicle.core.io.ReferenceOwner;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.impl.ExcerptContext;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.wire.DocumentContext;
import net.openhft.chronicle.wire.Wire;
import org.jspecify.annotations.Nullable;

/**
 * Writes one segment through a Chronicle queue of its own, which holds nothing else and never rolls.
 *
 * <p>One chunk maps the whole segment, so appending never maps. The first frame goes through the appender, which sets
 * Chronicle's own index and write position; the others into its mapping, in the form of its documents: copy the body,
 * then set the header. Chronicle's lock, index and write position are left out there: the append lock is held,
 * the directory is ours alone, and nobody opens the file with Chronicle again.
 *
 * <p><b>Threading:</b> One thread at a time: the one that holds the append lock; begun and closed on the I/O thread.
 */
final class ChronicleSegmentWriter implements SegmentWriter {

    /** Chronicle's file for its locks and listings. */
    static final String METADATA_FILE = "metadata.cq4t";

    /** Length of {@link #METADATA_FILE}. */
    static final long METADATA_LENGTH = 128 << 10;

    /** A data file prepared for the one cycle that a queue of ours is in; Chronicle renames it. */
    static final String DATA_FILE = "19700102E.precreated";

    private static final int DOCUMENT_HEADER_LENGTH = 4;
    /** Chronicle zeroes this much behind a document. */
    private static final int CLEARED_LENGTH = 8;

    private static final long BLOCK_ALIGNMENT = 64 << 10;

    private final SingleChronicleQueue queue;
    private final ExcerptAppender appender;
    private final Path file;
    private final long capacity;
    private final Opened opened;
    private @Nullable Wire wire;
    private long endOffset;
    // by forcing threads, as a rule one at a time; a lower value than another's makes the next force longer, no more
    private volatile long forcedOffset;

    private ChronicleSegmentWriter(
            SingleChronicleQueue queue, ExcerptAppender appender, Path file, long capacity, Opened opened) {
        this.queue = queue;
        this.appender = appender;
        this.file = file;
        this.capacity = capacity;
        this.opened = opened;
        this.endOffset = DocumentHeader.firstFree(opened.readable());
    }

    /**
     * Creates the queue in a directory that holds {@link #METADATA_FILE} and {@link #DATA_FILE}, zeros and allocated:
     * Chronicle takes them for its own and stores into no other page.
     *
     * @param opener opens the data file beside Chronicle
     */
    static ChronicleSegmentWriter create(Path directory, long capacity, Opener opener) throws IOException {
        long block = mappedLength(capacity);
        SingleChronicleQueue queue = null;
        FillAhead.PageToucher toucher = null;
        boolean created = false;
        try {
            queue = SingleChronicleQueueBuilder.binary(directory)
                    .rollCycle(new SegmentRollCycle())
                    .timeProvider(() -> SegmentRollCycle.TIME_MILLIS)
                    .blockSize(block)
                    .timeoutMS(1_000)
                    .build();
            if (queue.metaStore().readOnly()) {
                throw new IOException("Chronicle Queue could only open it read-only (no space left on device,"
                        + " or no permission to write): " + directory);
            }
            ExcerptAppender appender = queue.createAppender();
            appender.singleThreadedCheckDisabled(true);
            try (DocumentContext document = appender.writingDocument(true)) {
                Wire opening = Objects.requireNonNull(document.wire());
                opening.bytes().writeInt(0);
            }
            Path file = Objects.requireNonNull(appender.currentFile()).toPath();
            toucher = toucher(appender);
            var writer = new ChronicleSegmentWriter(queue, appender, file, capacity, opener.open(file, toucher));
            created = true;
            return writer;
        } catch (IOException | RuntimeException | Error e) {
            throw e instanceof IOException io
                    ? io
                    : new IOException("segment could not be begun: " + directory + " (" + root(e) + ")", e);
        } finally {
            if (!created) {
                if (toucher != null) {
                    toucher.close();
                }
                if (queue != null) {
                    queue.close();
                }
            }
        }
    }

    /** Bytes that are mapped of a segment: all of them are to be allocated before the last one is used. */
    static long mappedLength(long capacity) {
        return (capacity + BLOCK_ALIGNMENT - 1) / BLOCK_ALIGNMENT * BLOCK_ALIGNMENT;
    }

    /** Keeps the mapping until it is closed, whatever becomes of the queue. */
    private static FillAhead.PageToucher toucher(ExcerptAppender appender) throws IOException {
        Wire wire = ((ExcerptContext) appender).wire();
        BytesStore<?, ?> mapped = wire == null ? null : wire.bytes().bytesStore();
        if (mapped == null) {
            throw new IOException("Chronicle Queue has not mapped its file");
        }
        ReferenceOwner owner = ReferenceOwner.temporary("eventlog-fill");
        mapped.reserve(owner);
        return new FillAhead.PageToucher() {
            @Override
            public void touch(long offset) {
                mapped.compareAndSwapInt(offset, 0, 0);
            }

            @Override
            public void close() {
                mapped.release(owner);
            }
        };
    }

    /** What is at the bottom of an error of Chronicle, and what to do where that is known. */
    private static String root(Throwable error) {
        Throwable root = error;
        for (int depth = 0; depth < 16 && root.getCause() != null; depth++) {
            root = root.getCause();
        }
        boolean unsafe = root instanceof UnsupportedOperationException;
        return root + (unsafe ? "; start java with --sun-misc-unsafe-memory-access=allow" : "");
    }

    /** Opens a data file beside Chronicle. */
    @FunctionalInterface
    interface Opener {
        Opened open(Path file, FillAhead.PageToucher toucher) throws IOException;
    }

    /**
     * A data file as we hold it beside Chronicle.
     *
     * @param readable its bytes for reading
     * @param forIoThread to force it by
     * @param forLeaders the same through another opening of the file: a disk tells each opening once that it lost
     *     something, so two threads that force at the same time must not share one
     * @param fillAhead allocates it
     */
    record Opened(ByteBuffer readable, Forceable forIoThread, Forceable forLeaders, FillAhead fillAhead) {}

    /** An open file and its bytes as they can be forced; nothing is stored through them. */
    record Forceable(FileOps.OpenFile channel, MappedByteBuffer mapped) {}

    @Override
    public void reserve(long offset) throws IOException {
        opened.fillAhead().require(offset + CLEARED_LENGTH);
    }

    @Override
    public long append(ByteBuffer frame, int length) {
        Wire open = wire;
        if (open == null) {
            return appendFirst(frame, length);
        }
        long offset = endOffset;
        BytesStore<?, ?> mapped = open.bytes().bytesStore();
        assert mapped != null;
        if (mapped.readVolatileInt(offset) != 0) {
            throw broken("segment was written by somebody else", offset);
        }
        mapped.write(offset + DOCUMENT_HEADER_LENGTH, frame, 0, length);
        // no compare-and-set: the append lock is held, and where the file was cut one ends the JVM on Java 17
        mapped.writeOrderedInt(offset, length);
        if (mapped.readVolatileInt(offset) != length) {
            throw broken("segment was cut", offset);
        }
        endOffset = offset + DOCUMENT_HEADER_LENGTH + length;
        return offset;
    }

    private IllegalStateException broken(String what, long offset) {
        InternalError late = LateFault.take();
        return new IllegalStateException(
                (late == null ? what : "segment was cut, or its disk cannot be written") + ": file=" + file + " offset="
                        + offset,
                late);
    }

    private long appendFirst(ByteBuffer frame, int length) {
        long offset = endOffset;
        BytesStore<?, ByteBuffer> source = BytesStore.wrap(frame);
        Bytes<ByteBuffer> bytes = source.bytesForRead();
        try {
            bytes.readPositionRemaining(0, length);
            appender.writeBytes(bytes);
        } finally {
            bytes.releaseLast();
        }
        Wire first = ((ExcerptContext) appender).wire();
        if (first == null || first.bytes().writePosition() != offset + DOCUMENT_HEADER_LENGTH + length) {
            throw new IllegalStateException(
                    "first frame is not where it should be: file=" + file + " offset=" + offset);
        }
        wire = first;
        endOffset = first.bytes().writePosition();
        return offset;
    }

    @Override
    public long endOffset() {
        return endOffset;
    }

    @Override
    public long capacity() {
        return capacity - CLEARED_LENGTH;
    }

    @Override
    public ByteBuffer readable() {
        return opened.readable();
    }

    /** Forces all of it; no frame is added meanwhile. */
    void force(boolean isIoThread) throws IOException {
        force(endOffset, isIoThread);
    }

    /**
     * Forces what lies between the last force and an offset: not what is filled ahead, which would be written twice.
     *
     * @param isIoThread whether the I/O thread calls rather than the leader of a group
     */
    void force(long offset, boolean isIoThread) throws IOException {
        long from = forcedOffset;
        if (offset > from) {
            Forceable file = isIoThread ? opened.forIoThread() : opened.forLeaders();
            file.channel().force(file.mapped(), (int) from, (int) (offset - from));
            forcedOffset = offset;
        }
    }

    /** How far the segment is filled ahead. */
    long ahead() {
        return opened.fillAhead().ahead();
    }

    /** The file that is written. */
    Path file() {
        return file;
    }

    /** Ends the filling and lets Chronicle go; it unmaps in the background. */
    void close() {
        opened.fillAhead().stop();
        queue.close();
    }
}
