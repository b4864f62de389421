package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.internal.file.HookedFileOps;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateFileTest {

    private static final UUID LOG = new UUID(1, 2);
    private static final StateFile.Boot BOOT = new StateFile.Boot(new UUID(3, 4), 5);
    private static final int END_OFFSET = 64;
    private static final int DURABLE_OFFSET = 72;

    private final HookedFileOps files = HookedFileOps.quick();

    @TempDir
    private Path directory;

    private Path file() {
        return directory.resolve("state");
    }

    private StateFile create(long end, long durable) throws IOException {
        return StateFile.create(file(), LOG, BOOT, 7, new StateFile.Positions(0, end, durable), files);
    }

    private StateFile read() throws IOException {
        return StateFile.read(file(), LOG, files);
    }

    @Test
    void whatIsPublishedIsReadByTheNextOpen() throws IOException {
        StateFile state = create(0, 0);
        for (long position : new long[] {0, 1, 255, 256, 1L << 31, 1L << 32, 1L << 47, (1L << 48) - 1}) {
            state.publishEnd(position);
            state.publishDurable(position / 2);
            StateFile read = read();
            assertThat(read.endPosition()).isEqualTo(position);
            assertThat(read.durablePosition()).isEqualTo(position / 2);
            assertThat(read.epoch()).isEqualTo(7);
            assertThat(read.boot()).isEqualTo(BOOT);
        }
    }

    @Test
    void firstPositionIsReadByTheNextOpenAndAFlippedBitOfItIsKnown() throws IOException {
        StateFile state = StateFile.create(file(), LOG, BOOT, 7, new StateFile.Positions(100, 200, 150), files);
        assertThat(read().firstPosition()).isEqualTo(100);
        state.publishFirst(170);
        assertThat(read().firstPosition()).isEqualTo(170);
        assertThat(read().endPosition()).isEqualTo(200);
        byte[] bytes = Files.readAllBytes(file());
        for (int bit = 0; bit < 64; bit++) {
            byte[] damaged = bytes.clone();
            damaged[80 + bit / 8] ^= (byte) (1 << bit % 8);
            Files.write(file(), damaged);
            assertThat(read().firstPosition()).isEqualTo(StateFile.UNKNOWN);
        }
    }

    @Test
    void flippedBitOfAPositionIsKnownAsDamageOfThatPositionOnly() throws IOException {
        create(123_456, 123_000);
        byte[] bytes = Files.readAllBytes(file());
        for (int offset : new int[] {END_OFFSET, DURABLE_OFFSET}) {
            for (int bit = 0; bit < 64; bit++) {
                byte[] damaged = bytes.clone();
                damaged[offset + bit / 8] ^= (byte) (1 << bit % 8);
                Files.write(file(), damaged);
                StateFile read = read();
                assertThat(read.endPosition()).isEqualTo(offset == END_OFFSET ? StateFile.UNKNOWN : 123_456);
                assertThat(read.durablePosition()).isEqualTo(offset == DURABLE_OFFSET ? StateFile.UNKNOWN : 123_000);
            }
        }
    }

    @Test
    void damagedOrCutOrForeignFileSaysNothing() throws IOException {
        assertThat(read()).isNull();
        create(10, 5);
        byte[] bytes = Files.readAllBytes(file());
        for (int at = 12; at < END_OFFSET; at++) {
            byte[] damaged = bytes.clone();
            damaged[at] ^= 1;
            Files.write(file(), damaged);
            assertThat(read()).as("byte %d", at).isNull();
        }
        for (int length : new int[] {0, 1, 31, 32, 63, 79, 4095}) {
            Files.write(file(), Arrays.copyOf(bytes, length));
            assertThat(read()).as("length %d", length).isNull();
        }
        Files.write(file(), bytes);
        assertThat(StateFile.read(file(), new UUID(9, 9), files)).isNull();
        assertThat(read()).isNotNull();
    }
}
