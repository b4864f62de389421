package dev.eventlog.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Changes inputs: bits, bytes, edge values where numbers stand, cuts, extensions, runs that are moved or come from another
 * input. Knows nothing of what the changes reach.
 *
 * <p><b>Threading:</b> One thread at a time.
 */
final class Mutator {

    private static final int MOST_CHANGES = 5;
    private static final int LONGEST_RUN = 64;
    private static final long[] EDGES = {
        0,
        1,
        -1,
        7,
        8,
        0x7f,
        0x80,
        0xff,
        0x7fff,
        0x8000,
        0xffff,
        1 << 20,
        1 << 30,
        Integer.MAX_VALUE,
        Integer.MIN_VALUE,
        Long.MAX_VALUE,
        Long.MIN_VALUE
    };

    private final SplittableRandom random;
    private final List<byte[]> inputs;

    Mutator(SplittableRandom random, List<byte[]> inputs) {
        this.random = random;
        this.inputs = inputs;
    }

    /** A new input. */
    byte[] next() {
        byte[] changed = any().clone();
        for (int changes = random.nextInt(MOST_CHANGES); changes >= 0; changes--) {
            changed = changed.length == 0 ? any().clone() : change(changed);
        }
        return changed;
    }

    private byte[] any() {
        return inputs.get(random.nextInt(inputs.size()));
    }

    private byte[] change(byte[] bytes) {
        int at = random.nextInt(bytes.length);
        switch (random.nextInt(9)) {
            case 0, 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
            case 2 -> bytes[at] = (byte) random.nextInt();
            case 3, 4 -> putEdge(bytes, at);
            case 5 -> {
                return Arrays.copyOf(bytes, at);
            }
            case 6 -> {
                return Arrays.copyOf(bytes, bytes.length + random.nextInt(1, LONGEST_RUN));
            }
            case 7 -> copyRun(bytes, at, bytes);
            default -> copyRun(any(), at, bytes);
        }
        return bytes;
    }

    private void putEdge(byte[] bytes, int at) {
        long edge = EDGES[random.nextInt(EDGES.length)];
        ByteBuffer target = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int aligned = random.nextBoolean() ? at & -4 : at;
        switch (random.nextInt(3)) {
            case 0 -> {
                if (aligned <= bytes.length - Short.BYTES) {
                    target.putShort(aligned, (short) edge);
                }
            }
            case 1 -> {
                if (aligned <= bytes.length - Integer.BYTES) {
                    target.putInt(aligned, (int) edge);
                }
            }
            default -> {
                if (aligned <= bytes.length - Long.BYTES) {
                    target.putLong(aligned, edge);
                }
            }
        }
    }

    private void copyRun(byte[] source, int at, byte[] target) {
        if (source.length > 0) {
            int from = random.nextInt(source.length);
            int most = Math.min(Math.min(source.length - from, target.length - at), LONGEST_RUN);
            System.arraycopy(source, from, target, at, random.nextInt(most + 1));
        }
    }
}
