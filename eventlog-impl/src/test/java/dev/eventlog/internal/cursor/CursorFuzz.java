package dev.eventlog.internal.cursor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.UnknownFormatException;
import dev.eventlog.fuzz.Checksums;
import dev.eventlog.fuzz.FuzzTarget;
import dev.eventlog.internal.cursor.ParkedDescriptor.Entry;
import dev.eventlog.internal.file.FileHeader;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.zip.CRC32C;

/** The decoders of {@code cursors/} and {@code parked/}: the slots, what is done above the checkpoint, and lists. */
public final class CursorFuzz {

    private static final Path FILE = Path.of("/log/cursors/billing");
    private static final UUID LOG = new UUID(1, 2);
    private static final String NAME = "billing";

    private CursorFuzz() {}

    /** The targets. */
    public static List<FuzzTarget> targets() {
        return List.of(new Slots(), new Parked());
    }

    /** A file of two slots; an input is the half of each that is not zeros. */
    private static final class Slots implements FuzzTarget {

        private static final int FIELDS_LENGTH = CursorDescriptor.CRC_OFFSET + 4;
        private static final int MOST = 200;

        @Override
        public String name() {
            return "cursor";
        }

        @Override
        public List<byte[]> seeds() {
            return List.of(seed(4, 3), seed(7, 8), seed(1, 2));
        }

        private static byte[] seed(long first, long second) {
            ByteBuffer file = ByteBuffer.allocate(CursorDescriptor.LENGTH).order(ByteOrder.LITTLE_ENDIAN);
            var slots = new CursorSlots(file);
            byte[] input = new byte[2 * MOST];
            long[] sequences = {first, second};
            for (int i = 0; i < 2; i++) {
                slots.prepare(i, NAME, LOG);
                ByteBuffer slot = slots.slot(i);
                slot.putLong(CursorDescriptor.SEQUENCE_OFFSET, sequences[i]);
                slot.putLong(CursorDescriptor.CHECKPOINT_OFFSET, 10 * sequences[i]);
                slot.putLong(CursorDescriptor.HIGHEST_OFFSET, 10 * sequences[i]);
                slot.putInt(CursorDescriptor.EPOCH_OFFSET, 3);
                long at = 10 * sequences[i];
                Completions.write(slot, new long[] {at + 1, at + 200, at + 300, at + 301}, 4, new CRC32C());
                slot.putInt(CursorDescriptor.CRC_OFFSET, CursorDescriptor.crc(slot, new CRC32C()));
                slot.get(0, input, i * MOST, FIELDS_LENGTH);
                slot.get(Completions.OFFSET, input, i * MOST + FIELDS_LENGTH, MOST - FIELDS_LENGTH);
            }
            return input;
        }

        private static ByteBuffer file(byte[] input) {
            ByteBuffer file = ByteBuffer.allocate(CursorDescriptor.LENGTH).order(ByteOrder.LITTLE_ENDIAN);
            int half = input.length / 2;
            for (int i = 0; i < 2; i++) {
                int at = i * CursorDescriptor.SLOT_LENGTH;
                int fields = Math.min(half, FIELDS_LENGTH);
                file.put(at, input, i * half, fields);
                int rest = Math.min(half - fields, Completions.CAPACITY);
                file.put(at + Completions.OFFSET, input, i * half + fields, rest);
            }
            return file;
        }

        @Override
        public void fuzz(byte[] input) {
            ByteBuffer file = file(input);
            look(file);
            repair(file);
            int newest = look(file);
            var slots = new CursorSlots(file);
            assertThat(slots.name(NAME)).as("there is a name in any case").isNotNull();
            if (newest >= 0) {
                // the other slot holds when a bit of this one flips
                int bit = Math.floorMod(Arrays.hashCode(input), FIELDS_LENGTH * 8);
                int at = newest * CursorDescriptor.SLOT_LENGTH + (bit >>> 3);
                file.put(at, (byte) (file.get(at) ^ 1 << (bit & 7)));
                assertThat(slots.isDamaged(newest, LOG, FILE) || isNewer(file, newest))
                        .isTrue();
                int held = look(file);
                assertThat(held).as("slot that holds").isNotEqualTo(newest);
            }
        }

        private static boolean isNewer(ByteBuffer file, int slot) {
            return file.getInt(slot * CursorDescriptor.SLOT_LENGTH + 8) != FileHeader.VERSION;
        }

        /** Lets both slots be right, but for what they say. */
        private static void repair(ByteBuffer file) {
            for (int i = 0; i < 2; i++) {
                ByteBuffer slot = file.slice(i * CursorDescriptor.SLOT_LENGTH, CursorDescriptor.SLOT_LENGTH)
                        .order(ByteOrder.LITTLE_ENDIAN);
                FileHeader.write(slot, CursorDescriptor.MAGIC, LOG);
                long sequence = slot.getLong(CursorDescriptor.SEQUENCE_OFFSET) & Long.MAX_VALUE;
                slot.putLong(CursorDescriptor.SEQUENCE_OFFSET, Math.max(1, sequence));
                if (slot.get(CursorDescriptor.EPOCH_OFFSET) != 99) {
                    CursorDescriptor.putName(slot, NAME);
                }
                slot.putInt(CursorDescriptor.CRC_OFFSET, CursorDescriptor.crc(slot, new CRC32C()));
                int length = slot.getInt(Completions.LENGTH_OFFSET);
                if (length >= 0 && length <= Completions.CAPACITY) {
                    slot.putLong(Completions.OFFSET, slot.getLong(CursorDescriptor.SEQUENCE_OFFSET));
                    slot.putInt(
                            Completions.CRC_OFFSET,
                            Checksums.crc(
                                    slot,
                                    CursorDescriptor.SEQUENCE_OFFSET,
                                    CursorDescriptor.NAME_LENGTH_OFFSET,
                                    Completions.PAIRS_OFFSET,
                                    Completions.PAIRS_OFFSET + length));
                }
            }
        }

        /** The slot that holds; -1 if the file is refused. */
        private static int look(ByteBuffer file) {
            var slots = new CursorSlots(file);
            assertThat(slots.anyFlags()).isBetween(0, CursorDescriptor.FLAG_PROCESSES | CursorDescriptor.FLAG_REQUIRED);
            int newest;
            try {
                newest = slots.newest(NAME, LOG, FILE);
            } catch (CorruptLogException | UnknownFormatException refused) {
                assertThat(refused).hasMessageContaining("file=" + FILE);
                return -1;
            }
            ByteBuffer slot = slots.slot(newest);
            assertThat(slots.isDamaged(newest, LOG, FILE)).isFalse();
            assertThat(CursorDescriptor.name(slot)).isEqualTo(NAME);
            long sequence = slot.getLong(CursorDescriptor.SEQUENCE_OFFSET);
            assertThat(sequence).isPositive();
            ByteBuffer other = slots.slot(1 - newest);
            assertThat(slots.isDamaged(1 - newest, LOG, FILE)
                            || other.getLong(CursorDescriptor.SEQUENCE_OFFSET) <= sequence)
                    .as("the newer slot holds")
                    .isTrue();
            rise(Completions.read(slot), slot.getLong(CursorDescriptor.CHECKPOINT_OFFSET));
            return newest;
        }

        /** What is done lies above the checkpoint, in order. */
        private static void rise(long[] completions, long checkpoint) {
            assertThat(completions.length % 2).isZero();
            long before = checkpoint;
            for (int i = 0; i < completions.length; i += 2) {
                assertThat(completions[i]).isGreaterThanOrEqualTo(before);
                assertThat(completions[i + 1]).isGreaterThan(completions[i]);
                before = completions[i + 1];
            }
        }
    }

    /** A list of parked events: all of it or nothing. */
    private static final class Parked implements FuzzTarget {

        private static final int COUNT_OFFSET = 40;
        private static final int CRC_OFFSET = 44;
        private static final int ENTRIES_OFFSET = 48;
        private static final int ENTRY_LENGTH = 16;

        @Override
        public String name() {
            return "parked";
        }

        @Override
        public List<byte[]> seeds() {
            var entries = new TreeMap<Long, Entry>();
            byte[] empty = ParkedDescriptor.write(NAME, LOG, entries).array();
            for (long position = 5; position < 8; position++) {
                entries.put(position * position, new Entry(2, (int) position, "é".repeat((int) position - 5)));
            }
            return List.of(empty, ParkedDescriptor.write(NAME, LOG, entries).array());
        }

        @Override
        public void fuzz(byte[] input) {
            look(input);
            int most = Math.max(0, (input.length - ENTRIES_OFFSET) / (ENTRY_LENGTH + Short.BYTES));
            int count = most == 0 ? 0 : Math.floorMod(Arrays.hashCode(input), most + 1);
            ByteBuffer right = Checksums.file(withFailures(input, count), ENTRIES_OFFSET, ParkedDescriptor.MAGIC, LOG);
            right.putLong(32, dev.eventlog.internal.support.Names.hash64(NAME)).putInt(COUNT_OFFSET, count);
            right.putInt(CRC_OFFSET, Checksums.crc(right, 32, CRC_OFFSET, ENTRIES_OFFSET, right.capacity()));
            look(right.array());
            assertThat(ParkedDescriptor.isWhole(right.clear(), LOG, FILE)).isTrue();
            int bit = Math.floorMod(Arrays.hashCode(input), right.capacity() * 8);
            right.put(bit >>> 3, (byte) (right.get(bit >>> 3) ^ 1 << (bit & 7)));
            assertThat(look(right.array())).as("bit %d is flipped", bit).isFalse();
        }

        /** Entries as the input has them, and behind them a failure for each that is what its bytes make of it. */
        private static byte[] withFailures(byte[] input, int count) {
            int entriesEnd = ENTRIES_OFFSET + count * ENTRY_LENGTH;
            var right = new ByteArrayOutputStream();
            right.writeBytes(Arrays.copyOf(input, entriesEnd));
            int at = entriesEnd;
            for (int i = 0; i < count; i++) {
                int length = at < input.length ? Math.min(input.length - at, input[at] & 0x7f) : 0;
                String text = new String(input, Math.min(at, input.length), length, StandardCharsets.UTF_8);
                byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
                if (bytes.length > ParkedDescriptor.MAX_FAILURE_LENGTH) {
                    bytes = new byte[0];
                }
                right.write(bytes.length);
                right.write(0);
                right.writeBytes(bytes);
                at += length;
            }
            return right.toByteArray();
        }

        private static boolean look(byte[] bytes) {
            ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            try {
                NavigableMap<Long, Entry> entries = ParkedDescriptor.read(file, bytes.length, NAME, LOG, FILE);
                assertThat(ParkedDescriptor.write(NAME, LOG, entries).array())
                        .as("what is read is all that stands there")
                        .isEqualTo(bytes);
                return true;
            } catch (CorruptLogException | UnknownFormatException refused) {
                assertThat(refused).hasMessageContaining("file=" + FILE);
                return false;
            }
        }
    }
}
