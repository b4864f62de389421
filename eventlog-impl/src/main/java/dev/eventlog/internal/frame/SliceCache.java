package dev.eventlog.internal.frame;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Slices of one buffer from given offsets to its end, each made once: a payload's index 0 is its first byte without
 * garbage per event. Bounded: offsets beyond 512 KiB get a fresh slice each time.
 *
 * <p><b>Threading:</b> One thread at a time: the owner of the buffer.
 */
final class SliceCache {

    private static final int MAX_CACHED = 1 << 17;

    private ByteBuffer buffer;
    private @Nullable ByteBuffer[] slices = new ByteBuffer[64];

    SliceCache(ByteBuffer buffer) {
        this.buffer = buffer;
    }

    /** Whether the slices are of this buffer. */
    @SuppressWarnings("ReferenceEquality") // a buffer is itself only
    boolean isOf(ByteBuffer other) {
        return buffer == other;
    }

    /** Forgets the slices and begins with another buffer. */
    void reset(ByteBuffer newBuffer) {
        Arrays.fill(slices, null);
        buffer = newBuffer;
    }

    /** The bytes from an offset, a multiple of 4, on; position 0, the given limit, big-endian. */
    ByteBuffer at(int offset, int limit) {
        int slot = offset >>> 2;
        if (slot < slices.length) {
            ByteBuffer slice = slices[slot];
            if (slice != null) {
                return slice.clear().limit(limit).order(ByteOrder.BIG_ENDIAN);
            }
        }
        return made(offset, limit);
    }

    private ByteBuffer made(int offset, int limit) {
        int slot = offset >>> 2;
        if (slot >= MAX_CACHED) {
            return buffer.slice(offset, limit);
        }
        if (slot >= slices.length) {
            slices = Arrays.copyOf(slices, Math.min(MAX_CACHED, Integer.highestOneBit(slot) << 1));
        }
        ByteBuffer slice = buffer.slice(offset, buffer.capacity() - offset);
        slices[slot] = slice;
        return slice.limit(limit);
    }
}
