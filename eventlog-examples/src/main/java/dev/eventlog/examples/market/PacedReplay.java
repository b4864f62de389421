package dev.eventlog.examples.market;

import dev.eventlog.Codec;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.NewEvent;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.TreeMap;

/**
 * The first seconds of a market once more, ten times as fast, into a component that need not know that it is not live.
 *
 * <p><b>Threading:</b> Immutable.
 */
public final class PacedReplay {

    private static final int TIMES = 10;
    private static final long SECOND_NANOS = 1_000_000_000;
    private static final long SECONDS = 5;

    private PacedReplay() {}

    /** Runs it over the file that is given, or over a made-up market; as {@link Market} takes them. */
    public static int run(List<String> args, PrintStream out) throws IOException {
        OrderFlow flow = MarketOptions.parse(args).flow();
        try (var log = EventLog.inMemory()) {
            long firstNanos = append(flow, log);
            var config = ConsumerConfig.unnamed().stopAtEnd().pace(TIMES).build();
            var perSecond = new TreeMap<Long, Integer>();
            out.println(flow.origin() + ", " + SECONDS + " s of it, " + TIMES + " times as fast");
            long start = System.nanoTime();
            try (var replay = log.subscribe(config, Codec.records(OrderEvent.class), (Event<OrderEvent> event) -> {
                long second = (Message.of(event).timeNanos() - firstNanos) / SECOND_NANOS;
                if (perSecond.merge(second, 1, Integer::sum) == 1) {
                    long tenths = (System.nanoTime() - start) * 10 / SECOND_NANOS;
                    out.printf(
                            "  second %d of the market begins after %d.%d s%n", second + 1, tenths / 10, tenths % 10);
                }
            })) {
                boolean isDone = replay.awaitCaughtUp(Duration.ofMinutes(1));
                out.println("  all came: " + isDone + ", messages in each second: " + perSecond.values());
            }
        }
        return 0;
    }

    /** Appends the first seconds of a flow, as fast as the log takes them; returns the time of the first message. */
    private static long append(OrderFlow flow, EventLog log) throws IOException {
        var producer = log.producer("feed", Codec.records(OrderEvent.class));
        long firstNanos = 0;
        try (var messages = new MessageReader(flow, MessageReader.OnMalformed.SKIP)) {
            for (Message message = messages.next(); message != null; message = messages.next()) {
                firstNanos = firstNanos == 0 ? message.timeNanos() : firstNanos;
                if (message.timeNanos() - firstNanos >= SECONDS * SECOND_NANOS) {
                    break;
                }
                producer.append(NewEvent.of(flow.symbol(), message.event()).withTime(message.time()));
            }
        }
        return firstNanos;
    }
}
