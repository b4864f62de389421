package dev.eventlog.tools;

import dev.eventlog.internal.file.FileOps;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.function.LongConsumer;

/**
 * Shows how much was read, in one line that is written over and over.
 *
 * <p><b>Threading:</b> One thread at a time: main.
 */
final class Progress implements LongConsumer {

    private static final Path ERROR_OUTPUT = Path.of("/proc/self/fd/2");
    private static final long STEP = 64L << 20;

    private final PrintStream err;
    private long shown;

    Progress(PrintStream err) {
        this.err = err;
    }

    /** Whether the error output is a terminal, as far as the system tells. */
    static boolean isTerminal() {
        try {
            Path real = FileOps.system().realPath(ERROR_OUTPUT);
            return real.startsWith("/dev/pts") || real.toString().startsWith("/dev/tty");
        } catch (IOException unknown) {
            return false;
        }
    }

    @Override
    public void accept(long bytes) {
        if (bytes - shown >= STEP) {
            shown = bytes;
            err.print("\r" + (bytes >> 20) + " MiB ");
            err.flush();
        }
    }
}
