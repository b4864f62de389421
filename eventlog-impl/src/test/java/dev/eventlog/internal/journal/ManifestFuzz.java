package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Codec;
import dev.eventlog.error.UnknownFormatException;
import dev.eventlog.fuzz.Checksums;
import dev.eventlog.fuzz.FuzzTarget;
import dev.eventlog.fuzz.MemoryFiles;
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
 * {@link Manifest}: what is read, written anew and read again says the same, and a flipped bit takes away what stands from
 * its record on, no more and no less.
 */
public final class ManifestFuzz implements FuzzTarget {

    private static final Path FILE = Path.of("/log/manifest");
    private static final UUID LOG = new UUID(1, 2);
    private static final int HEADER_LENGTH = 32;

    private final MemoryFiles files = new MemoryFiles();

    @Override
    public String name() {
        return "manifest";
    }

    @Override
    public List<byte[]> seeds() {
        try {
            Manifest manifest = Manifest.create(FILE, LOG, files);
            manifest.rewrite();
            byte[] empty = files.bytes(FILE);
            manifest.addEpoch(new Manifest.Epoch(1, 0, 99, new UUID(5, 6)));
            for (int i = 1; i <= 3; i++) {
                manifest.dictionary().addSchema(i, new Codec.Schema("type-" + i, i, "a/b"));
                manifest.dictionary().addSource(i, "source-" + i);
                var segment = new Segment(i, 1, i * 10L);
                segment.tell(List.of(new ReadJournal.Progress(LOG, "billing", i, 1, 0)));
                segment.seal(new Segment.SegmentEnd(i * 10L + 10, 5000 + i, i, i + 1, 77 + i));
                manifest.addSegment(segment);
            }
            manifest.addFoundDamage(new Manifest.Damaged(2, 21, 22, 100, 200));
            manifest.addPruned(new Manifest.Pruned(1, 20, 2));
            byte[] appended = files.bytes(FILE);
            manifest.rewrite();
            return List.of(empty, appended, files.bytes(FILE));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void fuzz(byte[] input) {
        try {
            read(input);
            byte[] right = repaired(input);
            Manifest read = read(right);
            if (read != null && right.length > HEADER_LENGTH) {
                flip(right, Math.floorMod(Arrays.hashCode(input), (right.length - HEADER_LENGTH) * 8));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void flip(byte[] right, int number) throws IOException {
        int at = HEADER_LENGTH + (number >>> 3);
        byte[] flipped = right.clone();
        flipped[at] ^= (byte) (1 << (number & 7));
        Manifest read = read(flipped);
        assertThat(read).isNotNull();
        int record = HEADER_LENGTH;
        ByteBuffer bytes = ByteBuffer.wrap(right).order(ByteOrder.LITTLE_ENDIAN);
        while (record + 4 <= right.length && bytes.getInt(record) > 0 && record + bytes.getInt(record) <= at) {
            record += bytes.getInt(record);
        }
        Manifest cut = read(Arrays.copyOf(right, record));
        assertThat(read.isDamaged()).isTrue();
        assertThat(said(read)).as("flipped at %d", at).isEqualTo(said(cut));
    }

    /** Lets each record have a length that fits, and its checksum. */
    private static byte[] repaired(byte[] input) {
        ByteBuffer bytes = Checksums.file(input, HEADER_LENGTH, Manifest.MAGIC, LOG);
        int at = HEADER_LENGTH;
        while (bytes.capacity() - at >= 16) {
            int recordLength = bytes.getInt(at) & ~7;
            int left = (bytes.capacity() - at) & ~7;
            if (recordLength < 16 || recordLength > left) {
                recordLength = Math.min(left, 48);
            }
            bytes.putInt(at, recordLength);
            bytes.putInt(at + 4, Checksums.crc(bytes, at + 8, at + recordLength));
            at += recordLength;
        }
        return Arrays.copyOf(bytes.array(), at);
    }

    private @Nullable Manifest read(byte[] bytes) throws IOException {
        files.put(FILE, bytes);
        Manifest read;
        try {
            read = Manifest.read(FILE, LOG, files);
        } catch (UnknownFormatException newer) {
            assertThat(newer).hasMessageContaining("file=" + FILE);
            return null;
        }
        if (read != null) {
            String said = said(read);
            read.rewrite();
            Manifest again = Manifest.read(FILE, LOG, files);
            assertThat(again).isNotNull();
            assertThat(again.isDamaged()).as("what is made anew is right").isFalse();
            assertThat(said(again)).isEqualTo(said(read));
            // the epochs that nobody needs are left out where something is pruned
            assertThat(read.pruned() != null || said.equals(said(again))).isTrue();
        }
        return read;
    }

    private static String said(Manifest manifest) {
        var segments = new StringBuilder();
        for (Segment segment : manifest.segments()) {
            segments.append(segment.number()).append(' ').append(segment.epoch());
            segments.append(' ').append(segment.basePosition()).append(' ').append(segment.endPosition());
            segments.append(' ').append(segment.endOffset()).append(' ').append(segment.firstTimeNanos());
            segments.append(' ')
                    .append(segment.lastTimeNanos())
                    .append(' ')
                    .append(segment.lastCrc())
                    .append('\n');
        }
        return "" + (manifest.pruned() == null ? manifest.epochs() : "") + manifest.pruned() + segments
                + manifest.damages() + manifest.dictionary().schemas()
                + manifest.dictionary().sources()
                + manifest.progress().all();
    }
}
