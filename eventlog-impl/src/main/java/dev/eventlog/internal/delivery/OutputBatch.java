package dev.eventlog.internal.delivery;

import dev.eventlog.Event;
import dev.eventlog.NewEvent;
import dev.eventlog.Processor;
import dev.eventlog.error.EventTooLargeException;
import dev.eventlog.internal.cursor.Cursor;
import dev.eventlog.internal.frame.FrameBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Gathers the outputs of events that follow each other, for one frame. An event whose outputs do not fit has those before it
 * appended first.
 *
 * <p><b>Threading:</b> One thread at a time: the consumer.
 */
final class OutputBatch<T, R> {

    /** Bytes of outputs behind which a frame is appended before the next event. */
    private static final int FULL = 512 << 10;

    private final Processor<T, R> processor;
    private final Outputs<R> outputs;
    private final OutputClaim claim;
    // null: to be begun. What was appended is out of hand before there is memory for another one, which may fail
    private @Nullable FrameBuilder frame;
    // behind the last event that was processed
    private long processed = Cursor.NONE;
    private long appended = Cursor.NONE;
    // by the processor, last
    private @Nullable Throwable thrown;

    OutputBatch(Processor<? super T, ? extends R> processor, Outputs<R> outputs, OutputClaim claim) {
        this.processor = narrowed(processor);
        this.outputs = outputs;
        this.claim = claim;
    }

    /** Safe: an event only gives data out, and so does a list of outputs that is only read. */
    @SuppressWarnings("unchecked")
    private static <T, R> Processor<T, R> narrowed(Processor<? super T, ? extends R> processor) {
        return (Processor<T, R>) processor;
    }

    /** Processes an event; if that throws, it is as if it had not come. */
    void process(Event<T> event) throws Exception {
        FrameBuilder gathered = frame;
        if (gathered != null && gathered.length() >= FULL) {
            // before the event, and not behind it: if there is no room it comes again, and must not be in the frame
            // then
            append();
        }
        List<? extends NewEvent<? extends R>> made;
        try {
            made = processor.process(event);
        } catch (Throwable e) {
            thrown = e;
            throw e;
        }
        // the list is the processor's and may change
        List<NewEvent<? extends R>> events = new ArrayList<>(
                Objects.requireNonNull(made, "processor returned null; return an empty list for no outputs"));
        FrameBuilder target = begun();
        int before = target.eventCount();
        try {
            addAll(target, events);
        } catch (EventTooLargeException full) {
            if (before == 0) {
                throw full;
            }
            append();
            addAll(begun(), events);
        }
        processed = event.position() + 1;
    }

    private FrameBuilder begun() {
        FrameBuilder target = frame;
        if (target == null) {
            target = claim.begin();
            frame = target;
        }
        return target;
    }

    private void addAll(FrameBuilder target, List<NewEvent<? extends R>> events) {
        int length = target.length();
        int count = target.eventCount();
        boolean isAdded = false;
        try {
            for (NewEvent<? extends R> event : events) {
                outputs.add(target, Objects.requireNonNull(event, "output"));
            }
            isAdded = true;
        } finally {
            if (!isAdded) {
                target.takeBack(length, count);
            }
        }
    }

    /** Whether the processor threw this, and not the log of its outputs. */
    @SuppressWarnings("ReferenceEquality") // a throwable is itself only
    boolean isOfProcessor(Throwable why) {
        return why == thrown;
    }

    /** Appends what was gathered, with the checkpoint behind the last event; nothing if there is nothing. */
    void append() {
        FrameBuilder gathered = frame;
        if (gathered != null && gathered.eventCount() > 0) {
            claim.append(processed, outputs.isDurable());
            appended = processed;
            frame = null;
        }
    }

    /** Behind the last event whose outputs were appended; {@link Cursor#NONE} if none were. */
    long appended() {
        return appended;
    }
}
