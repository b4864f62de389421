package dev.eventlog.examples;

import dev.eventlog.Codec;
import dev.eventlog.EventLog;
import java.nio.file.Path;
import java.time.Duration;

/** The first event, and the consumer that reads it. Run it twice: only the new event is charged. */
final class Hello {

    sealed interface OrderEvent {}

    record Placed(String orderId, long cents) implements OrderEvent {}

    record Paid(String orderId) implements OrderEvent {}

    public static void main(String[] args) {
        try (var log = EventLog.open(Path.of("data/orders"))) {
            var codec = Codec.records(OrderEvent.class);
            log.producer("checkout", codec).append("o-17", new Placed("o-17", 2_500));

            try (var billing = log.consumer("billing", codec)) { // durable cursor named billing
                for (var event : billing.poll(Duration.ofSeconds(1))) {
                    System.out.println("charge at position " + event.position() + ": " + event.data());
                }
                billing.commit();
            }
        }
    }
}
