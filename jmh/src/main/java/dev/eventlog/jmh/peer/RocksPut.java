package dev.eventlog.jmh.peer;

import dev.eventlog.jmh.work.Crew;
import dev.eventlog.jmh.work.Payload;
import dev.eventlog.jmh.work.Setting;
import dev.eventlog.jmh.work.Workload;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteOptions;

/**
 * Threads put under a rising key of eight bytes, each put on the disk when it returns: RocksDB's write-ahead log with
 * sync, which commits what waits as a group. Otherwise its defaults.
 */
public final class RocksPut implements Workload {

    private final Options options = new Options().setCreateIfMissing(true);
    private final WriteOptions synced = new WriteOptions().setSync(true);
    private final RocksDB database;
    private final AtomicLong key = new AtomicLong();
    private final Crew crew;
    private final int threads;

    /** Opens an empty database. */
    public RocksPut(Setting setting, int threads) throws Exception {
        this.threads = threads;
        RocksDB.loadLibrary();
        database = open(setting);
        crew = Crew.of(threads, () -> {
            byte[] payload = new byte[Payload.LENGTH];
            byte[] keyBytes = new byte[Long.BYTES];
            ByteBuffer keyBuffer = ByteBuffer.wrap(keyBytes);
            return operations -> {
                for (int i = 0; i < operations; i++) {
                    keyBuffer.putLong(0, key.getAndIncrement());
                    database.put(synced, keyBytes, payload);
                }
            };
        });
    }

    private RocksDB open(Setting setting) throws RocksDBException {
        return RocksDB.open(options, setting.directory().resolve("rocksdb").toString());
    }

    @Override
    public void run(int operations) throws Exception {
        crew.run(operations / threads);
    }

    @Override
    public void close() throws IOException {
        crew.close();
        database.close();
        synced.close();
        options.close();
    }
}
