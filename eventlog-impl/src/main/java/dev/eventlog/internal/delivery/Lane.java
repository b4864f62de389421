package dev.eventlog.internal.delivery;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link DeliveryMachine} knows of one lane: the event that its handler has, and those that the handler returned from
 * and that are not flushed.
 *
 * <p><b>Threading:</b> One thread at a time: its machine's.
 */
final class Lane {

    final int number;
    // the event that the handler has, or that is to be parked
    int slot = Window.NONE;
    // the attempts of the event ran out
    boolean isExhausted;
    boolean isEnded;
    // the key that it is at
    @Nullable
    KeyQueue queue;

    boolean isFlushWanted;
    int unflushed;
    long unflushedBytes;
    long unflushedSince;
    final List<KeyQueue> unflushedKeys = new ArrayList<>();
    private int[] returned = new int[16];
    private int returnedCount;

    Lane(int number) {
        this.number = number;
    }

    void returned(int slot) {
        if (returnedCount == returned.length) {
            returned = Arrays.copyOf(returned, 2 * returnedCount);
        }
        returned[returnedCount++] = slot;
    }

    int returnedCount() {
        return returnedCount;
    }

    int returnedAt(int index) {
        return returned[index];
    }

    void clearUnflushed() {
        isFlushWanted = false;
        unflushed = 0;
        unflushedBytes = 0;
        returnedCount = 0;
        unflushedKeys.clear();
    }
}
