package dev.eventlog.examples;

import dev.eventlog.Codec;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The past is kept: read it again by key, by type and by time, as of a position, or from the start into a new view. */
final class Replay {

    sealed interface Movement {}

    record Deposited(long cents) implements Movement {}

    record Withdrawn(long cents) implements Movement {}

    public static void main(String[] args) {
        try (var log = EventLog.inMemory()) {
            var codec = Codec.records(Movement.class);
            var bank = log.producer("bank", codec);
            var nine = Instant.parse("2026-01-05T09:00:00Z");

            bank.append(NewEvent.of("anna", new Deposited(10_000)).withTime(nine));
            bank.append(NewEvent.of("ben", new Deposited(5_000)).withTime(nine.plusSeconds(60)));
            long closing = bank.append(NewEvent.of("anna", new Withdrawn(2_500)).withTime(nine.plusSeconds(120)));
            bank.append(NewEvent.of("ben", new Withdrawn(4_000)).withTime(nine.plusSeconds(3_600)));
            bank.append(NewEvent.of("anna", new Deposited(1)).withTime(nine.plusSeconds(7_200)));

            // A view nobody thought of when the events were written.
            System.out.println("balances now            " + balances(log.read(EventQuery.all(), codec)));

            // The same view as it was: positions are a clock that never lies.
            var untilClosing = EventQuery.all().before(closing + 1);
            System.out.println("balances as of then     " + balances(log.read(untilClosing, codec)));

            // One account, one kind, one hour: conditions narrow, or() widens.
            var anna = EventQuery.all().keys("anna");
            System.out.println("all of anna             " + data(log.read(anna, codec)));
            System.out.println("anna's withdrawals      " + data(log.read(anna.types(Withdrawn.class), codec)));
            var firstHour = EventQuery.all().time(nine, nine.plusSeconds(3_600));
            System.out.println("between nine and ten    " + data(log.read(firstHour, codec)));
        }
    }

    private static Map<String, Long> balances(Stream<Event<Movement>> movements) {
        var balances = new TreeMap<String, Long>();
        movements.forEach(event -> {
            long change = event.data() instanceof Deposited in ? in.cents() : -((Withdrawn) event.data()).cents();
            balances.merge(event.key() == null ? "?" : event.key(), change, Long::sum);
        });
        return balances;
    }

    private static String data(Stream<Event<Movement>> movements) {
        return movements.map(event -> event.data().toString()).toList().toString();
    }
}
