package dev.eventlog.jmh.ours;

import dev.eventlog.EventView;
import dev.eventlog.ViewHandler;
import dev.eventlog.jmh.work.Payload;
import java.nio.ByteBuffer;

/** Adds up the eight words of each payload. <b>Threading:</b> One thread at a time: the one that polls. */
final class Sum implements ViewHandler<ByteBuffer> {

    private long total;

    @Override
    public void onEvent(EventView<ByteBuffer> event) {
        total += Payload.sum(event.payload());
    }

    /** The sum, to be used, so that no read is left out. */
    long total() {
        return total;
    }
}
