package dev.eventlog.internal.codec;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * A few idle workspaces for any number of threads. Not a {@link ThreadLocal}: with one virtual thread per request that
 * would be one workspace per request, made for a single use; here their number follows the calls that run at once.
 *
 * <p>Each thread begins at a slot of its own, a cache line apart, and looks at {@link #PROBES}. A miss is no fault:
 * {@link #take} then gives nothing and the caller makes one, {@link #give} lets the garbage collector have it.
 *
 * <p><b>Threading:</b> Thread-safe, lock-free. <b>Allocation:</b> none.
 */
final class Pool<T> {

    private static final int PROBES = 4;
    private static final int STRIDE = 16; // references in a cache line of 64 bytes
    private static final int MAX_SLOTS = 64;

    private final AtomicReferenceArray<@Nullable T> slots;
    private final int mask;

    Pool() {
        int count = Integer.highestOneBit(
                Math.min(MAX_SLOTS, 4 * Runtime.getRuntime().availableProcessors()));
        slots = new AtomicReferenceArray<>(count * STRIDE);
        mask = count - 1;
    }

    /** Hands over an idle one, if there is one near. */
    @Nullable
    T take() {
        int first = ownSlot();
        for (int i = 0; i < PROBES; i++) {
            int at = ((first + i) & mask) * STRIDE;
            if (slots.getPlain(at) != null) { // a plain look first: the exchange of an empty slot costs as much
                T idle = slots.getAndSet(at, null);
                if (idle != null) {
                    return idle;
                }
            }
        }
        return null;
    }

    /** Takes back an idle one. */
    void give(T idle) {
        int first = ownSlot();
        for (int i = 0; i < PROBES; i++) {
            int at = ((first + i) & mask) * STRIDE;
            if (slots.getPlain(at) == null) {
                slots.setRelease(at, idle); // if another one was given at this moment, one of the two is lost: no harm
                return;
            }
        }
    }

    private static int ownSlot() {
        long id = Thread.currentThread().getId();
        return (int) (id ^ (id >>> 6));
    }
}
