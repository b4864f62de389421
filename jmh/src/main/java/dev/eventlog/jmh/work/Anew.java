package dev.eventlog.jmh.work;

import dev.eventlog.jmh.ScratchDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * A workload that is opened for each sample, in a directory of its own that is deleted behind it. Before each sample a
 * file is written and deleted that is larger than what a sample writes, so that the sample is given memory that was in
 * use just now: in a virtual machine the first use of a page, and the first after the machine gave it back, costs its host
 * microseconds, which is ten times what writing an event costs, and would be all that is measured. Both sides of a row
 * have it so.
 *
 * <p><b>Threading:</b> One thread at a time: the main thread of the fork.
 */
public final class Anew implements Workload {

    private static final int WARM_STEPS = 384;
    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(1 << 20).asReadOnlyBuffer();

    private final Opener opener;
    private final Setting setting;
    private @Nullable ScratchDirectory directory;
    private @Nullable Workload current;

    private Anew(Opener opener, Setting setting) {
        this.opener = opener;
        this.setting = setting;
    }

    /** Lets a workload be opened for each sample. */
    public static Opener each(Opener opener) {
        return setting -> new Anew(opener, setting);
    }

    @Override
    public void prepare() throws Exception {
        var made = new ScratchDirectory(setting.directory());
        directory = made;
        warmMemory(made.path().resolve("warm"));
        Workload opened = opener.open(new Setting(made.path(), setting.logEvents()));
        current = opened;
        opened.prepare();
    }

    private static void warmMemory(Path file) throws IOException {
        try (var channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            for (int i = 0; i < WARM_STEPS; i++) {
                ByteBuffer zeros = ZEROS.duplicate();
                while (zeros.hasRemaining()) {
                    channel.write(zeros);
                }
            }
        }
        Files.delete(file);
    }

    @Override
    public void run(int operations) throws Exception {
        if (current == null) {
            throw new IllegalStateException("not prepared");
        }
        current.run(operations);
    }

    @Override
    public void settle() throws IOException {
        close();
    }

    @Override
    public void close() throws IOException {
        if (current != null) {
            current.close();
            current = null;
        }
        if (directory != null) {
            directory.close();
            directory = null;
        }
    }
}
