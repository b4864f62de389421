package dev.eventlog.internal.delivery;

/** Ways to run a {@link SharedMachine} wrongly, each of which a simulation must notice. */
enum SharedSabotage {
    NONE(""),
    /** A member that was closed without an answer keeps its event for ever. */
    LEASE_NOT_RELEASED("keeps its event although it was left"),
    /** A member whose thread has ended is never looked at. */
    DEAD_MEMBER_NEVER_NOTICED("keeps its event although it is dead|no progress"),
    /** A living member's event is given to another. */
    LEASE_GIVEN_TWICE("two members have it|answer is refused|comes after|parked after|no progress"),
    /** A member that handles for longer than visibility is taken for dead. */
    SLOW_TAKEN_FOR_DEAD("two members have it|answer is refused|comes after|parked after|no progress"),
    /** A member that was left loses its event at once. */
    VISIBILITY_IGNORED("two members have it|lease ended too early"),
    /** An answer that comes when the lease has ended is taken for the answer of who has the event now. */
    LATE_ANSWER_COUNTS("answer is refused|passes what is not done|told to be done|comes after|no progress"),
    /** An event that failed is told to be new each time. */
    ATTEMPT_LOST("attempt 1 comes after"),
    /** An event whose member died is given to another as if nobody had had it. */
    DEATH_NOT_COUNTED("comes after"),
    /** The next attempt does not wait. */
    NO_BACK_OFF("next attempt without a pause"),
    /** The first member is served although others have waited longer. */
    UNFAIR("was overtaken and finds nothing"),
    /** Members are not told that they are paused. */
    PAUSE_FORGOTTEN("although paused|was overtaken"),
    /** The checkpoint passes the events that members have. */
    CHECKPOINT_BEFORE_HANDLER("passes what is not done"),
    /** The checkpoint is one too far. */
    WATERMARK_OFF_BY_ONE("passes what is not done"),
    /** What is done above the checkpoint is told one further. */
    COMPLETIONS_SHIFTED("told to be done|not told"),
    /** Nobody looks at the list of parked events. */
    PARKED_HANDED_OVER("although it is parked"),
    /** Who was closed goes on parking. */
    PARKING_NOT_FENCED("parked by who was closed"),
    /** Who was closed goes on committing. */
    CHECKPOINT_NOT_FENCED("a checkpoint of who was closed"),
    /** A member that waits is not woken, and does not look again. */
    MEMBER_SLEEPS_FOR_EVER("no progress");

    /** What must be noticed: a regular expression that is found in the message. */
    final String rule;

    SharedSabotage(String rule) {
        this.rule = rule;
    }
}
