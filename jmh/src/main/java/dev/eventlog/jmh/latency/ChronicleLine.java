package dev.eventlog.jmh.latency;

import dev.eventlog.jmh.work.Payload;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import net.openhft.chronicle.bytes.BytesStore;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.wire.DocumentContext;
import net.openhft.chronicle.wire.Wire;
import org.jspecify.annotations.Nullable;

/** Through a Chronicle queue that begins a file each second, otherwise with the defaults. */
final class ChronicleLine implements Line {

    private final ByteBuffer payload = Payload.create().order(ByteOrder.nativeOrder()); // as Chronicle reads
    private final BytesStore<?, ByteBuffer> store = BytesStore.wrap(payload);
    private final ChronicleQueue queue;
    private final ExcerptAppender appender;
    private @Nullable ExcerptTailer tailer;

    ChronicleLine(Path directory) {
        queue = SingleChronicleQueueBuilder.single(
                        directory.resolve("chronicle").toString())
                .rollCycle(new SecondRollCycle())
                .build();
        appender = queue.createAppender();
    }

    @Override
    public void send(long firstBytes) {
        payload.putLong(0, firstBytes);
        try (DocumentContext document = appender.writingDocument()) {
            Wire wire = document.wire();
            assert wire != null;
            wire.bytes().write(store, 0L, (long) Payload.LENGTH);
        }
    }

    @Override
    public int poll(Receiver receiver, int limit) {
        ExcerptTailer from = tailer;
        if (from == null) { // belongs to the thread that makes it
            from = queue.createTailer();
            tailer = from;
        }
        int count = 0;
        while (count < limit) {
            try (DocumentContext document = from.readingDocument()) {
                if (!document.isPresent()) {
                    break;
                }
                Wire wire = document.wire();
                assert wire != null;
                receiver.onArrival(wire.bytes().readLong());
            }
            count++;
        }
        return count;
    }

    @Override
    public void close() {
        appender.close();
        queue.close();
    }
}
