package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class IdHashTest {

    /** Of the bytes 0 to length - 1 with the key of the bytes 0 to 15, as the authors of SipHash give it. */
    private static String hash(int length, int offset) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(offset + length + 7).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < length; i++) {
            bytes.put(offset + i, (byte) i);
        }
        // what is behind does not count
        bytes.put(offset + length, (byte) 0xaa);
        long[] halves = new IdHash(0x0706050403020100L, 0x0f0e0d0c0b0a0908L).of(bytes, offset, length);
        ByteBuffer result = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        return HexFormat.of()
                .formatHex(result.putLong(halves[0]).putLong(halves[1]).array());
    }

    @Test
    void hashIsThatOfTheReference() {
        assertThat(hash(0, 0)).isEqualTo("a3817f04ba25a8e66df67214c7550293");
        assertThat(hash(1, 0)).isEqualTo("da87c1d86b99af44347659119b22fc45");
    }

    @Test
    void placeInTheBufferDoesNotCountAndTheLengthDoes() {
        for (int length = 0; length < 70; length++) {
            assertThat(hash(length, 3)).isEqualTo(hash(length, 0)).isNotEqualTo(hash(length + 1, 0));
        }
    }

    @Test
    void twoJournalsHashTheSameIdInTwoWays() {
        ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(IdHash.random().of(bytes, 0, 16))
                .isNotEqualTo(IdHash.random().of(bytes, 0, 16));
    }
}
