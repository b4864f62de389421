/**
 * Delivery: consumers, subscriptions and finite reads, all made by {@link dev.eventlog.internal.delivery.Delivery}. A
 * {@code Feed} walks the journal and applies the query; what differs is who asks for events and when the checkpoint moves.
 * {@link dev.eventlog.internal.delivery.Outputs} is what a producer is for processing. May use what {@code cursor} may, and
 * {@code cursor}.
 */
@NullMarked
package dev.eventlog.internal.delivery;

import org.jspecify.annotations.NullMarked;
