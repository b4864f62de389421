package dev.eventlog.examples;

import dev.eventlog.Codec;
import dev.eventlog.EventLog;
import java.nio.file.Path;
import java.time.Duration;

/** A program dies in the middle of its work. Started again it goes on where it stopped, and nothing is lost. */
final class Restart {

    record Parcel(int number) {}

    public static void main(String[] args) {
        try (var directory = TemporaryDirectory.create("restart")) {
            firstRun(directory.path());
            secondRun(directory.path());
        }
    }

    /** Takes ten parcels, delivers four, and breaks down at the fifth. */
    private static void firstRun(Path directory) {
        try (var log = EventLog.open(directory)) {
            var codec = Codec.records(Parcel.class);
            var counter = log.producer("counter", codec);
            for (int i = 1; i <= 10; i++) {
                counter.append(new Parcel(i));
            }
            System.out.println("first run: took parcels 1 to 10");

            try (var courier = log.consumer("courier", codec)) {
                for (var event : courier.poll(Duration.ofSeconds(1))) {
                    deliver(event.data(), 5);
                    courier.commit(event); // from here on this parcel never comes again
                }
            }
        } catch (IllegalStateException breakdown) {
            System.out.println("first run: " + breakdown.getMessage());
        }
    }

    /** The same consumer name: it begins at the first parcel that was not committed. */
    private static void secondRun(Path directory) {
        try (var log = EventLog.open(directory)) {
            try (var courier = log.consumer("courier", Codec.records(Parcel.class))) {
                System.out.println("second run: the log holds " + log.endPosition()
                        + " parcels, courier goes on at position " + courier.position());
                for (var event : courier.poll(Duration.ofSeconds(1))) {
                    deliver(event.data(), 0);
                }
                courier.commit(); // all of the last poll
                System.out.println("second run: " + courier.status().lag() + " parcels left");
            }
        }
    }

    private static void deliver(Parcel parcel, int breakdownAt) {
        if (parcel.number() == breakdownAt) {
            throw new IllegalStateException("the van broke down with parcel " + parcel.number());
        }
        System.out.println("  delivered parcel " + parcel.number());
    }
}
