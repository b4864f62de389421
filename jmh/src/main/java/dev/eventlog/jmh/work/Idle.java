package dev.eventlog.jmh.work;

import dev.eventlog.IdleStrategy;

/**
 * What a thread does while it waits for another, the same for eventlog and for every peer: it spins a little, then yields, so
 * that the threads of a log, a driver or a neighbour get a processor on a machine with few of them.
 *
 * <p><b>Threading:</b> One thread at a time: the one that waits.
 */
public final class Idle {

    private final IdleStrategy strategy = IdleStrategy.yielding();
    private long empty;

    /** Idles once if there was no work; begins anew if there was. */
    public void idle(int work) {
        if (work > 0) {
            empty = 0;
        } else {
            strategy.idle(++empty);
        }
    }
}
