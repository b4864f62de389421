package dev.eventlog.internal.support;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A JVM that a test starts: the same java and class path as this one, and no flag unless the test gives one. */
public final class ChildJvm implements AutoCloseable {

    private static final long LONGEST_SECONDS = 300;

    private final Process process;
    private final Path out;
    private final Path err;

    private ChildJvm(Process process, Path out, Path err) {
        this.process = process;
        this.out = out;
        this.err = err;
    }

    /** Entries of the class path, as the user's command line would have them. */
    public static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }

    /** Copies what the library and its tests' own classes need to where every user can read it; the new class path. */
    public static String copyClassPath(Path target) {
        var entries = new StringJoiner(File.pathSeparator);
        try {
            Files.createDirectories(target);
            for (String entry : classPath().split(File.pathSeparator)) {
                Path from = Path.of(entry);
                if (Files.isDirectory(from)) {
                    Path to = target.resolve("classes-" + entries.length());
                    copyTree(from, to);
                    entries.add(to.toString());
                } else if (entry.matches(".*/(eventlog|chronicle|posix|slf4j|jspecify)[^/]*\\.jar")) {
                    Path to = target.resolve(from.getFileName());
                    Files.copy(from, to);
                    entries.add(to.toString());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return entries.toString();
    }

    private static void copyTree(Path from, Path to) throws IOException {
        try (var files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Files.copy(file, to.resolve(from.relativize(file).toString()));
            }
        }
    }

    /** The java command of this JVM. */
    public static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /** Starts a main class without flags. */
    public static ChildJvm start(Class<?> main, Object... arguments) {
        return start(List.of(), List.of(), main, arguments);
    }

    /**
     * Starts a main class.
     *
     * @param before a command that runs the JVM, such as {@code setpriv}
     * @param flags of the JVM
     */
    public static ChildJvm start(List<String> before, List<String> flags, Class<?> main, Object... arguments) {
        var command = new ArrayList<String>(before);
        command.add(java());
        command.addAll(flags);
        if (!flags.contains("-cp")) {
            command.add("-cp");
            command.add(classPath());
        }
        command.add(main.getName());
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        try {
            Path out = Files.createTempFile("eventlog-child", ".out");
            Path err = Files.createTempFile("eventlog-child", ".err");
            Process process = new ProcessBuilder(command)
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile())
                    .start();
            return new ChildJvm(process, out, err);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a command to its end and says whether it ended well; false if there is no such command. */
    public static boolean succeeds(String... command) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor(30, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Whether this process runs as root, whom file modes do not bind. */
    public static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    /** The process. */
    public Process process() {
        return process;
    }

    /** Waits for its end and returns its exit value. */
    public int await() {
        try {
            if (!process.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
                throw new IllegalStateException("child did not end in " + LONGEST_SECONDS + " s\n" + output());
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Kills it, as {@code kill -9} does, and waits for its end. */
    public void kill() {
        try {
            process.destroyForcibly().waitFor();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Waits until it has printed a line that begins so, and returns that line. */
    public String awaitLine(String beginning) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LONGEST_SECONDS);
        while (System.nanoTime() < deadline) {
            boolean ended = !process.isAlive();
            String found = out().lines()
                    .filter(line -> line.startsWith(beginning))
                    .findFirst()
                    .orElse(null);
            if (found != null) {
                return found;
            }
            if (ended) {
                break;
            }
            // leaves the processor to the child
            LockSupport.parkNanos(1_000_000);
        }
        throw new IllegalStateException("child printed no line that begins with " + beginning + "\n" + output());
    }

    /** What it has printed. */
    public String out() {
        return read(out);
    }

    /** What it has printed as errors. */
    public String err() {
        return read(err);
    }

    /** All that it has printed, for messages. */
    public String output() {
        return "out: " + out() + "\nerr: " + err();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        kill();
        try {
            Files.deleteIfExists(out);
            Files.deleteIfExists(err);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
