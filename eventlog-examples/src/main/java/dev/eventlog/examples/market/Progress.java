package dev.eventlog.examples.market;

import java.io.PrintStream;

/**
 * Tells how far the work is: for a person at a terminal a bar that moves, otherwise one line for each finished step.
 *
 * <p><b>Threading:</b> One thread at a time: the one that works.
 */
final class Progress {

    private static final int WIDTH = 30;
    private static final long REDRAW_NANOS = 50_000_000;

    private final PrintStream out;
    private final boolean interactive;
    private int drawn; // length of what is on the line
    private long drawnNanos;

    Progress(PrintStream out, boolean interactive) {
        this.out = out;
        this.interactive = interactive;
    }

    /** So much of a step is done. */
    void show(String step, long done, long total) {
        long now = System.nanoTime();
        if (!interactive || (drawn > 0 && now - drawnNanos < REDRAW_NANOS)) {
            return;
        }
        drawnNanos = now;
        int filled = total == 0 ? WIDTH : (int) (WIDTH * done / total);
        String bar = "#".repeat(filled) + "-".repeat(WIDTH - filled);
        draw(String.format("%-22s [%s] %s of %s", step, bar, Format.count(done), Format.count(total)));
    }

    /** A step is done. */
    void done(String line) {
        if (interactive) {
            draw("");
            out.print('\r');
            drawn = 0;
        }
        out.println(line);
    }

    /** Over what was drawn before, with spaces to its end. */
    private void draw(String text) {
        out.print("\r" + text + " ".repeat(Math.max(0, drawn - text.length())));
        out.flush();
        drawn = text.length();
    }
}
