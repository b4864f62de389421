package dev.eventlog.examples.market;

import dev.eventlog.examples.ExampleException;
import dev.eventlog.examples.Main;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The proof by force: a process that runs the pipeline is killed at seeded moments of its work and started again, until
 * it comes to the end.
 *
 * <p>The moments are counted in events, not in time, so that each kill falls into the work on a fast machine and on a slow
 * one: the input is cut into stretches, and each process but the last is killed somewhere in the first half of its
 * stretch, while it appends, and its consumers handle and commit. Every fifth one is killed as soon as it has opened the
 * log, while the consumers rebuild their states. The processes are held back to a tenth of a second for a stretch, and
 * wait in its middle, since at full speed they would be at the end before the kill arrives.
 *
 * <p><b>Threading:</b> One thread at a time: the caller.
 */
final class KillProof {

    private static final Duration CHILD_LIMIT = Duration.ofMinutes(5);
    // Not needed, but a process that lives half a second starts in half the time without the optimizing compiler.
    private static final List<String> SHORT_LIFE = List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");
    private static final int STRETCHES_PER_SECOND = 10;
    private static final int LEAST_STRETCH = 20;

    private final Path directory;
    private final List<String> marketArgs;
    private final Progress progress;
    private final long messages;
    private final int plannedKills;
    private final long stretch;
    private final List<Long> killedAt = new ArrayList<>();
    private int killCount;
    private int killsWhileRebuilding;
    private long waitAt;
    private long toldAppended;
    private long rereadCount;
    private long longestRebuildNanos;
    private long longestOpenNanos;

    /** How many kills there is room for, of those that are wanted. */
    static int possibleKills(int wanted, long messages) {
        return (int) Math.max(0, Math.min(wanted, messages / LEAST_STRETCH - 1));
    }

    /**
     * A proof in an empty directory.
     *
     * @param messages how many the input has
     * @param plannedKills as {@link #possibleKills} says
     */
    KillProof(Path directory, List<String> marketArgs, long messages, int plannedKills, Progress progress) {
        this.directory = directory;
        this.marketArgs = marketArgs;
        this.messages = messages;
        this.progress = progress;
        this.plannedKills = plannedKills;
        stretch = messages / (plannedKills + 1);
    }

    /**
     * Kills as often as planned, then lets the work come to its end.
     *
     * @return the final states, by their consumers' names
     */
    Map<String, String> run(long seed) throws IOException {
        var random = new SplittableRandom(seed);
        for (int i = 0; i < plannedKills; i++) {
            boolean whileRebuilding = i % 5 == 4;
            long killAt = i * stretch + 1 + random.nextLong(stretch / 2);
            waitAt = i * stretch + stretch / 2 + 2;
            follow(start(), whileRebuilding ? 0 : killAt);
            killCount++;
            killsWhileRebuilding += whileRebuilding ? 1 : 0;
        }
        waitAt = Long.MAX_VALUE;
        follow(start(), Long.MAX_VALUE);
        return finalStates();
    }

    private Process start() throws IOException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(SHORT_LIFE);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName(), Market.CHILD));
        command.addAll(List.of(directory.toString(), "" + stretch * STRETCHES_PER_SECOND, "" + waitAt));
        command.addAll(marketArgs);
        var child = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.appendTo(errors().toFile()))
                .start();
        CompletableFuture.delayedExecutor(CHILD_LIMIT.toSeconds(), TimeUnit.SECONDS)
                .execute(child.toHandle()::destroyForcibly);
        return child;
    }

    /** Listens to a process and kills it when it says that so many events are in the log. */
    private void follow(Process child, long killAt) throws IOException {
        boolean killed = false;
        try (BufferedReader lines = child.inputReader()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                take(line);
                progress.show("killing, " + killCount + " so far", toldAppended, messages);
                if (!killed && toldAppended >= killAt && killAt != Long.MAX_VALUE) {
                    // By its handle: Process.destroyForcibly would close the pipe, and with it what was still said.
                    killed = child.toHandle().destroyForcibly();
                }
            }
            int exitCode = child.waitFor();
            if (!killed && exitCode != 0) {
                throw ExampleException.failed("a process ended by itself, or after " + CHILD_LIMIT.toSeconds()
                        + " s: exit code " + exitCode + "; it said:\n" + Files.readString(errors()));
            }
            if (killed && exitCode == 0) {
                throw ExampleException.failed("a process came to its end before it could be killed");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ExampleException.failed("interrupted while a child process was at work");
        } finally {
            child.destroyForcibly();
        }
    }

    /** Anything else that is printed, and half a line at a kill, is passed over. */
    private void take(String line) {
        if (!line.matches("[a-z]+( \\d+)+")) {
            return;
        }
        String[] words = line.split(" ", -1);
        if (words.length == 3 && words[0].equals(Child.OPENED)) {
            long found = Long.parseLong(words[1]);
            checkFound(found);
            if (killedAt.size() < killCount) {
                killedAt.add(found);
            }
            toldAppended = found;
            longestOpenNanos = Math.max(longestOpenNanos, Long.parseLong(words[2]));
        } else if (words.length == 3 && words[0].equals(Child.REBUILT)) {
            rereadCount += Long.parseLong(words[1]);
            longestRebuildNanos = Math.max(longestRebuildNanos, Long.parseLong(words[2]));
        } else if (words.length == 2 && words[0].equals(Child.APPENDED)) {
            toldAppended = Math.max(toldAppended, Long.parseLong(words[1]));
        }
    }

    /** What the processes print as errors: shown only if one fails, since a JVM may have warnings at each start. */
    private Path errors() {
        return directory.resolve("errors.txt");
    }

    private void checkFound(long found) {
        if (found < toldAppended) {
            throw ExampleException.failed("events are lost: the killed process had " + toldAppended
                    + " in its log, the next one found " + found + "; log=" + directory);
        }
        if (found > waitAt || (killCount == 0 && found > 0)) {
            throw ExampleException.failed(
                    "the kills prove nothing: " + found + " events after " + killCount + " kills; log=" + directory);
        }
    }

    private Map<String, String> finalStates() {
        var states = new LinkedHashMap<String, String>();
        for (String consumer : MarketStates.empty().byName().keySet()) {
            try {
                states.put(consumer, Files.readString(Child.stateFile(directory, consumer)));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return states;
    }

    /** How many events were in the log at each kill, as the next process found it. */
    List<Long> killedAt() {
        return killedAt;
    }

    /** How many of the kills fell into the rebuilding of the states. */
    int killsWhileRebuilding() {
        return killsWhileRebuilding;
    }

    /** How many events were read again to rebuild states. */
    long rereadCount() {
        return rereadCount;
    }

    /** The longest that a process took until all its consumers had their states back. */
    long longestRebuildNanos() {
        return longestRebuildNanos;
    }

    /** The longest that a process took to open the log. */
    long longestOpenNanos() {
        return longestOpenNanos;
    }
}
