package dev.eventlog.examples.market;

import dev.eventlog.EventLog;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The process that {@link KillProof} starts and kills: the same pipeline, which tells on its standard output how far it
 * is, and writes down its states if it lives to see the end.
 *
 * <pre>
 *   opened POSITION NANOS    the log is open; it holds so many events; opening took so long
 *   rebuilt COUNT NANOS      all consumers have their states back; so many events were read again, in so long
 *   appended POSITION        so many events are in the log: what is said here must never be lost
 * </pre>
 *
 * <p><b>Threading:</b> One thread at a time: main.
 */
final class Child {

    static final String OPENED = "opened";
    static final String REBUILT = "rebuilt";
    static final String APPENDED = "appended";

    private static final long TELL_MILLIS = 2;

    private final PrintStream out;
    private boolean rebuiltTold;
    private long appendedTold;

    private Child(PrintStream out) {
        this.out = out;
    }

    /**
     * Runs the pipeline.
     *
     * @param args directory, messages per second, position to wait at, then the command line of the main job
     */
    static void run(List<String> args, PrintStream out) throws IOException {
        endWithParent();
        var directory = Path.of(args.get(0));
        long perSecond = Long.parseLong(args.get(1));
        long waitAt = Long.parseLong(args.get(2));
        var options = MarketOptions.parse(args.subList(3, args.size()));
        new Child(out).run(directory, perSecond, waitAt, options.flow());
    }

    private void run(Path directory, long perSecond, long waitAt, OrderFlow flow) throws IOException {
        long start = System.nanoTime();
        try (var log = EventLog.open(directory.resolve("log"))) {
            long found = log.endPosition();
            tell(OPENED + " " + found + " " + (System.nanoTime() - start));
            appendedTold = found;
            var pipeline = new Pipeline(log, flow, Pace.evenly(perSecond, waitAt - found));
            pipeline.run(TELL_MILLIS, () -> tellProgress(pipeline));
            for (var state : pipeline.states().texts().entrySet()) {
                Files.writeString(stateFile(directory, state.getKey()), state.getValue());
            }
        }
    }

    /** Where the final state of a consumer is written. */
    static Path stateFile(Path directory, String consumer) {
        return directory.resolve(consumer + ".txt");
    }

    private void tellProgress(Pipeline pipeline) {
        if (!rebuiltTold && pipeline.consumers().stream().allMatch(MarketConsumer::isRebuilt)) {
            rebuiltTold = true;
            long count = pipeline.consumers().stream()
                    .mapToLong(MarketConsumer::rebuiltCount)
                    .sum();
            long nanos = pipeline.consumers().stream()
                    .mapToLong(MarketConsumer::rebuildNanos)
                    .max()
                    .orElse(0);
            tell(REBUILT + " " + count + " " + nanos);
        }
        long appended = pipeline.feed().appended();
        if (appended > appendedTold) {
            appendedTold = appended;
            tell(APPENDED + " " + appended);
        }
    }

    private void tell(String line) {
        out.println(line);
        out.flush();
    }

    /** A parent that is gone kills nobody: when standard input ends, so does this process. */
    private static void endWithParent() {
        var watch = new Thread(
                () -> {
                    try {
                        while (System.in.read() >= 0) {
                            // the parent says nothing
                        }
                    } catch (IOException e) {
                        // as good as the end
                    }
                    Runtime.getRuntime().halt(3);
                },
                "end-with-parent");
        watch.setDaemon(true);
        watch.start();
    }
}
