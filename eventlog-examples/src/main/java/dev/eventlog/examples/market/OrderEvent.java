package dev.eventlog.examples.market;

/**
 * What happened to the orders of one stock; a record for each kind of message. Sizes are shares, prices are
 * ten-thousandths of a dollar. The stock is the event's key, the exchange's time its time.
 *
 * <p>{@code Codec.records(OrderEvent.class)} stores these records as they are.
 *
 * <p><b>Threading:</b> Immutable.
 */
sealed interface OrderEvent {

    /** Something happened to one order. */
    sealed interface OfOrder extends OrderEvent {

        /** The order. */
        long orderId();

        /** Whether the order is to buy or to sell. */
        Side side();

        /** How many shares it is about. */
        long size();

        /** The order's price. */
        long price();
    }

    /** A new limit order rests in the book. */
    record NewOrder(long orderId, Side side, long size, long price) implements OfOrder {}

    /** An order is taken back, wholly or in part. */
    sealed interface Cancel extends OfOrder {}

    /** A part of an order is taken back; {@code size} shares go. */
    record PartialCancel(long orderId, Side side, long size, long price) implements Cancel {}

    /** An order is taken back wholly. */
    record Delete(long orderId, Side side, long size, long price) implements Cancel {}

    /** Shares changed hands: {@code size} of a resting order, at its price. */
    sealed interface Trade extends OfOrder {}

    /** A resting order was executed, wholly or in part. */
    record Execution(long orderId, Side side, long size, long price) implements Trade {}

    /** An order that the book did not show was executed; its id is mostly 0. */
    record HiddenExecution(long orderId, Side side, long size, long price) implements Trade {}

    /** Trading in the stock was halted, or goes on. */
    record Halt(Phase phase) implements OrderEvent {}

    /** Whether one wants to buy or to sell. */
    enum Side {
        BUY,
        SELL
    }

    /** What is possible from a {@link Halt} message on. */
    enum Phase {
        HALTED,
        QUOTING,
        TRADING
    }
}
