package dev.eventlog.examples.market;

import dev.eventlog.Codec;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.error.EventLogException;
import dev.eventlog.examples.ExampleException;
import dev.eventlog.examples.TemporaryDirectory;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The main job: runs order flow through a log, once undisturbed and once through a series of kills, reads the log again
 * from its start, and compares what comes out.
 *
 * <p><b>Threading:</b> One thread at a time: the caller.
 */
public final class Market {

    /** First argument of the processes that the program starts for itself. */
    public static final String CHILD = "market-child";

    /** How to call it. */
    public static final String USAGE = """
            market [file.csv|file.csv.gz] [options]
              file                  order messages as LOBSTER has them; without a file the program makes them up
              --speed max|1|10|n    as fast as possible (default), or n times as fast as it happened
              --dir path            keep the log there; a log that is there already is gone on with
              --malformed skip|fail lines that are no messages are skipped and counted (default), or end the job
              --kills n             how often the process is killed for the proof; 0: no proof (default 20)
              --seed n              of the moments of the kills, and of the made-up messages (default 1)
              --messages n          how many to make up (default 200000)
              --progress            draw the progress bar even if nobody seems to look""";

    private static final long WATCH_MILLIS = 100;

    private final MarketOptions options;
    private final PrintStream out;
    private final Progress progress;

    private Market(MarketOptions options, PrintStream out) {
        this.options = options;
        this.out = out;
        progress = new Progress(out, options.progress() || isAtTerminal());
    }

    /**
     * Runs the job.
     *
     * @return exit code: 0 if all is equal, 1 if something differs
     */
    public static int run(List<String> args, PrintStream out) throws IOException {
        return new Market(MarketOptions.parse(args), out).run();
    }

    /** Runs one of the processes that are killed. */
    public static int runChild(List<String> args, PrintStream out) {
        try {
            Child.run(args, out);
            return 0;
        } catch (IOException | ExampleException | EventLogException e) {
            System.err.println("child process: " + e.getMessage());
            return 1;
        }
    }

    @SuppressWarnings("SystemConsoleNull") // JDK 22 to 24 have a console without a terminal too, and draw in vain
    private static boolean isAtTerminal() {
        return System.console() != null;
    }

    private int run() throws IOException {
        long start = System.nanoTime();
        var input = InputSummary.read(options.flow(), options.failOnMalformed(), out);
        progress.done("input: " + Format.count(input.messages()) + " messages, read without a log for comparison");
        try (var temporary = temporaryDirectory()) {
            boolean equal = run(input, temporary);
            if (!equal) {
                temporary.keep();
                out.println("the logs are kept in " + temporary.path());
            }
            out.println("took " + Format.duration(System.nanoTime() - start));
            return equal ? 0 : 1;
        }
    }

    private TemporaryDirectory temporaryDirectory() throws IOException {
        Path kept = options.directory();
        if (kept == null) {
            return TemporaryDirectory.create("market-");
        }
        return TemporaryDirectory.createIn(Files.createDirectories(kept), "market-");
    }

    private boolean run(InputSummary input, TemporaryDirectory temporary) throws IOException {
        Path kept = options.directory();
        Path logDirectory = (kept == null ? temporary.path() : kept).resolve("log");
        var verdict = new Verdict();
        verdict.add("input", input.states().texts());

        Pipeline undisturbed = runUndisturbed(logDirectory, input.messages());
        verdict.add("uninterrupted", undisturbed.states().texts());

        var replayed = MarketStates.empty();
        long replayNanos = replay(logDirectory, replayed);
        verdict.add("replay", replayed.texts());

        KillProof proof = null;
        int kills = KillProof.possibleKills(options.kills(), input.messages());
        if (kills > 0) {
            Path directory = Files.createDirectory(temporary.path().resolve("kill-proof"));
            proof = new KillProof(directory, options.args(), input.messages(), kills, progress);
            verdict.add(kills == 1 ? "1 kill" : kills + " kills", prove(proof, temporary));
        }

        var report = new Report(out);
        report.input(options, input, kept == null ? null : logDirectory);
        report.market(undisturbed.states());
        report.speed(undisturbed, options.times(), replayed.audit().total(), replayNanos);
        report.recovery(proof, options);
        return report.verdict(verdict);
    }

    private Pipeline runUndisturbed(Path logDirectory, long messages) {
        try (var log = EventLog.open(logDirectory)) {
            var pipeline = new Pipeline(log, options.flow(), options.pace());
            long before = pipeline.feed().countBefore();
            if (before > 0) {
                progress.done("log: holds " + Format.count(before) + " of the messages already, goes on behind them");
            }
            pipeline.run(WATCH_MILLIS, () -> progress.show("uninterrupted run", pipeline.handledByAll(), messages));
            progress.done("uninterrupted run: " + Format.count(pipeline.feed().count()) + " events appended");
            return pipeline;
        }
    }

    /** The whole log from its start, into states that know nothing yet. */
    private long replay(Path logDirectory, MarketStates states) {
        try (var log = EventLog.open(logDirectory)) {
            long start = System.nanoTime();
            try (var events = log.read(EventQuery.all(), Codec.records(OrderEvent.class))) {
                events.map(Message::of).forEach(states::apply);
            }
            long nanos = System.nanoTime() - start;
            progress.done("replay: " + Format.count(states.audit().total()) + " events read again from the start");
            return nanos;
        }
    }

    private Map<String, String> prove(KillProof proof, TemporaryDirectory temporary) throws IOException {
        try {
            var states = proof.run(options.seed());
            progress.done(
                    "kill proof: came to the end, killed " + proof.killedAt().size() + " times");
            return states;
        } catch (ExampleException e) {
            temporary.keep();
            throw ExampleException.failed(e.getMessage() + "\nthe logs are kept in " + temporary.path());
        }
    }
}
