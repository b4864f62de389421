package dev.eventlog.examples;

import dev.eventlog.Codec;
import dev.eventlog.EventLog;
import dev.eventlog.Producer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** One log, three independent consumers. One is slow, and nobody waits for it. */
final class FanOut {

    record Payment(String account, long cents) {}

    private static final int COUNT = 1_000;

    public static void main(String[] args) {
        var revenueCents = new AtomicLong();
        var suspicious = new AtomicLong();
        var mailed = new AtomicLong();

        try (var log = EventLog.inMemory()) {
            var codec = Codec.records(Payment.class);

            // Each subscription has its name, its cursor and its thread. The log closes them when it closes.
            var ledger = log.subscribe(
                    "ledger", codec, e -> revenueCents.addAndGet(e.data().cents()));
            var fraud = log.subscribe("fraud", codec, e -> {
                if (e.data().cents() > 9_900) {
                    suspicious.incrementAndGet();
                }
            });
            log.subscribe("mail", codec, e -> {
                LockSupport.parkNanos(1_000_000); // a slow mail server
                mailed.incrementAndGet();
            });

            Producer<Payment> shop = log.producer("shop", codec);
            long last = 0;
            for (int i = 0; i < COUNT; i++) {
                String account = "a-" + i % 7;
                last = shop.append(account, new Payment(account, 10L * i));
            }

            // Read your own writes: the two fast ones are through long before the slow one.
            boolean done = ledger.awaitPosition(last, Duration.ofSeconds(10))
                    && fraud.awaitPosition(last, Duration.ofSeconds(10));
            System.out.println("ledger and fraud are through: " + done);
            System.out.println("  revenue " + revenueCents + " cents, " + suspicious + " suspicious payments");
            System.out.println("  mail has still to send " + (mailed.get() < COUNT ? "some" : "none"));
            for (var status : log.consumers()) {
                System.out.printf(
                        "  %-6s %s, lag %s%n", status.name(), status.state(), status.lag() == 0 ? "0" : "> 0");
            }
        }
    }
}
