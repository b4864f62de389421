package dev.eventlog.jmh.work;

import dev.eventlog.jmh.ScratchDirectory;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A workload that is opened for each sample, in a directory of its own that is deleted behind it. What a sample wrote
 * leaves the page cache with its files, so that the next one is given memory that was in use just now: in a virtual
 * machine the first use of a page of memory costs several times what writing it costs, and would be all that is measured.
 *
 * <p><b>Threading:</b> One thread at a time: the main thread of the fork.
 */
public final class Anew implements Workload {

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
        Workload opened = opener.open(new Setting(made.path(), setting.logEvents()));
        current = opened;
        opened.prepare();
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
