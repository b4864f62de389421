package dev.eventlog.internal.delivery;

import dev.eventlog.internal.frame.FrameView;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The 1,024 most recently used keys of a consumer as strings, so that a key met again costs no allocation. A hash table
 * with chains, threaded with a doubly linked list from the most to the least recently used; both in arrays, by slot.
 *
 * <p><b>Threading:</b> One thread at a time: its consumer. <b>Allocation:</b> for keys that are not in the cache.
 */
final class KeyCache {

    static final int CAPACITY = 1024;

    private static final int BUCKETS = 2 * CAPACITY;
    private static final int NONE = -1;

    private final int[] buckets = new int[BUCKETS];
    private final int[] chain = new int[CAPACITY];
    private final int[] newer = new int[CAPACITY];
    private final int[] older = new int[CAPACITY];
    private final int[] hashes = new int[CAPACITY];
    private final byte[][] bytes = new byte[CAPACITY][];
    private final @Nullable String[] keys = new String[CAPACITY];
    private int size;
    private int newest = NONE;
    private int oldest = NONE;

    KeyCache() {
        Arrays.fill(buckets, NONE);
    }

    /** The key of the event that a view is at, which has one. */
    String key(FrameView event) {
        int hash = event.keyHash();
        for (int slot = buckets[bucket(hash)]; slot != NONE; slot = chain[slot]) {
            String key = keys[slot];
            if (hashes[slot] == hash && key != null && event.isKey(bytes[slot])) {
                use(slot);
                return key;
            }
        }
        byte[] copy = event.keyBytes();
        String key = new String(copy, StandardCharsets.UTF_8);
        add(hash, copy, key);
        return key;
    }

    private void add(int hash, byte[] copy, String key) {
        int slot;
        if (size < CAPACITY) {
            slot = size++;
        } else {
            slot = oldest;
            unlink(slot);
            unchain(slot);
        }
        hashes[slot] = hash;
        bytes[slot] = copy;
        keys[slot] = key;
        int bucket = bucket(hash);
        chain[slot] = buckets[bucket];
        buckets[bucket] = slot;
        linkNewest(slot);
    }

    private void use(int slot) {
        if (slot != newest) {
            unlink(slot);
            linkNewest(slot);
        }
    }

    private void linkNewest(int slot) {
        newer[slot] = NONE;
        older[slot] = newest;
        if (newest != NONE) {
            newer[newest] = slot;
        }
        newest = slot;
        if (oldest == NONE) {
            oldest = slot;
        }
    }

    private void unlink(int slot) {
        int above = newer[slot];
        int below = older[slot];
        if (above == NONE) {
            newest = below;
        } else {
            older[above] = below;
        }
        if (below == NONE) {
            oldest = above;
        } else {
            newer[below] = above;
        }
    }

    private void unchain(int slot) {
        int bucket = bucket(hashes[slot]);
        if (buckets[bucket] == slot) {
            buckets[bucket] = chain[slot];
            return;
        }
        for (int at = buckets[bucket]; at != NONE; at = chain[at]) {
            if (chain[at] == slot) {
                chain[at] = chain[slot];
                return;
            }
        }
    }

    private static int bucket(int hash) {
        return (hash ^ hash >>> 16) & (BUCKETS - 1);
    }
}
