package dev.eventlog.internal.delivery;

import java.util.List;
import java.util.Set;

/** Ways to run a {@link DeliveryMachine} or a {@link SharedMachine} wrongly, each of which a simulation must notice. */
enum Sabotage {
    NONE(""),
    /** The checkpoint passes what a handler has. */
    CHECKPOINT_BEFORE_HANDLER("passes what is not done"),
    /** The checkpoint is one too far. */
    WATERMARK_OFF_BY_ONE("passes what is not done"),
    /** The reader passes an event now and then. */
    EVENT_SKIPPED(
            "passes what is not done|overtakes event|not in the order|told to be done|comes again|not told|no progress"),
    /** An event that failed is told to be new each time. */
    ATTEMPT_LOST("attempt 1 comes after"),
    /** An event is tried once more than it may be. */
    ONE_ATTEMPT_TOO_MANY("more than . attempts|two members have it"),
    /** An event is parked before its last attempt. */
    PARKED_TOO_EARLY("parked after"),
    /** An event is parked, and nothing tells of it at the next opening. */
    PARKED_WITHOUT_LIST("list of parked events is wrong|overtakes a parked event|although it is parked|parked after"),
    /** The next attempt does not wait. */
    NO_BACK_OFF("next attempt without a pause"),
    /** Nobody is told of a pause. */
    PAUSE_FORGOTTEN("although paused|was overtaken"),
    /** What is done above the checkpoint is told one further. */
    COMPLETIONS_SHIFTED("told to be done|not told|one before it of its key comes again"),
    /** What was done above the checkpoint is not looked at by who opens it next. */
    COMPLETIONS_FORGOTTEN("handed over although it is done|overtakes event|not told"),
    /** Nobody looks at the list of parked events. */
    PARKED_KEY_OVERTAKEN("overtakes a parked event|although it is parked"),
    /** Who was closed goes on parking. */
    PARKING_NOT_FENCED("parked by who was closed"),
    /** Who was closed goes on committing. */
    CHECKPOINT_NOT_FENCED("a checkpoint of who was closed"),
    /** Whoever opens it has it, although somebody has it. */
    TWO_OWNERS("two owners|the owner is fenced"),
    /** Who waits is not woken, and does not look again. */
    WORKER_SLEEPS_FOR_EVER("no progress"),

    /** Events of one key are taken for events without one. */
    TWO_LANES_FOR_A_KEY("overtakes event|two lanes", SimulationForm.LANES),
    /** What the handler returned from counts before it is flushed. */
    DONE_BEFORE_FLUSH("before the flush|not done|in two lanes|told to be done", SimulationForm.LANES),
    /** Of what is done above the checkpoint the first events are forgotten, and not the last. */
    COMPLETIONS_WITHOUT_THE_FIRST(
            "done although one before it of its key comes again|not told at the end", SimulationForm.LANES),

    /** A member that was closed without an answer keeps its event for ever. */
    LEASE_NOT_RELEASED("keeps its event although it was left", SimulationForm.SHARED),
    /** A member whose thread has ended is never looked at. */
    DEAD_MEMBER_NEVER_NOTICED("keeps its event although it is dead|no progress", SimulationForm.SHARED),
    /** A living member's event is given to another. */
    LEASE_GIVEN_TWICE(
            "two members have it|answer is refused|comes after|parked after|no progress", SimulationForm.SHARED),
    /** A member that handles for longer than visibility is taken for dead. */
    SLOW_TAKEN_FOR_DEAD(
            "two members have it|answer is refused|comes after|parked after|no progress", SimulationForm.SHARED),
    /** A member that was left loses its event at once. */
    VISIBILITY_IGNORED("two members have it|lease ended too early", SimulationForm.SHARED),
    /** An answer that comes when the lease has ended is taken for the answer of who has the event now. */
    LATE_ANSWER_COUNTS(
            "answer is refused|passes what is not done|told to be done|comes after|no progress", SimulationForm.SHARED),
    /** An event whose member died is given to another as if nobody had had it. */
    DEATH_NOT_COUNTED("comes after", SimulationForm.SHARED),
    /** The first member is served although others have waited longer. */
    UNFAIR("was overtaken and finds nothing", SimulationForm.SHARED);

    /** What must be noticed: a regular expression that is found in the message. */
    final String rule;

    private final Set<SimulationForm> forms;

    Sabotage(String rule) {
        this(rule, SimulationForm.values());
    }

    Sabotage(String rule, SimulationForm... forms) {
        this.rule = rule;
        this.forms = Set.of(forms);
    }

    /** Those that a form of consumer can be run with. */
    static List<Sabotage> of(SimulationForm form) {
        return List.of(values()).stream()
                .filter(each -> each != NONE && each.forms.contains(form))
                .toList();
    }
}
