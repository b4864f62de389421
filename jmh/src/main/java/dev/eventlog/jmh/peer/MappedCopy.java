package dev.eventlog.jmh.peer;

import dev.eventlog.jmh.work.Payload;
import dev.eventlog.jmh.work.Setting;
import dev.eventlog.jmh.work.Workload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The bound: 64 bytes copied into a mapped file, one behind the other, without length, order or checksum. The file is
 * filled with zeros before it is mapped, as eventlog fills its segments ahead, and new for each sample, so that each of
 * its pages is touched for the first time.
 */
public final class MappedCopy implements Workload {

    private static final int FILL_LENGTH = 64 << 10;

    private final Path file;
    private final int lengthBytes;
    private final ByteBuffer payload = Payload.create();
    private MappedByteBuffer target;

    /** Makes the file for samples of at most this many operations. */
    public MappedCopy(Setting setting, int maxOperations) throws IOException {
        file = setting.directory().resolve("mapped");
        lengthBytes = maxOperations * Payload.LENGTH;
        target = map();
    }

    private MappedByteBuffer map() throws IOException {
        Files.deleteIfExists(file);
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer zeros = ByteBuffer.allocateDirect(FILL_LENGTH);
            for (long at = 0; at < lengthBytes; at += FILL_LENGTH) {
                zeros.clear();
                channel.write(zeros, at);
            }
            channel.force(false);
            return channel.map(FileChannel.MapMode.READ_WRITE, 0, lengthBytes);
        }
    }

    @Override
    public void prepare() throws IOException {
        target = map();
    }

    @Override
    public void run(int operations) {
        MappedByteBuffer to = target;
        for (int i = 0; i < operations; i++) {
            payload.putLong(0, i);
            to.put(i * Payload.LENGTH, payload, 0, Payload.LENGTH);
        }
    }

    @Override
    public void settle() {
        target.force();
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(file);
    }
}
