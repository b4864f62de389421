package dev.eventlog.jmh.peer;

import dev.eventlog.jmh.work.Setting;
import dev.eventlog.jmh.work.Workload;
import java.nio.file.Files;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import org.jspecify.annotations.Nullable;

/** Opens a Chronicle queue and an appender of it; it verifies nothing. */
public final class ChronicleOpen implements Workload {

    private final Setting setting;
    private @Nullable ChronicleQueue queue;
    private @Nullable ExcerptAppender appender;

    /** Writes the queue, unless an earlier fork has left it. */
    public ChronicleOpen(Setting setting) {
        this.setting = setting;
        if (!Files.exists(Queues.directory(setting))) {
            try (ChronicleQueue fresh = Queues.open(setting)) {
                Queues.fill(fresh, setting.logEvents());
            }
        }
    }

    @Override
    public void run(int operations) {
        ChronicleQueue opened = Queues.open(setting);
        queue = opened;
        appender = opened.createAppender();
    }

    @Override
    public void settle() {
        if (appender != null) {
            appender.close();
        }
        if (queue != null) {
            queue.close();
        }
    }

    @Override
    public void close() {
        settle();
    }
}
