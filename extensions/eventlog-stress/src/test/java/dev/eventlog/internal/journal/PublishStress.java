package dev.eventlog.internal.journal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IJ_Result;

/** A frame's bytes, then its document header: who sees the header sees the bytes, whatever processor and compiler do. */
@JCStressTest
@Outcome(id = "0, -1", expect = Expect.ACCEPTABLE, desc = "nothing there yet")
@Outcome(id = "16, 42", expect = Expect.ACCEPTABLE, desc = "the frame, whole")
@Outcome(expect = Expect.FORBIDDEN, desc = "a header without its frame")
@State
public class PublishStress {

    private static final int PAYLOAD = 8;

    private final ByteBuffer segment = ByteBuffer.allocateDirect(32).order(ByteOrder.LITTLE_ENDIAN);

    /** Appends a frame. */
    @Actor
    public void append() {
        segment.putLong(PAYLOAD, 42);
        DocumentHeader.setRelease(segment, 0, 16);
    }

    /** Reads it. */
    @Actor
    public void read(IJ_Result result) {
        result.r1 = DocumentHeader.getAcquire(segment, 0);
        result.r2 = result.r1 == 0 ? -1 : segment.getLong(PAYLOAD);
    }
}
