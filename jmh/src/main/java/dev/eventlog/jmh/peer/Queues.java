package dev.eventlog.jmh.peer;

import dev.eventlog.jmh.work.Payload;
import dev.eventlog.jmh.work.Setting;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.BytesStore;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.wire.DocumentContext;
import net.openhft.chronicle.wire.Wire;

/**
 * Raw Chronicle Queue in its fastest documented use: raw bytes through {@code writingDocument} and
 * {@code readingDocument}, one appender a thread, unnamed tailers, its defaults (daily roll, 64 MiB blocks).
 */
final class Queues {

    /** What no payload adds up to. */
    static final long NOTHING = Long.MIN_VALUE;

    private Queues() {}

    /** The queue in the setting's directory. */
    static ChronicleQueue open(Setting setting) {
        return ChronicleQueue.single(directory(setting).toString());
    }

    static Path directory(Setting setting) {
        return setting.directory().resolve("chronicle");
    }

    /** The payload as Chronicle takes it. */
    static BytesStore<?, ByteBuffer> wrap(ByteBuffer payload) {
        return BytesStore.wrap(payload);
    }

    /** One document of 64 bytes. */
    static void append(ExcerptAppender appender, BytesStore<?, ByteBuffer> payload) {
        try (DocumentContext document = appender.writingDocument()) {
            Wire wire = document.wire();
            assert wire != null;
            wire.bytes().write(payload, 0L, (long) Payload.LENGTH);
        }
    }

    /** Sum of the next document's eight words, read in place; {@link #NOTHING}: none there. */
    static long read(ExcerptTailer tailer) {
        try (DocumentContext document = tailer.readingDocument()) {
            if (!document.isPresent()) {
                return NOTHING;
            }
            Wire wire = document.wire();
            assert wire != null;
            Bytes<?> bytes = wire.bytes();
            long sum = 0;
            for (int i = 0; i < Payload.LENGTH; i += Long.BYTES) {
                sum += bytes.readLong();
            }
            return sum;
        }
    }

    /** Appends documents. */
    static void fill(ChronicleQueue queue, int documents) {
        ByteBuffer payload = Payload.create();
        BytesStore<?, ByteBuffer> store = wrap(payload);
        try (ExcerptAppender appender = queue.createAppender()) {
            for (int i = 0; i < documents; i++) {
                payload.putLong(0, i);
                append(appender, store);
            }
        }
    }

    /** Writes the queue's dirty pages to the disk. */
    static void force(Setting setting) throws IOException {
        List<Path> files;
        try (Stream<Path> found = Files.list(directory(setting))) {
            files = found.filter(file -> file.toString().endsWith(".cq4")).toList();
        }
        for (Path file : files) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.force(false);
            }
        }
    }
}
