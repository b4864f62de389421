package dev.eventlog.examples.market;

import dev.eventlog.examples.market.OrderEvent.Delete;
import dev.eventlog.examples.market.OrderEvent.Execution;
import dev.eventlog.examples.market.OrderEvent.Halt;
import dev.eventlog.examples.market.OrderEvent.HiddenExecution;
import dev.eventlog.examples.market.OrderEvent.NewOrder;
import dev.eventlog.examples.market.OrderEvent.PartialCancel;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Prints what came out, part by part.
 *
 * <p><b>Threading:</b> One thread at a time: the caller.
 */
final class Report {

    private final PrintStream out;

    Report(PrintStream out) {
        this.out = out;
    }

    /** Where the events came from, and where they went. */
    void input(MarketOptions options, InputSummary input, @Nullable Path log) {
        heading("Input");
        row("from", options.flow().origin());
        row("what", options.flow().symbol() + " on " + options.flow().day());
        row("messages", Format.count(input.messages()));
        row("malformed", Format.count(input.malformed()) + " lines");
        row("log", log == null ? "temporary, deleted" : log + ", kept");
    }

    /** What the consumers know at the end. */
    void market(MarketStates states) {
        var audit = states.audit();
        heading("Audit");
        row("new orders", Format.count(audit.count(NewOrder.class)));
        row("partial cancels", Format.count(audit.count(PartialCancel.class)));
        row("deletes", Format.count(audit.count(Delete.class)));
        row("executions", Format.count(audit.count(Execution.class)));
        row("hidden executions", Format.count(audit.count(HiddenExecution.class)));
        row("halt messages", Format.count(audit.count(Halt.class)));
        row("sha-256", audit.checksum());
        book(states.book());
        tape(states.tape());
        risk(states.risk());
    }

    private void book(Book book) {
        heading("Book at the end");
        row("best bid", Format.level(book.bestBid()));
        row("best ask", Format.level(book.bestAsk()));
        row("resting orders", Format.count(book.orderCount()));
        row("unknown orders", Format.count(book.unknown()) + " messages named an order from before the first line");
        if (book.contradictory() > 0) {
            row("contradictory", Format.count(book.contradictory()) + " messages named a taken id or too many shares");
        }
    }

    private void tape(Tape tape) {
        heading("Tape");
        row("trades", Format.count(tape.count()));
        row("volume", Format.count(tape.volume()) + " shares");
        row("vwap", tape.vwap() + "  (exactly " + tape.turnover() + " / " + tape.volume() + " / 10000)");
        row("high, low", Format.price(tape.high()) + ", " + Format.price(tape.low()));
        var bars = tape.bars();
        if (!bars.isEmpty()) {
            row(
                    "minute " + Format.minute(bars.firstKey()),
                    bar(bars.firstEntry().getValue()));
            row("minute " + Format.minute(bars.lastKey()), bar(bars.lastEntry().getValue()));
        }
    }

    private static String bar(Tape.Bar bar) {
        return "open " + Format.price(bar.open()) + " high " + Format.price(bar.high()) + " low "
                + Format.price(bar.low()) + " close " + Format.price(bar.close()) + ", " + Format.count(bar.volume())
                + " shares in " + Format.count(bar.count()) + " trades";
    }

    private void risk(Risk risk) {
        heading("Risk");
        row("cancel bursts", Format.count(risk.bursts()) + " seconds with " + Risk.BURST_CANCELS + " cancels or more");
        if (risk.worstCancels() > 0) {
            row("worst second", Format.count(risk.worstCancels()) + " cancels at " + Format.second(risk.worstSecond()));
        }
        row(
                "large trades",
                Format.count(risk.largeTrades()) + " of " + Format.count(Risk.LARGE_TRADE_SIZE)
                        + " shares or more, the largest of " + Format.count(risk.largestTrade()));
    }

    /** How fast it was. */
    void speed(Pipeline pipeline, long times, long messages, long replayNanos) {
        var feed = pipeline.feed();
        heading("Speed");
        row("append", rateOf(feed.count(), feed.nanos()) + (times == 0 ? "" : ", held back by --speed " + times));
        row("replay", rateOf(messages, replayNanos) + " into all four states");
        for (MarketConsumer consumer : pipeline.consumers()) {
            row(consumer.name(), rateOf(consumer.handled(), consumer.handlingNanos()) + latencies(consumer.latency()));
        }
        if (times == 0 && feed.count() > 0) {
            out.println("  At full speed events wait in line; for latencies of a steady flow try --speed 100.");
        }
    }

    private static String rateOf(long count, long nanos) {
        return String.format("%14s", Format.rate(count, nanos));
    }

    private static String latencies(LatencyHistogram latency) {
        if (latency.total() == 0) {
            return "   nothing new, state rebuilt from the log";
        }
        return "   append to handled: p50 " + Format.duration(latency.percentile(50)) + ", p99 "
                + Format.duration(latency.percentile(99)) + ", p99.9 " + Format.duration(latency.percentile(99.9))
                + ", max " + Format.duration(latency.greatest());
    }

    /** What the kills did. */
    void recovery(@Nullable KillProof proof, MarketOptions options) {
        heading("Recovery");
        if (proof == null) {
            row("kills", options.kills() == 0 ? "none, as asked" : "none, the input is too short");
            return;
        }
        List<Long> killedAt = proof.killedAt();
        row(
                "kills",
                killedAt.size() + " (seed " + options.seed() + "), " + proof.killsWhileRebuilding()
                        + " of them while states were rebuilt");
        row("at event", killedAt.stream().map(Format::count).collect(Collectors.joining(" ")));
        row("events lost", "0: each process found all that the one before had told");
        row("read again", Format.count(proof.rereadCount()) + " events to rebuild states");
        row("longest rebuild", Format.duration(proof.longestRebuildNanos()));
        row("longest open", Format.duration(proof.longestOpenNanos()));
    }

    /** Whether all runs agree. */
    boolean verdict(Verdict verdict) {
        heading("Verdict");
        List<String> differences = verdict.differences();
        if (differences.isEmpty()) {
            String lengths = verdict.lengths().entrySet().stream()
                    .map((Map.Entry<String, Integer> state) -> state.getKey() + " " + Format.count(state.getValue()))
                    .collect(Collectors.joining(", "));
            row("EQUAL", verdict.runs());
            row("bytes compared", lengths);
        } else {
            differences.forEach(difference -> row("DIFFERENT", difference));
        }
        out.println();
        return differences.isEmpty();
    }

    private void heading(String text) {
        out.println();
        out.println(text);
    }

    private void row(String name, String value) {
        out.printf("  %-18s %s%n", name, value);
    }
}
