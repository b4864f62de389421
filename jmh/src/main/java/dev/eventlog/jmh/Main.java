package dev.eventlog.jmh;

import dev.eventlog.jmh.compare.Compare;
import dev.eventlog.jmh.compare.ForkMain;
import dev.eventlog.jmh.latency.Latency;
import dev.eventlog.jmh.latency.LatencyFork;
import dev.eventlog.jmh.report.Report;
import dev.eventlog.jmh.scale.Scale;
import dev.eventlog.jmh.scale.ScaleFork;
import java.util.Arrays;
import java.util.List;

/** The commands of the benchmarks' jar. */
public final class Main {

    private static final String USAGE = """
            usage: java -jar eventlog-jmh.jar command [options]

            compare   our work beside the peers' work, judged against the budget; exit code 1 if a floor is missed
            latency   append to handler on another thread at a fixed rate, beside a peer; exit code likewise
            scale     appends, reads, opens, seeks, memory and files from 1,000 events on
            report    docs/benchmarks.md and its plots from the files that the others write with --json
            jmh       microbenchmarks of the parts, with JMH's own options (jmh -h)

            A command with a wrong option says which there are. Nothing needs a JVM flag: what is measured runs in child
            JVMs that get the flags the peers need. Files go to the temporary directory, or below --dir: name one on a
            disk if the temporary directory is in memory.
            """;

    private Main() {}

    /** Runs a command and exits with its code: 0 well, 1 a limit was missed, 2 wrong use. */
    public static void main(String[] args) throws Exception {
        System.setProperty("java.awt.headless", "true");
        System.exit(run(Arrays.asList(args)));
    }

    private static int run(List<String> arguments) throws Exception {
        if (arguments.isEmpty() || List.of("help", "--help", "-h").contains(arguments.get(0))) {
            System.out.print(USAGE);
            return arguments.isEmpty() ? 2 : 0;
        }
        String command = arguments.get(0);
        List<String> rest = arguments.subList(1, arguments.size());
        try {
            return switch (command) {
                case "compare" -> Compare.run(rest, System.out);
                case "latency" -> Latency.run(rest, System.out);
                case "scale" -> Scale.run(rest, System.out);
                case "report" -> Report.run(rest, System.out);
                case "jmh" -> serve(() -> org.openjdk.jmh.Main.main(rest.toArray(String[]::new)));
                case "fork" -> serve(() -> ForkMain.main(rest.toArray(String[]::new)));
                case "fork-latency" -> serve(() -> LatencyFork.main(rest.toArray(String[]::new)));
                case "fork-scale" -> serve(() -> ScaleFork.main(rest.toArray(String[]::new)));
                default -> {
                    System.err.print("unknown command " + command + "\n" + USAGE);
                    yield 2;
                }
            };
        } catch (Options.UsageException wrong) {
            System.err.println(wrong.getMessage());
            return 2;
        }
    }

    /** A main method of its own. */
    @FunctionalInterface
    private interface Program {
        void run() throws Exception;
    }

    private static int serve(Program program) throws Exception {
        program.run();
        return 0;
    }
}
