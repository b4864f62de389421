package dev.eventlog.examples;

import dev.eventlog.error.EventLogException;
import dev.eventlog.examples.market.Market;
import dev.eventlog.examples.market.PacedReplay;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Starts the examples: the first argument chooses one, none or an unknown one lists them.
 *
 * <p>Exit codes: 0 done, 1 failed, 2 the command line makes no sense.
 *
 * <p><b>Threading:</b> Immutable.
 */
public final class Main {

    private static final Set<String> HELP = Set.of("--help", "-h", "help");

    private static final List<Example> EXAMPLES = List.of(
            new Example("hello", "the first event, and the consumer that reads it", simple(Hello::main)),
            new Example("fanout", "one log, three independent consumers, one of them slow", simple(FanOut::main)),
            new Example(
                    "parallel",
                    "many events at a time, each key in order, also where one fails",
                    simple(Parallel::main)),
            new Example("workqueue", "workers that share events, come, go and break down", simple(WorkQueue::main)),
            new Example(
                    "exactlyonce",
                    "each order gets one invoice, wherever the program breaks down",
                    simple(ExactlyOnce::main)),
            new Example(
                    "replay",
                    "ask the past: by key, by type, as of a position; and a market again, ten times as fast",
                    Main::replay),
            new Example("restart", "a program dies at its work and goes on where it stopped", simple(Restart::main)),
            new Example("market", "the main job: an order book from real order flow, with proof", Market::run));

    private Main() {}

    /** Runs the chosen example and ends the JVM with its exit code. */
    public static void main(String[] args) {
        System.exit(run(List.of(args), System.out, System.err));
    }

    static int run(List<String> args, PrintStream out, PrintStream err) {
        if (!args.isEmpty() && args.get(0).equals(Market.CHILD)) {
            return Market.runChild(args.subList(1, args.size()), out);
        }
        for (Example example : EXAMPLES) {
            if (!args.isEmpty() && args.get(0).equals(example.name)) {
                return run(example, args.subList(1, args.size()), out, err);
            }
        }
        boolean isAsked = args.isEmpty() || HELP.contains(args.get(0));
        if (!isAsked) {
            err.println("there is no program \"" + args.get(0) + "\"; choose one of these");
        }
        printList(isAsked ? out : err);
        return isAsked ? 0 : 2;
    }

    private static int run(Example example, List<String> args, PrintStream out, PrintStream err) {
        if (args.stream().anyMatch(HELP::contains)) {
            printList(out);
            return 0;
        }
        try {
            return example.body.run(args, out);
        } catch (ExampleException e) {
            err.println(example.name + ": " + e.getMessage());
            return e.exitCode();
        } catch (EventLogException | UncheckedIOException | IOException e) {
            err.println(example.name + ": " + e.getMessage());
            return 1;
        }
    }

    private static int replay(List<String> args, PrintStream out) throws IOException {
        Replay.main(new String[0]);
        return PacedReplay.run(args, out);
    }

    private static void printList(PrintStream out) {
        out.println("usage: java -jar eventlog-examples.jar <program> [arguments]");
        out.println();
        for (Example example : EXAMPLES) {
            out.printf("  %-11s %s%n", example.name, example.description);
        }
        out.println();
        out.println(Market.USAGE);
    }

    /** A program that takes no arguments. */
    private static Body simple(Consumer<String[]> program) {
        return (args, out) -> {
            if (!args.isEmpty()) {
                throw ExampleException.usage("takes no arguments, but got " + args + "; leave them out");
            }
            program.accept(new String[0]);
            return 0;
        };
    }

    private record Example(String name, String description, Body body) {}

    private interface Body {
        int run(List<String> args, PrintStream out) throws IOException;
    }
}
