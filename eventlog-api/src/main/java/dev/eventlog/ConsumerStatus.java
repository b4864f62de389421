package dev.eventlog;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where a consumer or a subscription stands: the one window for programs, health checks and metrics.
 *
 * @param name the consumer's name; {@code (unnamed)} if it has none
 * @param state see {@link State}
 * @param checkpoint position of the first event that is not committed; that of the first event kept if it is damaged
 * @param lag how many events are kept and not committed, those included that a query would leave out; where the
 *     checkpoint is below {@link EventLog#firstPosition()}, those between were pruned and do not count
 * @param lagBytes how many bytes of the log these events take, exact to 64 KiB
 * @param lagAge how long ago the oldest of them was appended; zero if there is none
 * @param parked how many events are parked; -1 if their list cannot be read
 * @param owner who has it open: the thread that opened it, and since when; null if closed
 * @param failure why it is {@link State#FAILED}, or why an open consumer's list of parked events cannot be read; else null
 */
public record ConsumerStatus(
        String name,
        State state,
        long checkpoint,
        long lag,
        long lagBytes,
        Duration lagAge,
        long parked,
        @Nullable String owner,
        @Nullable Throwable failure) {

    public ConsumerStatus {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(state, "state");
        Objects.requireNonNull(lagAge, "lagAge");
    }

    /** What a consumer is doing. */
    public enum State {
        /** Nobody has it open. */
        CLOSED,
        /** Open, running. */
        OPEN,
        /** A subscription that was paused. */
        PAUSED,
        /**
         * A subscription that waits for its name, which another consumer has open; that one is the
         * {@link ConsumerStatus#owner()}.
         */
        STANDBY,
        /** At the end that {@link ConsumerConfig.Builder#stopAtEnd()} or a bounded query gave it. */
        DONE,
        /**
         * A subscription that stopped, or a closed consumer whose checkpoint or list of parked events cannot be read;
         * {@link ConsumerStatus#failure()} tells why.
         */
        FAILED
    }
}
