package dev.eventlog.jmh;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A child JVM that measures. The parent writes a line, the child does what it says and answers with one; when the parent's
 * end is closed, by {@link #close} or because the parent died, the child ends. Every fork gets the same flags: those
 * that the peers need, whoever runs in it.
 *
 * <p><b>Threading:</b> One thread at a time: who started it.
 */
public final class Fork implements AutoCloseable {

    /** Begins the lines that are answers; whatever else a library prints is passed over. */
    private static final String ANSWER = "> ";

    private static final int ANSWER_SECONDS = 600;
    private static final int CLOSE_SECONDS = 60;
    private static final int SHOWN_ERROR_LINES = 12;
    private static final int FIRST_WITH_UNSAFE_FLAG = 24;

    private final Process process;
    private final Writer toChild;
    private final Path errors;
    private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();

    /** What a child does with a line. */
    @FunctionalInterface
    public interface Service {
        /** Does it and returns the answer, without a line break. */
        String answer(String command) throws Exception;
    }

    /**
     * Starts a child and waits until it is ready.
     *
     * @param errors file for what it prints to its standard error
     * @param arguments of {@link Main}
     * @throws IOException if it cannot be started or ends at once; the message has what it printed
     */
    public Fork(Path errors, List<String> arguments) throws IOException {
        this.errors = errors;
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(flags());
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(Main.class.getName());
        command.addAll(arguments);
        process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
        toChild = process.outputWriter(StandardCharsets.UTF_8);
        var reader = new Thread(this::readAnswers, "fork-answers");
        reader.setDaemon(true);
        reader.start();
        await();
    }

    /** The flags of every fork; printed in the report. */
    public static List<String> flags() {
        var flags = new ArrayList<String>(List.of(
                "-Xms1g",
                "-Xmx1g",
                "-XX:-UsePerfData", // no file of the JVM's own is written while device writes are counted
                "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED", // Chronicle
                "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED", // Chronicle, Aeron
                "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED", // Chronicle
                "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED", // Agrona
                "-Dchronicle.announcer.disable=true",
                "-Dchronicle.analytics.disable=true",
                "-Dchronicle.disk.monitor.disable=true",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"));
        if (Runtime.version().feature() >= FIRST_WITH_UNSAFE_FLAG) {
            flags.add("--sun-misc-unsafe-memory-access=allow");
            flags.add("--enable-native-access=ALL-UNNAMED"); // RocksDB, SQLite
        }
        return flags;
    }

    /** The child's end: says that it is ready, then answers line by line until there are no more. */
    public static void serve(Service service) throws Exception {
        try (var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            System.out.println(ANSWER + "ready");
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                System.out.println(ANSWER + service.answer(line));
            }
        }
    }

    private void readAnswers() {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith(ANSWER)) {
                    answers.add(line.substring(ANSWER.length()));
                }
            }
        } catch (IOException broken) {
            // the child is gone: await() sees that
        }
    }

    /**
     * Lets the child do something and waits for its answer.
     *
     * @throws IOException if it died or did not answer in ten minutes; the message has what it printed
     */
    public String ask(String command) throws IOException {
        try {
            toChild.write(command + "\n");
            toChild.flush();
        } catch (IOException broken) {
            // it has ended: await() says why
        }
        return await();
    }

    private String await() throws IOException {
        try {
            for (int second = 0; second < ANSWER_SECONDS; second++) {
                String answer = answers.poll(1, TimeUnit.SECONDS);
                if (answer != null) {
                    return answer;
                }
                if (!process.isAlive() && answers.isEmpty()) {
                    throw new IOException("the fork ended: exitCode=" + process.exitValue() + "\n" + lastErrors());
                }
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            process.destroyForcibly();
            throw new IOException("interrupted while waiting for a fork", interrupted);
        }
        process.destroyForcibly();
        throw new IOException("no answer from the fork: waitedSeconds=" + ANSWER_SECONDS + "\n" + lastErrors());
    }

    private String lastErrors() throws IOException {
        List<String> lines = Files.readAllLines(errors, StandardCharsets.UTF_8);
        return String.join("\n", lines.subList(0, Math.min(lines.size(), SHOWN_ERROR_LINES)));
    }

    /** Lets the child end; kills it if it does not. */
    @Override
    public void close() {
        try {
            toChild.close();
            if (!process.waitFor(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (IOException broken) {
            process.destroyForcibly(); // it closed its end first: it is ending, or stuck
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
