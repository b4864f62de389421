package dev.eventlog.internal.log;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Where a process that is going to be killed tells what it does: records that are written with write(2) and so survive the
 * kill.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
final class KillLedger {

    static final int RECORD_LENGTH = 16;

    private final FileChannel file;

    private KillLedger(FileChannel file) {
        this.file = file;
    }

    /** Opens it behind what former lives told. */
    static KillLedger open(String path) throws IOException {
        return new KillLedger(FileChannel.open(Path.of(path), StandardOpenOption.CREATE, StandardOpenOption.APPEND));
    }

    void tell(int kind, int count, long position) {
        ByteBuffer record = ByteBuffer.allocate(RECORD_LENGTH);
        record.putInt(kind).putInt(count).putLong(position).flip();
        try {
            int unused = file.write(record);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Told of each record. */
    @FunctionalInterface
    interface Reader {
        void take(int kind, int count, long position);
    }

    /** Reads what all lives told. */
    static void read(Path ledger, Reader reader) throws IOException {
        ByteBuffer records = ByteBuffer.wrap(Files.readAllBytes(ledger));
        while (records.remaining() >= RECORD_LENGTH) {
            reader.take(records.getInt(), records.getInt(), records.getLong());
        }
    }

    /** Records that were told. */
    static long count(Path ledger) throws IOException {
        return Files.exists(ledger) ? Files.size(ledger) / RECORD_LENGTH : 0;
    }
}
