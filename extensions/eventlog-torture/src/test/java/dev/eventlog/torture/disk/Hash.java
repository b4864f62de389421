package dev.eventlog.torture.disk;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Hashes by which images are told apart: of 64 bits, so a million of them are. <b>Threading:</b> Without state. */
final class Hash {

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private Hash() {}

    /** Of bytes, a multiple of eight. */
    static long of(byte[] bytes) {
        long hash = 0x9e3779b97f4a7c15L;
        for (int at = 0; at < bytes.length; at += Long.BYTES) {
            hash = Long.rotateLeft((hash ^ (long) LONGS.get(bytes, at)) * 0xbf58476d1ce4e5b9L, 29);
        }
        return mix(hash);
    }

    /** Of the first bytes of a page. */
    static long of(byte[] bytes, int length) {
        byte[] first = new byte[bytes.length];
        System.arraycopy(bytes, 0, first, 0, length);
        return of(first);
    }

    static long of(String text) {
        byte[] bytes = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
        return of(Arrays.copyOf(bytes, (bytes.length + Long.BYTES) / Long.BYTES * Long.BYTES));
    }

    static long mix(long value) {
        long mixed = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
        return mixed ^ (mixed >>> 31);
    }
}
