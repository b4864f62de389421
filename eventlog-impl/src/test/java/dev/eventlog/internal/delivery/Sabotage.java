package dev.eventlog.internal.delivery;

/** Ways to run a {@link DeliveryMachine} wrongly, each of which a simulation must notice. */
enum Sabotage {
    NONE(""),
    /** The checkpoint passes the event that the handler has. */
    CHECKPOINT_BEFORE_HANDLER("passes what is not done"),
    /** The checkpoint is one too far where nothing is read ahead. */
    WATERMARK_OFF_BY_ONE("passes what is not done"),
    /** Events of one key are taken for events without one. */
    TWO_LANES_FOR_A_KEY("overtakes event|two lanes"),
    /** An event that failed is told to be new each time. */
    ATTEMPT_LOST("attempt 1 comes after 1"),
    /** Nobody looks at the list of parked events. */
    PARKED_KEY_OVERTAKEN("overtakes a parked event|handed over although it is parked"),
    /** What the handler returned from counts before it is flushed. */
    DONE_BEFORE_FLUSH("before the flush|not done|in two lanes|told to be done"),
    /** What is done above the checkpoint is told one further. */
    COMPLETIONS_SHIFTED("told to be done|not told|one before it of its key comes again"),
    /** Of what is done above the checkpoint the first events are forgotten, and not the last. */
    COMPLETIONS_WITHOUT_THE_FIRST("done although one before it of its key comes again|not told at the end"),
    /** Who was closed goes on parking. */
    PARKING_NOT_FENCED("parked by who was closed"),
    /** Who was closed goes on committing. */
    CHECKPOINT_NOT_FENCED("a checkpoint of who was closed"),
    /** A lane that waits is not woken, and does not look again. */
    LANE_SLEEPS_FOR_EVER("no progress"),
    /** The next attempt does not wait. */
    NO_BACK_OFF("next attempt without a pause");

    /** What must be noticed: a regular expression that is found in the message. */
    final String rule;

    Sabotage(String rule) {
        this.rule = rule;
    }
}
