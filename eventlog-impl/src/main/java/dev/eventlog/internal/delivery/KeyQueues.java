package dev.eventlog.internal.delivery;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The waiting events of a {@link Window} by key, and the keys that a lane may take, in the order they became ready. Events
 * without a key are a queue each: nothing orders them. Where the order of the log is kept, all events are one queue.
 *
 * <p><b>Threading:</b> One thread at a time: its {@link DeliveryMachine}'s. <b>Allocation:</b> none once as many keys were
 * in the window as are now.
 */
final class KeyQueues {

    private final Window window;
    private final boolean isOrdered;
    private final Map<String, KeyQueue> byKey = new HashMap<>();
    private final ArrayDeque<KeyQueue> ready = new ArrayDeque<>();
    private final ArrayDeque<KeyQueue> spare = new ArrayDeque<>();
    private final KeyQueue all = new KeyQueue();

    /**
     * @param isOrdered whether all events are one queue
     */
    KeyQueues(Window window, boolean isOrdered) {
        this.window = window;
        this.isOrdered = isOrdered;
    }

    void add(@Nullable String key, int slot) {
        KeyQueue queue = queue(key);
        queue.add(window, slot);
        offer(queue);
    }

    private KeyQueue queue(@Nullable String key) {
        if (isOrdered) {
            return all;
        }
        KeyQueue known = key == null ? null : byKey.get(key);
        if (known != null) {
            return known;
        }
        KeyQueue made = spare.isEmpty() ? new KeyQueue() : spare.pop();
        made.key = key;
        if (key != null) {
            byKey.put(key, made);
        }
        return made;
    }

    /** Makes a queue ready if a lane may take it; gives it up if it is empty and nobody has it. */
    void offer(KeyQueue queue) {
        if (queue.isTakeable()) {
            if (!queue.isReady) {
                queue.isReady = true;
                ready.add(queue);
            }
        } else if (queue.isEmpty() && queue.lane == KeyQueue.FREE && !isOrdered) {
            if (queue.key != null) {
                byKey.remove(queue.key);
                queue.key = null;
            }
            spare.push(queue);
        }
    }

    /** The queue that has been ready for longest, for a lane; null if there is none. */
    @Nullable
    KeyQueue take(int lane) {
        KeyQueue queue = ready.poll();
        if (queue != null) {
            assert queue.isTakeable() : "a key in two lanes";
            queue.isReady = false;
            queue.lane = lane;
        }
        return queue;
    }

    boolean isAnyReady() {
        return !ready.isEmpty();
    }

    /** Queues that a lane may take. */
    int readyCount() {
        return ready.size();
    }
}
