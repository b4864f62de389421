package dev.eventlog.internal.delivery;

/**
 * How far a subscription has come: what was read, what of it is done, and what of that the checkpoint says. Knows what was
 * done above the checkpoint before it was opened.
 *
 * <p><b>Threading:</b> One thread at a time: its machine's. <b>Allocation:</b> none.
 */
final class Progress {

    private final Window window;
    // done when it was made, as pairs in rising order, and which pair is next
    private final long[] doneBefore;
    private int nextDoneBefore;
    private final long[] completions;
    private int completionsCount;

    private long readPosition;
    private long committed;
    private long committing;
    private int readsSinceCommit;
    // done above the checkpoint is not what was committed
    private boolean areCompletionsNew;

    /**
     * @param checkpoint where to begin
     * @param doneBefore what is done above it, as pairs (from inclusive, to exclusive) in rising order
     * @param mostCompletions longs that there is room for in what is told to be done above a checkpoint
     */
    Progress(Window window, long checkpoint, long[] doneBefore, int mostCompletions) {
        this.window = window;
        this.doneBefore = doneBefore;
        completions = new long[mostCompletions];
        readPosition = checkpoint;
        committed = checkpoint;
        committing = checkpoint;
    }

    /** An event was read: all before the position behind it was read or left out. */
    void read(long position) {
        readsSinceCommit++;
        readPosition = position + 1;
    }

    /** All before a position was read or left out. */
    void readTo(long position) {
        readPosition = Math.max(readPosition, position);
    }

    /** Events read since the last commit began. */
    int readsSinceCommit() {
        return readsSinceCommit;
    }

    /** Whether an event was done when this was made. To be asked of each that is read, in order. */
    boolean wasDoneBefore(long position) {
        while (nextDoneBefore < doneBefore.length && doneBefore[nextDoneBefore + 1] <= position) {
            nextDoneBefore += 2;
        }
        return nextDoneBefore < doneBefore.length && doneBefore[nextDoneBefore] <= position;
    }

    /** More is done above the checkpoint than before. */
    void completed() {
        areCompletionsNew = true;
    }

    boolean isCommitDue() {
        return areCompletionsNew || window.watermark(readPosition) != committed;
    }

    /** Fixes what is to be committed. */
    void beginCommit() {
        committing = window.watermark(readPosition);
        completionsCount = addDoneBefore(window.completions(completions));
        areCompletionsNew = false;
        readsSinceCommit = 0;
    }

    /** Adds what was done before and is not read yet, if there is room for all before it. */
    private int addDoneBefore(int count) {
        int end = count;
        for (int i = nextDoneBefore; i < doneBefore.length && end + 2 <= completions.length; i += 2) {
            long from = Math.max(doneBefore[i], readPosition);
            if (from < doneBefore[i + 1]) {
                completions[end++] = from;
                completions[end++] = doneBefore[i + 1];
            }
        }
        return end;
    }

    long commitPosition() {
        return committing;
    }

    /** What is done above it, as pairs; {@link #completionsCount()} longs of it count. */
    long[] completions() {
        return completions;
    }

    int completionsCount() {
        return completionsCount;
    }

    /** The checkpoint is where {@link #commitPosition()} said. */
    void committed() {
        committed = committing;
    }
}
