package dev.eventlog.examples;

import dev.eventlog.Codec;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventLog;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** Many payments at a time, each account in order: a slow bank, an outage for one account, and nobody else waits. */
final class Parallel {

    record Payment(String account, int number) {}

    private static final int ACCOUNTS = 8;
    private static final int PAYMENTS = 20;

    public static void main(String[] args) {
        Map<String, List<Integer>> booked = new ConcurrentHashMap<>();
        var atTheBank = new AtomicInteger();
        var mostAtTheBank = new AtomicInteger();

        try (var log = EventLog.inMemory()) {
            var codec = Codec.records(Payment.class);
            var shop = log.producer("shop", codec);
            for (int number = 0; number < PAYMENTS; number++) {
                for (int account = 0; account < ACCOUNTS; account++) {
                    shop.append("a-" + account, new Payment("a-" + account, number));
                }
            }

            // Eight lanes share the accounts; the key of an event says what must stay in order.
            var config = ConsumerConfig.named("bank")
                    .parallel(8)
                    .attempts(5, Duration.ofMillis(20))
                    .build();
            var bank = log.subscribe(config, codec, event -> {
                Payment payment = event.data();
                mostAtTheBank.accumulateAndGet(atTheBank.incrementAndGet(), Math::max);
                try {
                    LockSupport.parkNanos(2_000_000); // the bank takes its time
                    if (payment.account().equals("a-3") && payment.number() == 5 && event.attempt() < 3) {
                        throw new IllegalStateException("no answer for " + payment); // tried again; only a-3 waits
                    }
                    booked.computeIfAbsent(payment.account(), unused -> new CopyOnWriteArrayList<>())
                            .add(payment.number());
                } finally {
                    atTheBank.decrementAndGet();
                }
            });

            boolean done = bank.awaitCaughtUp(Duration.ofSeconds(30));
            System.out.println("all payments are booked: " + done);
            System.out.println("  at the same time: " + (mostAtTheBank.get() > 1 ? "more than one" : "one"));
            for (int account = 0; account < ACCOUNTS; account++) {
                List<Integer> numbers = booked.getOrDefault("a-" + account, List.of());
                boolean isInOrder = numbers.equals(numbers.stream().sorted().toList());
                System.out.printf("  a-%d  %d payments, in order: %s%n", account, numbers.size(), isInOrder);
            }
        }
    }
}
