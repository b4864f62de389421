package dev.eventlog.jmh;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Tells on the standard error how far the work is: a bar that is drawn over itself on a terminal, else a line for each
 * thing that begins.
 *
 * <p><b>Threading:</b> One thread at a time: the caller.
 */
public final class Progress implements AutoCloseable {

    private static final int BAR_LENGTH = 30;
    private static final int LINE_LENGTH = 100;

    private final PrintStream out;
    private final boolean terminal;
    private final int total;
    private final long begin = System.nanoTime();
    private int done;
    private String what = "";

    /** Of this many steps. */
    public Progress(int total) {
        this(total, System.err, isTerminal());
    }

    Progress(int total, PrintStream out, boolean terminal) {
        this.total = Math.max(1, total);
        this.out = out;
        this.terminal = terminal;
    }

    private static boolean isTerminal() {
        try {
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
        } catch (IOException | UnsupportedOperationException unknown) {
            return false;
        }
    }

    /** Says what begins now. */
    public void begin(String next) {
        what = next;
        if (terminal) {
            draw();
        } else {
            out.println(percent() + "% " + seconds() + " s: " + next);
        }
    }

    /** One step is done. */
    public void step() {
        done = Math.min(total, done + 1);
        if (terminal) {
            draw();
        }
    }

    /** Steps that will not be done. */
    public void skip(int steps) {
        done = Math.min(total, done + steps);
    }

    private int percent() {
        return 100 * done / total;
    }

    private long seconds() {
        return (System.nanoTime() - begin) / 1_000_000_000;
    }

    private void draw() {
        int filled = BAR_LENGTH * done / total;
        String line = "[" + "#".repeat(filled) + " ".repeat(BAR_LENGTH - filled) + "] " + percent() + "% " + seconds()
                + " s " + what;
        out.print("\r" + (line + " ".repeat(LINE_LENGTH)).substring(0, LINE_LENGTH));
        out.flush();
    }

    /** Removes the bar. */
    @Override
    public void close() {
        if (terminal) {
            out.print("\r" + " ".repeat(LINE_LENGTH) + "\r");
            out.flush();
        }
    }
}
