package dev.eventlog.internal.delivery;

import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.EventLogException;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.internal.cursor.Cursor;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.journal.Journal;
import dev.eventlog.internal.journal.ReadJournal;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A consumer's outputs in its hand: appends them with its checkpoint, and lets what is kept beside the log follow.
 *
 * <p>The frame with the outputs is what counts. What the cursor keeps may be less, never more: after a power cut a checkpoint
 * must not be there whose outputs are not. So it is moved only to where all outputs that came before survive; until then the
 * one that waits for that is remembered. A checkpoint that moved without outputs is nothing to lose.
 *
 * <p><b>Threading:</b> One thread at a time: the consumer. Except {@link #end}: any.
 */
final class OutputClaim {

    private static final Logger LOGGER = LoggerFactory.getLogger(OutputClaim.class);

    private final Journal out;
    private final ReadJournal source;
    private final Cursor cursor;
    private final Journal.Claim claim;
    // the consumer's
    private FrameBuilder frame;
    // guards what follows; the thread that prunes, which must wait for nobody, only tries it
    private final ReentrantLock lock = new ReentrantLock();
    // behind the last outputs
    private long outputsEnd;
    // a checkpoint that is not kept yet, where the log must survive up to for that, and the newest one
    private long waiting = Cursor.NONE;
    private long waitingFor;
    private long newest = Cursor.NONE;
    private boolean isEnded;

    private OutputClaim(Journal out, ReadJournal source, Cursor cursor, Journal.Claim claim) {
        this.out = out;
        this.source = source;
        this.cursor = cursor;
        this.claim = claim;
        frame = out.newFrame();
        outputsEnd = claim.endPosition();
    }

    /** Takes a consumer's outputs in hand, and has its cursor go on where they end. */
    static OutputClaim of(Journal out, ReadJournal source, Cursor cursor) {
        var made = new OutputClaim(out, source, cursor, out.claim(source.id(), cursor.name()));
        boolean isMade = false;
        try {
            made.adopt();
            cursor.process(made::keepUp);
            isMade = true;
            return made;
        } finally {
            if (!isMade) {
                made.claim.end();
            }
        }
    }

    private void adopt() {
        ReadJournal.Progress told = claim.told();
        if (told == null || told.generation() < cursor.generation()) {
            return;
        }
        long checkpoint = surviving(told);
        if (told.generation() > cursor.generation() || checkpoint > cursor.checkpoint()) {
            cursor.adopt(checkpoint, told.generation());
        }
        // what is kept may be less, and follows
        newest = cursor.checkpoint();
        waiting = newest;
        waitingFor = outputsEnd;
    }

    /** What was processed and lost in the log that it came from is not: its positions may be other events'. */
    private long surviving(ReadJournal.Progress told) {
        source.refresh();
        long end = source.epochEnd(told.epoch());
        if (end >= 0 && told.checkpoint() <= end && told.checkpoint() <= source.endPosition()) {
            return told.checkpoint();
        }
        if (end >= 0 && source.isRestartedSince(told.epoch())) {
            LOGGER.warn(
                    "checkpoint is set back, a power cut or the copying of the log took events that were processed: consumer={} from={} to={}",
                    told.consumer(),
                    told.checkpoint(),
                    end);
            return end;
        }
        throw new CorruptLogException(
                "outputs are ahead of the log that they come from: consumer=" + told.consumer() + " checkpoint="
                        + told.checkpoint() + " endPosition=" + source.endPosition() + " directory="
                        + source.directory() + " directoryOfOutputs=" + out.directory()
                        + "; the log was probably restored from an older backup. Restore the newer one, or forget the"
                        + " consumer and open it at a place of your choice",
                source.directory(),
                0,
                told.checkpoint(),
                source.endPosition(),
                null);
    }

    Journal out() {
        return out;
    }

    /** A frame for outputs, begun; what was in it is gone. */
    FrameBuilder begin() {
        if (!frame.isKept()) {
            frame = out.newFrame();
        }
        frame.begin(FrameDescriptor.KIND_DATA);
        claim.begin(frame);
        return frame;
    }

    /**
     * Appends the frame's outputs, and with them the checkpoint.
     *
     * @throws LogClosedException if the consumer was closed, or is somebody else's: nothing was appended
     */
    void append(long checkpoint, boolean durable) {
        var reached =
                new ReadJournal.Progress(source.id(), cursor.name(), checkpoint, source.epoch(), cursor.generation());
        long end = claim.append(frame, reached, durable) + frame.eventCount();
        lock.lock();
        try {
            outputsEnd = end;
        } finally {
            lock.unlock();
        }
    }

    /** Moves the checkpoint to where outputs were appended, or there were none. */
    void commit(long checkpoint) {
        lock.lock();
        try {
            requireHeld();
            newest = checkpoint;
            cursor.advance(checkpoint, toKeep(checkpoint));
        } finally {
            lock.unlock();
        }
    }

    /** What may be kept by now of a newer checkpoint than the one that waits; {@link Cursor#NONE}: nothing new. */
    private long toKeep(long checkpoint) {
        long durable = out.durablePosition();
        if (outputsEnd <= durable) {
            waiting = Cursor.NONE;
            return checkpoint;
        }
        long kept = Cursor.NONE;
        if (waiting == Cursor.NONE || waitingFor <= durable) {
            kept = waiting;
            waiting = checkpoint;
            waitingFor = outputsEnd;
        }
        return kept;
    }

    /** Lets what is kept follow, though nothing is processed: the log may keep events for it. From any thread. */
    private void keepUp() {
        if (!lock.tryLock()) {
            // somebody moves it; who needs it asks again
            return;
        }
        try {
            if (!isEnded && waiting != Cursor.NONE) {
                cursor.advance(cursor.checkpoint(), toKeep(newest));
            }
        } catch (LogClosedException closed) {
            LOGGER.debug("checkpoint is in the log only: consumer={}", cursor.name(), closed);
        } finally {
            lock.unlock();
        }
    }

    /** Moves the checkpoint by a seek: nothing but the cursor tells of that. */
    void move(long checkpoint) {
        lock.lock();
        try {
            requireHeld();
            if (out.durablePosition() < outputsEnd) {
                out.force();
            }
            waiting = Cursor.NONE;
            newest = checkpoint;
            cursor.commit(checkpoint, true);
        } finally {
            lock.unlock();
        }
    }

    private void requireHeld() {
        if (isEnded) {
            throw new LogClosedException(
                    "checkpoint cannot be written, the consumer is closed: consumer=" + cursor.name());
        }
    }

    /** Appends and commits nothing from here on; keeps what was committed if its outputs can be made to survive. */
    void end() {
        claim.end();
        lock.lock();
        try {
            if (isEnded) {
                return;
            }
            isEnded = true;
            if (waiting == Cursor.NONE) {
                return;
            }
            if (out.durablePosition() < outputsEnd && !out.isClosed()) {
                out.force();
            }
            if (out.durablePosition() >= outputsEnd) {
                cursor.advance(newest, newest);
            }
        } catch (EventLogException notKept) {
            LOGGER.debug("checkpoint is in the log only: consumer={}", cursor.name(), notKept);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Refuses a required consumer whose outputs go to the log that it reads, where that has a limit.
     *
     * @throws IllegalArgumentException if it is one
     */
    @SuppressWarnings("ReferenceEquality") // a journal is itself only
    static void requireRoom(String name, boolean isRequired, Journal out, ReadJournal source) {
        if (isRequired && out == source && out.isLimited()) {
            throw new IllegalArgumentException(
                    "consumer would wait for itself: a required consumer keeps the events that it has not processed, and in a"
                            + " log that is at its limit its outputs find room only once those go: consumer=" + name
                            + "; append the outputs to another log, leave out the limit, or forget the consumer and leave"
                            + " out required");
        }
    }

    /** Whether it appends to a journal. */
    @SuppressWarnings("ReferenceEquality") // a journal is itself only
    static boolean isTo(@Nullable OutputClaim claim, Journal out) {
        return claim != null && claim.out == out;
    }
}
