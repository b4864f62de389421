package dev.eventlog.examples.market;

import dev.eventlog.examples.Arguments;
import dev.eventlog.examples.ExampleException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The command line of the main job. <b>Threading:</b> Immutable.
 *
 * @param flow the input
 * @param times how many times faster than it happened; 0: as fast as possible
 * @param directory where the log stays; null: it goes at the end
 * @param failOnMalformed whether the first malformed line ends the job
 * @param kills how often a process is killed for the proof
 * @param seed of the kills' moments, and of the simulated flow
 * @param progress whether to draw a progress bar where nobody seems to look
 * @param args the command line itself
 */
record MarketOptions(
        OrderFlow flow,
        long times,
        @Nullable Path directory,
        boolean failOnMalformed,
        int kills,
        long seed,
        boolean progress,
        List<String> args) {

    private static final Set<String> WITH_VALUE =
            Set.of("--speed", "--dir", "--malformed", "--kills", "--seed", "--messages");
    private static final Set<String> FLAGS = Set.of("--progress");

    /**
     * Takes the command line apart and checks all of it.
     *
     * @throws ExampleException if it makes no sense, or the file cannot be read
     */
    static MarketOptions parse(List<String> args) {
        var given = new Arguments(args, WITH_VALUE, FLAGS);
        long seed = given.number("--seed", 1, Long.MIN_VALUE, Long.MAX_VALUE);
        String dir = given.value("--dir");
        return new MarketOptions(
                flow(given, seed),
                times(given),
                dir == null ? null : directory(dir),
                failOnMalformed(given),
                (int) given.number("--kills", 20, 0, 1_000),
                seed,
                given.has("--progress"),
                args);
    }

    private static OrderFlow flow(Arguments given, long seed) {
        if (given.words().size() > 1) {
            throw ExampleException.usage("one input file at a time, but got " + given.words());
        }
        long messages = given.number("--messages", 200_000, 1, 2_000_000);
        if (given.words().isEmpty()) {
            return new SimulatedFlow(seed, messages);
        }
        if (given.has("--messages")) {
            throw ExampleException.usage("--messages is for the simulated market; leave it out, or the file");
        }
        Path file = Path.of(given.words().get(0));
        if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
            String what = Files.exists(file) ? "is no file that can be read" : "does not exist";
            throw ExampleException.usage(file.toAbsolutePath() + " " + what + "; give an order file, .csv or .csv.gz");
        }
        return new LobsterFile(file);
    }

    private static long times(Arguments given) {
        String value = given.value("--speed");
        if (value == null || value.equals("max")) {
            return 0;
        }
        if (value.matches("[1-9]\\d{0,5}")) {
            return Long.parseLong(value);
        }
        throw ExampleException.usage(
                "--speed is \"" + value + "\"; it must be max, or how many times faster than it happened, 1 to 999999");
    }

    private static Path directory(String text) {
        Path directory = Path.of(text);
        if (Files.exists(directory) && !Files.isDirectory(directory)) {
            throw ExampleException.usage("--dir " + text + " is a file; give a directory, existing or new");
        }
        return directory;
    }

    private static boolean failOnMalformed(Arguments given) {
        String value = given.value("--malformed");
        if (value == null || value.equals("skip")) {
            return false;
        }
        if (value.equals("fail")) {
            return true;
        }
        throw ExampleException.usage("--malformed is \"" + value + "\"; it must be skip or fail");
    }

    /** How the feed handler is paced. */
    Pace pace() {
        return times == 0 ? Pace.unlimited() : Pace.original(times);
    }
}
