package dev.eventlog.fuzz;

import dev.eventlog.internal.file.FileHeader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;
import java.util.zip.CRC32C;

/** Puts right what would keep a changed input from being looked at. */
public final class Checksums {

    private Checksums() {}

    /** The CRC32C of ranges, each given by its beginning and its end. */
    public static int crc(ByteBuffer bytes, int... ranges) {
        var crc = new CRC32C();
        for (int i = 0; i < ranges.length; i += 2) {
            crc.update(bytes.duplicate().clear().limit(ranges[i + 1]).position(ranges[i]));
        }
        return (int) crc.getValue();
    }

    /** Bytes as one of our files has them, with a header that is right. */
    public static ByteBuffer file(byte[] input, int least, String magic, UUID logId) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.max(least, input.length)).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(0, input);
        FileHeader.write(bytes, magic, logId);
        return bytes;
    }
}
