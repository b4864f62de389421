package dev.eventlog.internal.log;

import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventLog;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.support.Clock;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * The process that {@link ProcessKillTest} kills: appends inputs without end and processes them, into the same log or another
 * one. A ledger tells of each call of the processor.
 */
final class ProcessKillChild {

    private static final int PROCESSING = 1;
    private static final int MOST_AHEAD = 500;

    private ProcessKillChild() {}

    public static void main(String[] arguments) throws IOException {
        KillLedger ledger = KillLedger.open(arguments[2]);
        EventLog from = open(Path.of(arguments[0]));
        EventLog to = arguments[1].equals(arguments[0]) ? from : open(Path.of(arguments[1]));
        var processed = new AtomicLong();
        Thread appending = new Thread(() -> append(from, processed), "appending");
        appending.start();
        boolean isPull = arguments[3].equals("pull");
        if (isPull) {
            pull(from, to, ledger, processed);
        } else {
            from.process(
                    NumberedOutputs.config().build(),
                    NumberedOutputs.CODEC,
                    NumberedOutputs.processor(number -> tell(ledger, processed, number)),
                    to.producer("out", NumberedOutputs.CODEC));
        }
    }

    private static void append(EventLog log, AtomicLong processed) {
        long began = log.read(NumberedOutputs.INPUTS, NumberedOutputs.CODEC).count();
        for (long number = began; ; number++) {
            while (number - began - processed.get() > MOST_AHEAD) {
                LockSupport.parkNanos(100_000);
            }
            NumberedOutputs.append(log, number, number + 1);
        }
    }

    /** Poison has no outputs in either form; who pulls passes it by himself. */
    private static void pull(EventLog from, EventLog to, KillLedger ledger, AtomicLong processed) {
        var config = ConsumerConfig.named(NumberedOutputs.CONSUMER).query(NumberedOutputs.INPUTS);
        var consumer = from.consumer(config.build(), NumberedOutputs.CODEC);
        var out = to.producer("out", NumberedOutputs.CODEC);
        var outputs = NumberedOutputs.processor(number -> tell(ledger, processed, number));
        while (true) {
            if (consumer.await(Duration.ofSeconds(1))) {
                try {
                    int unused = consumer.process(outputs, out, 16);
                } catch (IllegalStateException failed) {
                    // an attempt is the first each time: what fails at the first is passed with its outputs
                    int unused = consumer.process(
                            event -> NumberedOutputs.count(event.data().getLong(0)) == 0
                                    ? java.util.List.of()
                                    : NumberedOutputs.outputsOf(event.data().getLong(0)),
                            out,
                            1);
                }
            }
        }
    }

    /** Forced now and then, so that a checkpoint is kept too. */
    static EventLog open(Path directory) {
        return LocalEventLog.open(
                Numbered.config(directory).forceInterval(Duration.ofMillis(20)).build(),
                FileOps.system(),
                Clock.system());
    }

    private static void tell(KillLedger ledger, AtomicLong processed, long number) {
        processed.incrementAndGet();
        ledger.tell(PROCESSING, 1, number);
    }
}
