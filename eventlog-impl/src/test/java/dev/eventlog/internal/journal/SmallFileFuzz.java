package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.error.UnknownFormatException;
import dev.eventlog.fuzz.Checksums;
import dev.eventlog.fuzz.FuzzTarget;
import dev.eventlog.fuzz.MemoryFiles;
import dev.eventlog.internal.file.FileHeader;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.frame.FrameView;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The decoders of {@code state}, {@code index/}, {@code log.meta} and of progress. What is read is written again, and must be
 * the same bytes; with a bit flipped it must be refused.
 */
public final class SmallFileFuzz {

    private static final Path FILE = Path.of("/log/file");
    private static final UUID LOG = new UUID(1, 2);

    private SmallFileFuzz() {}

    /** The targets. */
    public static List<FuzzTarget> targets() {
        return List.of(new State(), new Index(), new Meta(), new Told());
    }

    /** A decoder of a file with a header, which says no to all that is damaged. */
    private abstract static class FileTarget implements FuzzTarget {

        private final String name;
        final MemoryFiles files = new MemoryFiles();

        FileTarget(String name) {
            this.name = name;
        }

        @Override
        public final String name() {
            return name;
        }

        @Override
        public final void fuzz(byte[] input) {
            try {
                readTwice(input);
                ByteBuffer right = repaired(input);
                byte[] bytes = right.array();
                readTwice(bytes);
                int bit = Math.floorMod(Arrays.hashCode(input), covered(bytes) * 8);
                bytes[bit >>> 3] ^= (byte) (1 << (bit & 7));
                assertThat(read(bytes)).as("bit %d is flipped", bit).isNull();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void readTwice(byte[] bytes) throws IOException {
            byte[] again = readOrRefuse(bytes);
            assertThat(again == null || Arrays.equals(again, read(again)))
                    .as("what is written again is the same")
                    .isTrue();
        }

        private byte @Nullable [] readOrRefuse(byte[] bytes) throws IOException {
            try {
                return read(bytes);
            } catch (UnknownFormatException newer) {
                assertThat(newer).hasMessageContaining("file=" + FILE);
                return null;
            }
        }

        /** Reads a file and writes what it says anew; null if it is refused. */
        abstract byte @Nullable [] read(byte[] bytes) throws IOException;

        abstract ByteBuffer repaired(byte[] input);

        /** Bytes from the beginning of which a checksum covers each. */
        abstract int covered(byte[] bytes);
    }

    private static final class State extends FileTarget {

        private static final int CRC_OFFSET = 60;
        private static final int WORDS_END = 112;

        State() {
            super("state");
        }

        @Override
        public List<byte[]> seeds() {
            // without the zeros, which a target adds
            return List.of(
                    Arrays.copyOf(written(7, 100, 90, 3), WORDS_END), Arrays.copyOf(written(1, 0, 0, 0), WORDS_END));
        }

        private byte[] written(int epoch, long end, long durable, long first) {
            ByteBuffer bytes = Checksums.file(new byte[0], StateFile.LENGTH, StateFile.MAGIC, LOG);
            bytes.putLong(32, 11).putLong(40, 12).putLong(48, 13).putInt(56, epoch);
            bytes.putInt(CRC_OFFSET, Checksums.crc(bytes, 32, CRC_OFFSET));
            long[] words = {end, durable, first, 0, 0, 0};
            for (int i = 0; i < words.length; i++) {
                bytes.putLong(64 + i * 8, word(words[i]));
            }
            return bytes.array();
        }

        /** The low eight bits check the others. */
        private static long word(long position) {
            return position << 8 | (position * 0x9e3779b97f4a7c15L + 0x5851f42d4c957f2dL) >>> 56;
        }

        @Override
        byte @Nullable [] read(byte[] bytes) throws IOException {
            files.put(FILE, bytes);
            StateFile state = StateFile.read(FILE, LOG, files);
            if (state == null) {
                return null;
            }
            ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            assertThat(state.endPosition()).isEqualTo(position(file, 64));
            assertThat(state.durablePosition()).isEqualTo(position(file, 72));
            assertThat(state.firstPosition()).isEqualTo(position(file, 80));
            assertThat(state.isForceFailed()).isEqualTo(position(file, 88) != 0);
            assertThat(state.isOnlyDurableReadable()).isEqualTo(position(file, 96) == 1);
            assertThat(state.pruningPosition()).isEqualTo(position(file, 104));
            assertThat(state.boot().id()).isEqualTo(new UUID(file.getLong(32), file.getLong(40)));
            assertThat(state.boot().place()).isEqualTo(file.getLong(48));
            assertThat(state.epoch()).isEqualTo(file.getInt(56));
            return bytes;
        }

        private static long position(ByteBuffer file, int offset) {
            long position = file.getLong(offset) >>> 8;
            return word(position) == file.getLong(offset) ? position : StateFile.UNKNOWN;
        }

        @Override
        ByteBuffer repaired(byte[] input) {
            ByteBuffer bytes =
                    Checksums.file(Arrays.copyOf(input, StateFile.LENGTH), StateFile.LENGTH, StateFile.MAGIC, LOG);
            return bytes.putInt(CRC_OFFSET, Checksums.crc(bytes, 32, CRC_OFFSET));
        }

        @Override
        int covered(byte[] bytes) {
            return CRC_OFFSET + 4;
        }
    }

    private static final class Index extends FileTarget {

        private static final String MAGIC = "EVLGINDX";
        private static final int CRC_OFFSET = 44;
        private static final int ENTRIES_OFFSET = 48;
        private static final long SEGMENT = 5;

        Index() {
            super("index");
        }

        @Override
        public List<byte[]> seeds() {
            var index = new SparseIndex();
            for (int i = 0; i < 4; i++) {
                index.add(i * 10L, i * 7L, (long) i * SparseIndex.SPACING + 8);
            }
            try {
                return List.of(written(index), written(new SparseIndex()));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private byte[] written(SparseIndex index) throws IOException {
            IndexFile.write(FILE, LOG, SEGMENT, index, files);
            return files.bytes(FILE);
        }

        @Override
        byte @Nullable [] read(byte[] bytes) throws IOException {
            files.put(FILE, bytes);
            SparseIndex index = IndexFile.read(FILE, LOG, SEGMENT, files);
            if (index == null) {
                return null;
            }
            for (int i = 0; i < index.count(); i++) {
                // a reader begins there
                assertThat(index.offset(i)).isBetween(0L, (long) Integer.MAX_VALUE);
                assertThat(index.position(i)).isNotNegative();
                if (i > 0) {
                    assertThat(index.offset(i)).isGreaterThan(index.offset(i - 1));
                    assertThat(index.position(i)).isGreaterThan(index.position(i - 1));
                }
                assertThat(index.floorPosition(index.position(i))).isEqualTo(i);
            }
            byte[] written = written(index);
            assertThat(written).as("what is read is all that stands there").isEqualTo(bytes);
            return written;
        }

        @Override
        ByteBuffer repaired(byte[] input) {
            int count = Math.max(0, (input.length - ENTRIES_OFFSET) / 24);
            ByteBuffer bytes =
                    Checksums.file(Arrays.copyOf(input, ENTRIES_OFFSET + count * 24), ENTRIES_OFFSET, MAGIC, LOG);
            bytes.putLong(FileHeader.LENGTH, SEGMENT).putInt(FileHeader.LENGTH + 8, count);
            return bytes.putInt(CRC_OFFSET, Checksums.crc(bytes, 32, CRC_OFFSET, ENTRIES_OFFSET, bytes.capacity()));
        }

        @Override
        int covered(byte[] bytes) {
            return bytes.length;
        }
    }

    private static final class Meta extends FileTarget {

        private static final int CRC_OFFSET = 52;
        private static final int LENGTH = 56;

        Meta() {
            super("meta");
        }

        @Override
        public List<byte[]> seeds() {
            try {
                return List.of(
                        written(new LogMeta(LOG, 1_700_000_000_000_000_000L, 0)), written(new LogMeta(LOG, 1, 99)));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private byte[] written(LogMeta meta) throws IOException {
            meta.create(FILE, files);
            return files.bytes(FILE);
        }

        @Override
        byte @Nullable [] read(byte[] bytes) throws IOException {
            LogMeta meta = LogMeta.read(files.put(FILE, bytes));
            if (meta == null) {
                return null;
            }
            byte[] written = written(meta);
            assertThat(written).as("what is read is all that stands there").isEqualTo(Arrays.copyOf(bytes, LENGTH));
            return written;
        }

        @Override
        ByteBuffer repaired(byte[] input) {
            ByteBuffer bytes = Checksums.file(input, LENGTH, "EVLGMETA", LOG);
            bytes.putInt(48, 0);
            return bytes.putInt(CRC_OFFSET, Checksums.crc(bytes, 32, CRC_OFFSET));
        }

        @Override
        int covered(byte[] bytes) {
            return LENGTH;
        }
    }

    /** Progress: as an extension and as a record of a frame whose checksums are right. */
    private static final class Told implements FuzzTarget {

        private final FrameBuilder builder = new FrameBuilder(64 << 10, 16 << 10, FrameBuilder.seed(LOG));
        private final FrameView view = new FrameView(FrameBuilder.seed(LOG));

        @Override
        public String name() {
            return "progress";
        }

        @Override
        public List<byte[]> seeds() {
            return List.of(
                    written(new ReadJournal.Progress(LOG, "billing", 12, 3, 1)),
                    written(new ReadJournal.Progress(new UUID(8, 9), "a".repeat(100), Long.MAX_VALUE, 1, 0)));
        }

        private static byte[] written(ReadJournal.Progress progress) {
            ByteBuffer bytes =
                    ByteBuffer.allocate(ProgressFormat.length(progress)).order(ByteOrder.LITTLE_ENDIAN);
            ProgressFormat.put(bytes, 0, progress);
            return bytes.array();
        }

        @Override
        public void fuzz(byte[] input) {
            ByteBuffer bytes = ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN);
            ReadJournal.Progress told = ProgressFormat.get(bytes, 0, input.length);
            if (told != null) {
                byte[] again = written(told);
                int end = FrameDescriptor.PROGRESS_NAME_OFFSET + told.consumer().length();
                boolean isAscii = told.consumer().chars().allMatch(c -> c < 0x80);
                assertThat(!isAscii || Arrays.equals(again, 8, end, input, 8, end))
                        .as("what is read is what stands there")
                        .isTrue();
                assertThat(ProgressFormat.get(bytes, 0, end - 1)).as("cut").isNull();
            }
            inFrame(input, told);
        }

        private void inFrame(byte[] input, ReadJournal.@Nullable Progress told) {
            byte[] contents = Arrays.copyOf(input, Math.min(input.length, 1_000));
            boolean isRecord = contents.length > 0 && (contents[0] & 1) == 1;
            builder.begin(isRecord ? FrameDescriptor.KIND_CONTROL : FrameDescriptor.KIND_DATA);
            int length = Math.max(8, contents.length);
            int at;
            if (isRecord) {
                at = builder.addRecord(FrameDescriptor.RECORD_PROGRESS, length);
                builder.require(FrameDescriptor.FEATURE_PROGRESS);
            } else {
                at = builder.extend(FrameDescriptor.EXTENSION_PROGRESS, length, FrameDescriptor.FEATURE_PROGRESS);
            }
            if (contents.length > 8) {
                builder.buffer().put(at + 8, contents, 8, contents.length - 8);
            }
            builder.finish();
            builder.stamp(0, 0, 0, 1, 0);
            byte[] frame = new byte[builder.length()];
            builder.buffer().get(0, frame);
            view.wrap(frame, 0);
            assertThat(view.check(frame.length)).isNull();
            var table = new ProgressTable();
            ProgressFormat.addTo(table, view);
            if (told != null && contents.length == input.length) {
                assertThat(table.all()).containsExactly(told);
            }
            assertThat(table.count()).isLessThanOrEqualTo(1);
        }
    }
}
