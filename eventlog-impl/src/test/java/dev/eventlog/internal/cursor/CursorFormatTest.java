package dev.eventlog.internal.cursor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.fuzz.Checksums;
import dev.eventlog.internal.support.Names;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/** The bytes of checkpoints and of what is done above them, without a log. */
class CursorFormatTest {

    private static final Path FILE = Path.of("/log/cursors/billing");
    private static final UUID LOG = new UUID(1, 2);
    private static final String NAME = "billing";
    private static final int PAIRS = Completions.PAIRS_OFFSET;

    private final ByteBuffer file = ByteBuffer.allocate(CursorDescriptor.LENGTH).order(ByteOrder.LITTLE_ENDIAN);
    private final CursorSlots slots = new CursorSlots(file);

    private ByteBuffer put(int number, String name, long sequence, long checkpoint, int flags) {
        slots.prepare(number, name, LOG);
        ByteBuffer slot = slots.slot(number);
        slot.putLong(CursorDescriptor.SEQUENCE_OFFSET, sequence);
        slot.putLong(CursorDescriptor.CHECKPOINT_OFFSET, checkpoint);
        slot.putShort(CursorDescriptor.FLAGS_OFFSET, (short) flags);
        slot.putInt(CursorDescriptor.CRC_OFFSET, CursorDescriptor.crc(slot, new CRC32C()));
        return slot;
    }

    private int newest() {
        return slots.newest(NAME, LOG, FILE);
    }

    @Test
    void validSlotWithTheGreatestSequenceHolds() {
        put(0, NAME, 1, 10, 0);
        put(1, NAME, 2, 20, 0);
        assertThat(newest()).isEqualTo(1);
        put(0, NAME, 3, 30, 0);
        assertThat(newest()).isZero();
        put(1, NAME, 3, 40, 0);
        assertThat(newest()).as("the first of two alike").isZero();
        assertThat(slots.slot(1).getLong(CursorDescriptor.CHECKPOINT_OFFSET)).isEqualTo(40);
        assertThat(file.getLong(CursorDescriptor.SLOT_LENGTH + CursorDescriptor.CHECKPOINT_OFFSET))
                .isEqualTo(40);
    }

    @Test
    void slotWithOneWrongByteLeavesTheOther() {
        for (int at = 0; at < CursorDescriptor.CRC_OFFSET + 4; at++) {
            put(0, NAME, 1, 10, 0);
            put(1, NAME, 2, 20, 0);
            int offset = CursorDescriptor.SLOT_LENGTH + at;
            file.put(offset, (byte) ~file.get(offset));
            assertThat(newest()).as("byte %d", at).isZero();
            assertThat(slots.isDamaged(1, LOG, FILE)).isTrue();
            assertThat(slots.isDamaged(0, LOG, FILE)).isFalse();
        }
    }

    @Test
    void preparedSlotHasNoEffect() {
        put(0, NAME, 1, 10, 0);
        put(1, NAME, 5, 50, 0);
        slots.prepare(1, NAME, LOG);
        assertThat(slots.slot(1).getLong(CursorDescriptor.SEQUENCE_OFFSET)).isZero();
        ByteBuffer slot = slots.slot(1);
        slot.putInt(CursorDescriptor.CRC_OFFSET, CursorDescriptor.crc(slot, new CRC32C()));
        assertThat(CursorDescriptor.isValid(slot)).isFalse();
        assertThat(newest()).isZero();
        slot.putLong(CursorDescriptor.SEQUENCE_OFFSET, 1);
        slot.putInt(CursorDescriptor.CRC_OFFSET, CursorDescriptor.crc(slot, new CRC32C()));
        assertThat(CursorDescriptor.isValid(slot)).isTrue();
    }

    @Test
    void fileWithoutAValidSlotIsRefusedWithItsPlace() {
        assertThatThrownBy(this::newest)
                .isInstanceOf(CorruptLogException.class)
                .hasMessageContaining("in both slots: consumer=billing file=" + FILE + " offset=0;")
                .hasCauseInstanceOf(CorruptLogException.class);
        put(0, NAME, 0, 10, 0);
        put(1, NAME, 0, 10, 0);
        assertThatThrownBy(this::newest).hasMessageContaining(" offset=32;").hasNoCause();
        put(0, "other", 1, 10, 0);
        assertThatThrownBy(this::newest)
                .hasMessageContaining("of another consumer")
                .hasMessageContaining("offset=" + CursorDescriptor.NAME_OFFSET);
    }

    @Test
    void nameOfTheConsumerIsFoundWhereverItIsRight() {
        String stem = Names.fileName("Billing");
        put(0, "Billing", 1, 10, 0);
        assertThat(slots.name(stem)).isEqualTo("Billing");
        put(0, "other", 1, 10, 0);
        put(1, "Billing", 1, 10, 0);
        assertThat(slots.name(stem)).isEqualTo("Billing");
        put(1, "other", 1, 10, 0);
        assertThat(slots.name(stem)).as("its case is lost").isEqualTo(stem);
        String lower = Names.fileName(NAME);
        assertThat(slots.name(lower)).isEqualTo(NAME);
        assertThat(slots.name("nohash")).isEqualTo("nohash");
        slots.slot(0).putShort(CursorDescriptor.NAME_LENGTH_OFFSET, (short) -1);
        assertThat(CursorDescriptor.name(slots.slot(0))).hasSize(CursorDescriptor.NAME_CAPACITY);
        // begins with a hyphen: there is a name before the hash, an empty one
        assertThat(slots.name("-" + "0".repeat(16))).isEqualTo("-" + "0".repeat(16));
    }

    @Test
    void flagsOfEitherSlotCount() {
        assertThat(slots.anyFlags()).isZero();
        for (int i = 0; i < 2; i++) {
            put(i, NAME, 1, 10, CursorDescriptor.FLAG_REQUIRED);
            put(1 - i, NAME, 1, 10, 0);
            assertThat(slots.anyFlags()).isEqualTo(CursorDescriptor.FLAG_REQUIRED);
            assertThat(CursorDescriptor.isRequired(slots.slot(i))).isTrue();
            assertThat(CursorDescriptor.isRequired(slots.slot(1 - i))).isFalse();
            put(1 - i, NAME, 1, 10, CursorDescriptor.FLAG_PROCESSES);
            assertThat(slots.anyFlags()).isEqualTo(CursorDescriptor.FLAG_REQUIRED | CursorDescriptor.FLAG_PROCESSES);
        }
        put(0, NAME, 1, 10, 4);
        put(1, NAME, 1, 10, CursorDescriptor.FLAG_PROCESSES);
        assertThat(slots.anyFlags()).as("unknown ones do not").isEqualTo(CursorDescriptor.FLAG_PROCESSES);
    }

    @Test
    void forgottenIsWhoProcessesOnlyAndHasNoCheckpoint() {
        int both = CursorDescriptor.FLAG_PROCESSES | CursorDescriptor.FLAG_REQUIRED;
        assertThat(CursorDescriptor.isForgotten(put(0, NAME, 1, Cursor.NONE, CursorDescriptor.FLAG_PROCESSES)))
                .isTrue();
        assertThat(CursorDescriptor.isForgotten(put(0, NAME, 1, 0, CursorDescriptor.FLAG_PROCESSES)))
                .isFalse();
        assertThat(CursorDescriptor.isForgotten(put(0, NAME, 1, Cursor.NONE, both)))
                .isFalse();
        assertThat(CursorDescriptor.isForgotten(put(0, NAME, 1, Cursor.NONE, 0)))
                .isFalse();
    }

    private long[] roundTrip(long checkpoint, long... pairs) {
        ByteBuffer slot = put(0, NAME, 4, checkpoint, 0);
        Completions.write(slot, pairs, pairs.length, new CRC32C());
        assertThat(slot.limit()).as("the slot is as it was").isEqualTo(CursorDescriptor.SLOT_LENGTH);
        return Completions.read(slot);
    }

    @Test
    void completionsAreReadAsTheyWereWritten() {
        assertThat(roundTrip(10)).isEmpty();
        assertThat(roundTrip(10, 10, 11)).containsExactly(10, 11);
        assertThat(roundTrip(10, 11, 12, 12, 13)).containsExactly(11, 12, 12, 13);
        for (long gap : new long[] {1, 127, 128, 129, 16_383, 16_384, 1L << 40, 1L << 55}) {
            long from = 10 + gap;
            assertThat(roundTrip(10, from, from + gap, from + 3 * gap, from + 4 * gap))
                    .as("gap %d", gap)
                    .containsExactly(from, from + gap, from + 3 * gap, from + 4 * gap);
        }
    }

    @Test
    void gapsAreInGroupsOfSevenBits() {
        roundTrip(10, 10 + 300, 10 + 301);
        ByteBuffer slot = slots.slot(0);
        assertThat(slot.getInt(Completions.LENGTH_OFFSET)).isEqualTo(3);
        assertThat(slot.get(PAIRS)).isEqualTo((byte) (0x80 | 300 & 0x7f));
        assertThat(slot.get(PAIRS + 1)).isEqualTo((byte) (300 >> 7));
        assertThat(slot.get(PAIRS + 2)).isEqualTo((byte) 1);
        assertThat(slot.getInt(Completions.CRC_OFFSET)).isEqualTo(pairsCrc(slot, 3));
        assertThat(slot.getLong(Completions.OFFSET)).isEqualTo(4);
    }

    private static int pairsCrc(ByteBuffer slot, int length) {
        return Checksums.crc(
                slot, CursorDescriptor.SEQUENCE_OFFSET, CursorDescriptor.NAME_LENGTH_OFFSET, PAIRS, PAIRS + length);
    }

    @Test
    void asManyCompletionsAreKeptAsThereIsRoomFor() {
        long[] many = new long[4_000];
        for (int i = 0; i < many.length; i++) {
            many[i] = 10 + i;
        }
        long[] read = roundTrip(10, many);
        // two bytes a pair, and one pair may need eighteen
        int most = (Completions.CAPACITY - 18) / 2 + 1;
        assertThat(read).isEqualTo(Arrays.copyOf(many, 2 * most));
        long[] wide = new long[500];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = 10 + (i + 1) * (1L << 53);
        }
        assertThat(roundTrip(10, wide).length).isEqualTo((Completions.CAPACITY - 18) / 16 * 2 + 2);
    }

    @Test
    void completionsOfAnotherCommitOrWithAWrongByteSayNothing() {
        for (int at = Completions.OFFSET; at < PAIRS + 4; at++) {
            assertThat(roundTrip(10, 400, 401, 500, 600)).hasSize(4);
            ByteBuffer slot = slots.slot(0);
            slot.put(at, (byte) ~slot.get(at));
            assertThat(Completions.read(slot)).as("byte %d", at).isEmpty();
        }
        for (int offset : new int[] {CursorDescriptor.CHECKPOINT_OFFSET, CursorDescriptor.EPOCH_OFFSET}) {
            roundTrip(10, 400, 401);
            slots.slot(0).put(offset, (byte) 11);
            assertThat(Completions.read(slots.slot(0))).isEmpty();
        }
        roundTrip(10, 400, 401);
        Completions.clear(slots.slot(0));
        assertThat(Completions.read(slots.slot(0))).isEmpty();
    }

    private long[] readRaw(int... bytes) {
        ByteBuffer slot = put(0, NAME, 4, 10, 0);
        for (int i = 0; i < bytes.length; i++) {
            slot.put(PAIRS + i, (byte) bytes[i]);
        }
        slot.putInt(Completions.LENGTH_OFFSET, bytes.length);
        slot.putLong(Completions.OFFSET, 4);
        slot.putInt(Completions.CRC_OFFSET, pairsCrc(slot, bytes.length));
        return Completions.read(slot);
    }

    @Test
    void pairsThatNoCommitWritesSayNothing() {
        assertThat(readRaw(1, 2)).containsExactly(11, 13);
        assertThat(readRaw(0, 1)).containsExactly(10, 11);
        assertThat(readRaw(1)).as("half a pair").isEmpty();
        assertThat(readRaw(1, 2, 3)).isEmpty();
        assertThat(readRaw(1, 0)).as("none done").isEmpty();
        int[] negative = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1};
        assertThat(readRaw(negative)).isEmpty();
        int[] endless = new int[40];
        Arrays.fill(endless, 0xff);
        assertThat(readRaw(endless)).isEmpty();
    }

    @Test
    void whatIsDoneBelowAPositionIsCutThere() {
        long[] pairs = {5, 7, 9, 12};
        assertThat(Completions.below(pairs, 5)).isEmpty();
        assertThat(Completions.below(pairs, 6)).containsExactly(5, 6);
        assertThat(Completions.below(pairs, 7)).containsExactly(5, 7);
        assertThat(Completions.below(pairs, 9)).containsExactly(5, 7);
        assertThat(Completions.below(pairs, 10)).containsExactly(5, 7, 9, 10);
        assertThat(Completions.below(pairs, 99)).containsExactly(5, 7, 9, 12);
    }

    private static ByteBuffer parked(int count, String failure) {
        var entries = new java.util.TreeMap<Long, ParkedDescriptor.Entry>();
        for (int i = 0; i < count; i++) {
            entries.put(7L * i, new ParkedDescriptor.Entry(3, i + 1, failure));
        }
        return ParkedDescriptor.write(NAME, LOG, entries);
    }

    private static int read(ByteBuffer bytes, long length, String name) {
        return ParkedDescriptor.read(bytes, length, name, LOG, FILE).size();
    }

    @Test
    void parkedEventsAreReadAsTheyWereWritten() {
        String longest = "é".repeat(ParkedDescriptor.MAX_FAILURE_LENGTH / 2);
        for (int count : new int[] {0, 1, 3, ParkedList.MAX_EVENTS}) {
            for (String failure : new String[] {"", "x", longest}) {
                ByteBuffer bytes = parked(count, failure);
                int length = failure.equals(longest) ? ParkedDescriptor.MAX_FAILURE_LENGTH : failure.length();
                assertThat(bytes.capacity()).isEqualTo(48 + (16 + 2 + length) * count);
                assertThat(bytes.capacity()).isLessThanOrEqualTo(ParkedDescriptor.MAX_LENGTH);
                assertThat(read(bytes, bytes.capacity(), NAME)).isEqualTo(count);
                assertThat(ParkedDescriptor.isWhole(bytes, LOG, FILE)).isTrue();
            }
        }
        ByteBuffer two = parked(2, "why");
        assertThat(ParkedDescriptor.read(two, two.capacity(), NAME, LOG, FILE).get(7L))
                .isEqualTo(new ParkedDescriptor.Entry(3, 2, "why"));
    }

    @Test
    void parkedEventsThatAreNotAllAreRefused() {
        ByteBuffer bytes = parked(3, "why");
        int end = bytes.capacity();
        assertThatThrownBy(() -> read(bytes, end, "other")).hasMessageContaining("of another consumer");
        for (int length = 0; length < end; length++) {
            int cut = length;
            assertThatThrownBy(() -> read(bytes, cut, NAME))
                    .as("%d bytes", cut)
                    .isInstanceOf(CorruptLogException.class);
            assertThat(ParkedDescriptor.isWhole(
                            ByteBuffer.wrap(bytes.array(), 0, cut).order(ByteOrder.LITTLE_ENDIAN), LOG, FILE))
                    .isFalse();
        }
        assertThatThrownBy(() -> read(bytes, end + 1L, NAME)).isInstanceOf(RuntimeException.class);
        for (int at = 0; at < end; at++) {
            ByteBuffer changed = ByteBuffer.wrap(bytes.array().clone()).order(ByteOrder.LITTLE_ENDIAN);
            if (at < 8 || at >= 12) {
                changed.put(at, (byte) ~changed.get(at));
                assertThatThrownBy(() -> read(changed, end, NAME))
                        .as("byte %d", at)
                        .isInstanceOf(CorruptLogException.class);
                assertThat(ParkedDescriptor.isWhole(changed, LOG, FILE))
                        .as("byte %d", at)
                        .isFalse();
            }
        }
    }

    @Test
    void failuresThatDoNotFillTheFileAreRefusedThoughTheChecksumIsRight() {
        for (byte[] failure : new byte[][] {
            {4, 0, 'w', 'h', 'y'}, {2, 0, 'w', 'h', 'y'}, {3, 1, 'w', 'h', 'y'}, {3, 0, 'w', (byte) 0xc3, 'y'}
        }) {
            ByteBuffer bytes = parked(1, "why");
            bytes.put(64, failure);
            bytes.putInt(44, Checksums.crc(bytes, 32, 44, 48, bytes.capacity()));
            assertThatThrownBy(() -> read(bytes, bytes.capacity(), NAME))
                    .isInstanceOf(CorruptLogException.class)
                    .hasMessageContaining("what it tells of failures is wrong");
            assertThat(ParkedDescriptor.isWhole(bytes, LOG, FILE)).isFalse();
        }
    }

    @Test
    void failuresAreCutBetweenCharacters() {
        assertThat(ParkedDescriptor.failure(null)).isEmpty();
        assertThat(ParkedDescriptor.failure(new IllegalStateException("no")))
                .isEqualTo("java.lang.IllegalStateException: no");
        for (int i = 0; i < 4; i++) {
            String told = ParkedDescriptor.failure(new Exception("x".repeat(i) + "\uD83D\uDE00".repeat(99)));
            int length = told.getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
            assertThat(length).isBetween(ParkedDescriptor.MAX_FAILURE_LENGTH - 3, ParkedDescriptor.MAX_FAILURE_LENGTH);
            assertThat(told).endsWith("\uD83D\uDE00");
        }
        assertThat(ParkedDescriptor.failure(new RuntimeException() {
                    @Override
                    public String toString() {
                        throw new IllegalStateException("failed on purpose");
                    }
                }))
                .contains("CursorFormatTest");
        assertThat(ParkedDescriptor.failure(new Exception("\uD800"))).endsWith("?");
    }

    @Test
    void parkedPositionsRise() {
        for (long position : new long[] {0, -1}) {
            ByteBuffer bytes = parked(2, "");
            bytes.putLong(48 + 16, position);
            bytes.putInt(44, Checksums.crc(bytes, 32, 44, 48, bytes.capacity()));
            assertThatThrownBy(() -> read(bytes, bytes.capacity(), NAME))
                    .hasMessageContaining("its positions do not rise");
        }
    }

    @Test
    void listThatIsTooLongIsRefused() {
        ByteBuffer bytes = parked(ParkedList.MAX_EVENTS + 1, "");
        assertThatThrownBy(() -> read(bytes, bytes.capacity(), NAME)).hasMessageContaining("its length of");
    }
}
