package dev.eventlog.jmh.peer;

import dev.eventlog.jmh.work.Payload;
import dev.eventlog.jmh.work.Setting;
import dev.eventlog.jmh.work.Workload;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;

/** One thread puts into a map of H2's MVStore, commits and forces, one by one; automatic commits are off. */
public final class H2Commit implements Workload {

    private final MVStore store;
    private final MVMap<Long, byte[]> map;
    private final byte[] payload = new byte[Payload.LENGTH];
    private long key;

    /** Opens an empty store. */
    public H2Commit(Setting setting) {
        store = new MVStore.Builder()
                .fileName(setting.directory().resolve("store.mv").toString())
                .autoCommitDisabled()
                .open();
        map = store.openMap("events");
    }

    @Override
    public void run(int operations) {
        for (int i = 0; i < operations; i++) {
            map.put(key++, payload);
            store.commit();
            store.sync();
        }
    }

    @Override
    public void close() {
        store.close();
    }
}
