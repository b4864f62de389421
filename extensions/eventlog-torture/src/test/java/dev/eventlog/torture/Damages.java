package dev.eventlog.torture;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.error.EventLogException;
import dev.eventlog.error.UnknownFormatException;
import dev.eventlog.internal.log.Engine;
import dev.eventlog.torture.disk.DiskFileOps;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * Damages copies of sound logs in one to three ways and opens them: they show all events as they were, or an exception
 * of the library that names file and offset. Never other bytes, a silent loss, a hang, another error.
 *
 * <p>Meant for a JVM of its own: a case that hangs, or an error of memory, ends it.
 *
 * <p><b>Threading:</b> One thread.
 */
final class Damages {

    private static final long LONGEST_MILLIS = 5_000;
    /** Where the machine is busy with something else: without having had two seconds of it. */
    private static final long LONGEST_WAITING_MILLIS = 60_000;

    private static final long WORKING_MILLIS = 2_000;
    static final int EXIT_HANGS = 3;

    private final Run run;
    private final SplittableRandom random;
    private final Path directory;
    private final Map<String, Long> outcomes = new TreeMap<>();
    private final List<String> failures = new ArrayList<>();
    private long cases;
    // written by the case, read by the watchdog
    private volatile long caseBegun;
    // time of processors then
    private volatile long caseBegunAt;
    private volatile String caseText = "";

    Damages(Run run) {
        this.run = run;
        random = run.random();
        directory = run.directory();
    }

    /** Runs up to the budget and says what came of it; false if something was wrong. */
    boolean run() throws IOException {
        var goldens = new ArrayList<Golden>();
        for (int shape = 0; shape < Golden.SHAPES; shape++) {
            goldens.add(Golden.make(directory, shape, random.split()));
        }
        var watchdog = new Thread(this::watch, "watchdog");
        watchdog.setDaemon(true);
        watchdog.start();
        long begun = System.nanoTime();
        while (cases < run.cases()
                && failures.size() < 20
                && System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(run.seconds())) {
            cases++;
            // large shapes take longer and tell less
            int shape = random.nextInt(10) == 0 ? 6 + random.nextInt(2) : random.nextInt(6);
            damage(goldens.get(shape), random.split());
        }
        caseBegun = 0;
        double seconds = (System.nanoTime() - begun) / 1e9;
        System.out.printf(
                "damage: %d cases, %d wrong, %.0f s, %.0f a minute, seed %d%n  %s%n",
                cases, failures.size(), seconds, cases * 60 / seconds, run.seed(), outcomes);
        failures.forEach(failure -> System.out.println("WRONG " + failure));
        if (failures.isEmpty()) {
            Run.delete(directory);
        } else {
            System.out.println(run);
        }
        return failures.isEmpty();
    }

    private boolean hangs(long millis) {
        return millis > LONGEST_WAITING_MILLIS
                || (millis > LONGEST_MILLIS && processorMillis() - caseBegunAt > WORKING_MILLIS);
    }

    private static long processorMillis() {
        return ProcessHandle.current()
                .info()
                .totalCpuDuration()
                .orElse(Duration.ZERO)
                .toMillis();
    }

    private void watch() {
        while (true) {
            long begunAt = caseBegun;
            if (begunAt != 0 && hangs(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begunAt))) {
                System.out.println("WRONG hangs: " + caseText + "\n" + run);
                Thread.getAllStackTraces().forEach((thread, stack) -> {
                    System.out.println(thread);
                    for (StackTraceElement element : stack) {
                        System.out.println("    " + element);
                    }
                });
                Runtime.getRuntime().halt(EXIT_HANGS);
            }
            java.util.concurrent.locks.LockSupport.parkNanos(100_000_000);
        }
    }

    private void damage(Golden golden, SplittableRandom of) throws IOException {
        Path log = directory.resolve("case-" + cases);
        Trees.copy(golden.directory(), log);
        var damage = new Damage(of);
        var text = new StringBuilder("case " + cases + " " + golden.directory().getFileName() + ":");
        for (int strikes = 1 + of.nextInt(3) * of.nextInt(2); strikes > 0; strikes--) {
            text.append(' ').append(damage.strike(log, golden.older())).append(';');
        }
        caseText = text + " " + log;
        caseBegunAt = processorMillis();
        caseBegun = System.nanoTime();
        String outcome;
        try {
            outcome = look(golden, log, of);
        } catch (Throwable e) {
            outcome = "WRONG";
            var where = new StringBuilder();
            for (int i = 0; i < Math.min(14, e.getStackTrace().length); i++) {
                where.append("\n      ").append(e.getStackTrace()[i]);
            }
            failures.add(caseText + " -> " + e + (e.getCause() == null ? "" : " <- " + e.getCause()) + where);
        }
        caseBegun = 0;
        outcomes.merge(outcome, 1L, Long::sum);
        if (!outcome.equals("WRONG")) {
            Run.delete(log);
        }
    }

    private String look(Golden golden, Path log, SplittableRandom of) throws IOException {
        Map<String, String> segments = Trees.checksums(log.resolve("segments"));
        Map<String, String> active = Trees.checksums(log.resolve("active"));
        long boot = of.nextInt(2) + 1;
        String outcome;
        try (EventLog opened = Engine.open(Oracle.config(log).build(), DiskFileOps.inBoot(boot))) {
            outcome = lookAt(golden, opened);
        } catch (EventLogException e) {
            namesPlace(e);
            Oracle.require(
                    Trees.checksums(log.resolve("active")).equals(active),
                    "a refused open changed what is in active/: " + e);
            outcome = "open refused";
        }
        Map<String, String> after = Trees.checksums(log.resolve("segments"));
        segments.forEach(
                (name, checksum) -> Oracle.require(checksum.equals(after.get(name)), "segment was changed: " + name));
        if (outcome.equals("all there")) {
            try {
                Oracle.verify(log, golden.ledger(), new Ledger.Moment(golden.durable()), of);
            } catch (EventLogException e) {
                // the frame that closes a segment has no events: it is read by who goes on behind it
                namesPlace(e);
                outcome = "close frame refused";
            }
        }
        return outcome;
    }

    private String lookAt(Golden golden, EventLog opened) {
        if (opened.endPosition() < golden.durable() && nothingTells()) {
            Oracle.complete(opened, golden.ledger(), List.of());
            return "lost with all that told of it";
        }
        Oracle.require(opened.endPosition() >= golden.durable(), "silent loss: end=" + opened.endPosition());
        Oracle.require(opened.endPosition() <= golden.ledger().intendedEnd(), "end=" + opened.endPosition());
        Oracle.require(
                opened.firstPosition() <= golden.ledger().first(), "silent loss: first=" + opened.firstPosition());
        String outcome = "all there";
        try {
            Oracle.complete(opened, golden.ledger(), List.of());
        } catch (EventLogException e) {
            namesPlace(e);
            outcome = "read refused";
        }
        for (ConsumerStatus status : opened.consumers()) {
            if (status.failure() instanceof EventLogException damage) {
                namesPlace(damage);
                outcome = outcome.equals("all there") ? "consumer refused" : outcome;
            } else {
                Oracle.require(status.failure() == null, "consumer: " + status.failure());
            }
        }
        outcome = checkpoint(golden, opened, outcome);
        return parked(golden, opened, outcome);
    }

    /**
     * Whether at least the state file and a data file are damaged. If the end of the newest segment is gone, and what
     * told how far the log had been forced too, no frame behind being left, then nobody can know.
     */
    private boolean nothingTells() {
        return caseText.contains(" state;") && (caseText.contains(".cq4;") || caseText.contains(".segment;"));
    }

    private String checkpoint(Golden golden, EventLog opened, String outcome) {
        if (opened.consumers().stream().noneMatch(status -> status.name().equals(Oracle.PULLING))) {
            return outcome;
        }
        try (Consumer<ByteBuffer> consumer = opened.consumer(Oracle.PULLING, Expected.CODEC)) {
            Oracle.require(
                    golden.checkpoints().contains(consumer.position()) || consumer.position() == opened.endPosition(),
                    "checkpoint is " + consumer.position() + ", was " + golden.checkpoints());
            for (Event<ByteBuffer> event : consumer.poll(Duration.ZERO)) {
                String problem = golden.ledger().event(event.position()).problem(event);
                Oracle.require(problem == null, "wrong event at " + event.position() + ": " + problem);
            }
            return outcome;
        } catch (EventLogException e) {
            namesPlace(e);
            return outcome.equals("all there") ? "consumer refused" : outcome;
        }
    }

    private String parked(Golden golden, EventLog opened, String outcome) {
        if (opened.consumers().stream().noneMatch(status -> status.name().equals(Oracle.PUSHING))) {
            return outcome;
        }
        ConsumerConfig config = Oracle.parkedConfig(Oracle.PUSHING);
        try (Consumer<ByteBuffer> consumer = opened.consumer(config, Expected.CODEC)) {
            int count = 0;
            for (Event<ByteBuffer> event : consumer.poll(Duration.ZERO)) {
                Oracle.require(golden.parked().contains(event.position()), "not parked: " + event.position());
                String problem = golden.ledger().event(event.position()).problem(event);
                Oracle.require(problem == null, "wrong parked event at " + event.position() + ": " + problem);
                count++;
            }
            if (count < golden.parked().size()) {
                // what was polled ends before damage; what is behind is not hidden
                consumer.commit();
                consumer.poll(Duration.ZERO);
            }
            Oracle.require(count == golden.parked().size(), "parked events are lost: " + count);
            return outcome;
        } catch (EventLogException e) {
            namesPlace(e);
            return outcome.equals("all there") ? "parked list refused" : outcome;
        }
    }

    private static void namesPlace(EventLogException e) {
        String message = String.valueOf(e.getMessage());
        if (e instanceof CorruptLogException corrupt) {
            boolean named = corrupt.file() != null
                    && message.contains("file=" + corrupt.file())
                    && message.contains("offset=" + corrupt.offset())
                    && corrupt.offset() >= 0;
            Oracle.require(named, "exception does not name the place: " + e);
            return;
        }
        boolean namesFile = message.contains("file=") || message.contains("path=") || message.contains("directory=");
        Oracle.require(e instanceof UnknownFormatException && namesFile, "not an exception for damage: " + e);
    }
}
