package dev.eventlog.fuzz;

import java.util.List;

/**
 * One decoder and what must hold whatever bytes it is given: the right result or an exception of a documented type, never
 * other bytes, a hang, or more memory than the bytes justify.
 *
 * <p>A target decodes an input twice: as it is, and with its checksums and lengths put right, so that what stands behind the
 * checksums is reached too.
 *
 * <p><b>Threading:</b> One thread at a time.
 */
public interface FuzzTarget {

    /** What it is called on the command line. */
    String name();

    /** Inputs that are sound, made by the writer of the format. */
    List<byte[]> seeds();

    /** Decodes an input; throws whatever is not allowed. */
    void fuzz(byte[] input);
}
