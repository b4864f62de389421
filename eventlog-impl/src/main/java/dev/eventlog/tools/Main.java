package dev.eventlog.tools;

import dev.eventlog.error.EventLogException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongConsumer;

/**
 * The tools as a program: {@code java -cp … dev.eventlog.tools.Main verify --full data/orders}.
 *
 * <p>Exit codes: 0 the log is sound, 1 it is damaged, 2 wrong arguments, or the tool could not do its work.
 *
 * <p><b>Threading:</b> One thread at a time: main.
 */
public final class Main {

    /** Exit code: no file is damaged, nothing is lost that is not recorded as such. */
    static final int SOUND = 0;
    /** Exit code: something is damaged or lost. */
    static final int DAMAGED = 1;
    /** Exit code: wrong arguments, no such log, log open elsewhere, no room. */
    static final int USAGE = 2;

    private static final String HELP = """
            usage: java -cp … dev.eventlog.tools.Main <tool> [options] <log directory>
              verify  [--full] [--json]                        look whether the log is sound; safe while a writer runs
              dump    [--from <position>] [--to <position>] [--hex]   frames as text, payloads with --hex
              copy    --to <new directory> [--json]            backup that opens by itself; safe while a writer runs
              salvage --to <new directory> [--json]            every intact event into a new log
              repair  [--record-damage] [--reset-checkpoints] [--json]   make derived files anew; the log must be closed
            exit codes: 0 sound, 1 damaged, 2 wrong usage or the tool could not work
            """;

    private static final Map<String, Set<String>> OPTIONS = Map.of(
            "verify", Set.of("--full", "--json"),
            "dump", Set.of("--from", "--to", "--hex"),
            "copy", Set.of("--to", "--json"),
            "salvage", Set.of("--to", "--json"),
            "repair", Set.of("--record-damage", "--reset-checkpoints", "--json"));

    private static final Set<String> WITH_VALUE = Set.of("--from", "--to");

    private Main() {}

    /** Runs a tool and ends the JVM with its exit code. */
    public static void main(String[] arguments) {
        System.exit(run(List.of(arguments), System.out, System.err, Progress.isTerminal()));
    }

    static int run(List<String> arguments, PrintStream out, PrintStream err, boolean hasProgress) {
        try {
            return run(Parsed.of(arguments), out, hasProgress ? new Progress(err) : bytes -> {});
        } catch (IllegalArgumentException wrong) {
            err.println(Text.printable(String.valueOf(wrong.getMessage())));
            err.print(HELP);
        } catch (dev.eventlog.error.CorruptLogException damaged) {
            err.println(Text.printable(String.valueOf(damaged.getMessage())));
            return DAMAGED;
        } catch (EventLogException failed) {
            err.println(Text.printable(String.valueOf(failed.getMessage())));
        } catch (UncheckedIOException failed) {
            // names the kind of the failure and its path
            err.println(Text.printable(String.valueOf(failed.getMessage())));
        }
        return USAGE;
    }

    private static int run(Parsed parsed, PrintStream out, LongConsumer progress) {
        LogTools tools = LogTools.at(parsed.directory()).withProgress(progress);
        Report report = switch (parsed.tool()) {
            case "verify" -> tools.verify(parsed.has("--full"));
            case "copy" -> tools.copy(parsed.target());
            case "salvage" -> tools.salvage(parsed.target());
            case "repair" -> tools.repair(parsed.repairs());
            default -> dump(tools, parsed, out);
        };
        if (!parsed.tool().equals("dump") || !report.isSound()) {
            out.println(parsed.has("--json") ? report.toJson() : report.toString());
        }
        return report.isSound() ? SOUND : DAMAGED;
    }

    private static Report dump(LogTools tools, Parsed parsed, PrintStream out) {
        var writer = new PrintWriter(out, false, StandardCharsets.US_ASCII);
        try {
            return tools.dump(
                    parsed.position("--from", 0), parsed.position("--to", Long.MAX_VALUE), parsed.has("--hex"), writer);
        } finally {
            writer.flush();
        }
    }

    /** The arguments. */
    private record Parsed(String tool, Path directory, Map<String, String> options) {

        static Parsed of(List<String> arguments) {
            Deque<String> left = new ArrayDeque<>(arguments);
            String tool = left.isEmpty() ? "" : left.removeFirst();
            Set<String> known = OPTIONS.get(tool);
            if (known == null) {
                throw new IllegalArgumentException(tool.isEmpty() ? "no tool named" : "unknown tool: " + tool);
            }
            var options = new HashMap<String, String>();
            var paths = new ArrayList<String>();
            while (!left.isEmpty()) {
                String argument = left.removeFirst();
                if (!argument.startsWith("--")) {
                    paths.add(argument);
                } else if (!known.contains(argument)) {
                    throw new IllegalArgumentException("unknown option of " + tool + ": " + argument);
                } else if (WITH_VALUE.contains(argument) && left.isEmpty()) {
                    throw new IllegalArgumentException("option needs a value: " + argument);
                } else {
                    options.put(argument, WITH_VALUE.contains(argument) ? left.removeFirst() : "");
                }
            }
            if (paths.size() != 1) {
                throw new IllegalArgumentException("name one log directory; there are " + paths.size());
            }
            boolean needsTarget = tool.equals("copy") || tool.equals("salvage");
            if (needsTarget && !options.containsKey("--to")) {
                throw new IllegalArgumentException("option is missing: --to <new directory>");
            }
            return new Parsed(tool, Path.of(paths.get(0)), options);
        }

        boolean has(String option) {
            return options.containsKey(option);
        }

        Path target() {
            return Path.of(options.getOrDefault("--to", ""));
        }

        long position(String option, long otherwise) {
            String value = options.get(option);
            try {
                return value == null ? otherwise : Long.parseLong(value);
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("not a position: " + option + " " + value, e);
            }
        }

        LogTools.Repair[] repairs() {
            var asked = new ArrayList<LogTools.Repair>();
            if (has("--record-damage")) {
                asked.add(LogTools.Repair.RECORD_DAMAGE);
            }
            if (has("--reset-checkpoints")) {
                asked.add(LogTools.Repair.RESET_CHECKPOINTS);
            }
            return asked.toArray(LogTools.Repair[]::new);
        }
    }
}
