package dev.eventlog.examples;

import dev.eventlog.Codec;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Processor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Each order gets one invoice, wherever the program breaks down: the invoice and the checkpoint are one append. */
final class ExactlyOnce {

    record Order(int number, int cents) {}

    record Invoice(int order, int cents) {}

    private static final Codec<Order> ORDERS = Codec.records(Order.class);
    private static final Codec<Invoice> INVOICES = Codec.records(Invoice.class);

    public static void main(String[] args) {
        try (var directory = TemporaryDirectory.create("exactlyonce")) {
            firstRun(directory.path());
            secondRun(directory.path());
        }
    }

    /** The query leaves the invoices out: they stand in the same log and would come back. */
    private static ConsumerConfig orders() {
        return ConsumerConfig.named("invoicing")
                .query(EventQuery.all().types(Order.class))
                .build();
    }

    private static Processor<Order, Invoice> invoicing(int breakdownAt) {
        return event -> {
            Order order = event.data();
            if (order.number() == breakdownAt) {
                throw new IllegalStateException("the printer broke down at order " + order.number());
            }
            // a small one is free: no outputs, and done all the same
            return order.cents() < 200 ? List.of() : List.of(NewEvent.of(new Invoice(order.number(), order.cents())));
        };
    }

    private static void firstRun(Path directory) {
        try (var log = EventLog.open(directory)) {
            var orders = log.producer("shop", ORDERS);
            for (int number = 1; number <= 10; number++) {
                orders.append(new Order(number, number * 100));
            }
            try (var consumer = log.consumer(orders(), ORDERS)) {
                var invoices = log.producer("invoicing", INVOICES);
                System.out.println("first run: processed " + consumer.process(invoicing(7), invoices, 4) + " orders");
                consumer.process(invoicing(7), invoices, 100);
            }
        } catch (IllegalStateException breakdown) {
            System.out.println("first run: " + breakdown.getMessage());
        }
    }

    /** The same by a subscription, which tries again and parks what keeps failing. */
    private static void secondRun(Path directory) {
        try (var log = EventLog.open(directory)) {
            printInvoices("second run: found", log);
            try (var subscription = log.process(orders(), ORDERS, invoicing(0), log.producer("invoicing", INVOICES))) {
                boolean done = subscription.awaitCaughtUp(Duration.ofSeconds(30));
                System.out.println("second run: all orders are processed: " + done);
            }
            printInvoices("second run: there are", log);
        }
    }

    private static void printInvoices(String what, EventLog log) {
        var numbers = log.read(EventQuery.all().types(Invoice.class), INVOICES)
                .map(event -> event.data().order())
                .toList();
        System.out.println(what + " invoices of orders " + numbers);
    }
}
