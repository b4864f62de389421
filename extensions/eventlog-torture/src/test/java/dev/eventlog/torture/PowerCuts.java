package dev.eventlog.torture;

import dev.eventlog.EventLog;
import dev.eventlog.internal.log.Engine;
import dev.eventlog.torture.disk.Choices;
import dev.eventlog.torture.disk.Disk;
import dev.eventlog.torture.disk.DiskFileOps;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Cuts the power of a simulated machine again and again: histories of several lives of a writer, in each of them moments
 * between steps and before file operations, at each moment several images of what the disk could hold, each of them
 * opened and checked. The next life begins with one of the images. The recovery of some images is cut short as well.
 *
 * <p><b>Threading:</b> {@link #run}: one thread. Moments come on the log's threads too, one at a time.
 */
final class PowerCuts {

    private static final int LIVES = 4;
    private static final int IMAGES_AT_ONCE = 6;
    private static final int NESTED_EVERY = 40;
    private static final int TOLD_EVERY = 5_000;
    private static final int LEAST = 20;
    private static final int FEW = 6;
    private static final int MOST_COMBINATIONS = 150;

    private final Run run;
    private final boolean isPruning;
    private final SplittableRandom random;
    private final Path directory;
    private final long begun = System.nanoTime();
    private final ReentrantLock looking = new ReentrantLock();
    // forces until one fails
    private final AtomicInteger failingForce = new AtomicInteger(Integer.MAX_VALUE);
    // guarded by looking
    private final SplittableRandom choosing;
    private Disk disk;
    private Ledger ledger;
    private Workload workload;
    private Throwable failure;
    // hashes of images, and how much had to be in them
    private final Map<Long, Long> seen = new HashMap<>();
    // those that differ
    private long images;
    private long repeated;
    private long told;
    private long nested;
    private long exhaustive;
    private long moments;
    private long lives;
    private long doubts;

    PowerCuts(Run run) {
        this(run, false);
    }

    /**
     * @param isPruning only lives that roll and prune, in each second history for a required consumer
     */
    PowerCuts(Run run, boolean isPruning) {
        this.run = run;
        this.isPruning = isPruning;
        random = run.random();
        choosing = random.split();
        directory = run.directory();
    }

    /** Runs up to the budget; fails with the first image that is not right, which is kept. */
    void run() throws IOException {
        while (goesOn()) {
            history();
            if (images >= told + TOLD_EVERY) {
                told = images;
                System.out.println(this);
            }
        }
        Run.delete(directory);
        System.out.println(this);
    }

    /** What was done. */
    @Override
    public String toString() {
        double seconds = (System.nanoTime() - begun) / 1e9;
        return String.format(
                "power cuts: %d different images (%d of them in the middle of a recovery, %d of all combinations; %d more were equal to one of"
                        + " them) at %d moments of %d lives, %.1f unforced pages and names at a moment, %.0f s (%.0f s of processors), %.0f images a"
                        + " minute, seed %d",
                images,
                nested,
                exhaustive,
                repeated,
                moments,
                lives,
                (double) doubts / Math.max(1, moments),
                seconds,
                processorSeconds(),
                images * 60 / seconds,
                run.seed());
    }

    private static double processorSeconds() {
        return ProcessHandle.current()
                        .info()
                        .totalCpuDuration()
                        .orElse(Duration.ZERO)
                        .toMillis()
                / 1e3;
    }

    long images() {
        return images;
    }

    private boolean goesOn() {
        // a machine that is busy with something else does not make it none
        return images < Math.min(LEAST, run.cases())
                || (images < run.cases() && System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(run.seconds()));
    }

    private void history() throws IOException {
        ledger = new Ledger(random.nextInt(isPruning ? 2 : 4) == 0);
        Path machine = directory.resolve("machine-0");
        Files.createDirectories(machine);
        disk = new Disk(machine);
        long boot = 1;
        for (int life = 1; life <= LIVES && goesOn(); life++) {
            lives++;
            workload = new Workload(random.split(), ledger, isPruning, () -> look("between steps"));
            // in some lives a force fails
            failingForce.set(random.nextInt(3) == 0 ? 1 + random.nextInt(20) : Integer.MAX_VALUE);
            var files = new DiskFileOps(disk, new UUID(boot, boot), this::before);
            workload.run(machine.resolve("log"), files, 10 + random.nextInt(60));
            rethrow();
            if (random.nextInt(3) == 0) {
                // only the process ends, and what was not forced is still so
                continue;
            }
            boot++;
            Path next = directory.resolve("machine-" + life);
            boolean isShutDown = random.nextInt(3) == 0 && failingForce.get() > 0;
            disk.capture();
            disk.image(next, isShutDown ? new Newest() : Choices.random(choosing.split()));
            Run.delete(machine);
            machine = next;
            disk = new Disk(machine);
        }
        Run.delete(machine);
    }

    /** Before each operation on a file. */
    private void before(String operation, Path path) throws IOException {
        // fills are many
        if (!operation.equals("write") || path.endsWith("manifest")) {
            lookSometimes(operation + " " + path);
        }
        if (operation.equals("force") && failingForce.decrementAndGet() == 0) {
            throw new IOException("Input/output error");
        }
    }

    /** The power is on: everything is as it was written last. */
    private static final class Newest implements Choices {
        @Override
        public int pick(int ways) {
            return ways - 1;
        }

        @Override
        public boolean tears() {
            return false;
        }
    }

    private void rethrow() {
        if (failure != null) {
            throw new AssertionError(failure.getMessage() + "\n" + run, failure);
        }
    }

    private void lookSometimes(String where) {
        if (looking.tryLock()) {
            try {
                if (choosing.nextInt(6) == 0) {
                    look(where);
                }
            } finally {
                looking.unlock();
            }
        }
    }

    private void look(String where) {
        if (!looking.tryLock()) {
            return;
        }
        try {
            if (failure != null || looking.getHoldCount() > 2 || !goesOn()) {
                return;
            }
            workload.askDurable();
            Ledger.Moment moment = ledger.moment();
            disk.capture();
            moments++;
            doubts += disk.doubts();
            if (disk.doubts() <= FEW && choosing.nextInt(4) == 0) {
                checkAll(moment, where);
            }
            for (int i = 0; i < IMAGES_AT_ONCE && failure == null; i++) {
                check(moment, where, Choices.random(choosing.split()));
            }
        } catch (IOException e) {
            failure = e;
        } finally {
            looking.unlock();
        }
    }

    /** Each combination of what the disk could hold, where these are not too many. */
    private void checkAll(Ledger.Moment moment, String where) throws IOException {
        var all = new Choices.Exhaustive();
        int count = 0;
        do {
            long before = images;
            check(moment, where, all);
            exhaustive += images - before;
            count++;
        } while (count < MOST_COMBINATIONS && all.next() && failure == null);
    }

    private void check(Ledger.Moment moment, String where, Choices choices) throws IOException {
        Path target = directory.resolve("image-" + (images + 1));
        if (!isNew(disk.image(target, choices), moment)) {
            Run.delete(target);
            return;
        }
        String names = disk.toString();
        try {
            SplittableRandom verifying = choosing.split();
            if (images % NESTED_EVERY == 0) {
                recoverAndCut(target, moment, verifying);
            }
            Oracle.verify(target.resolve("log"), ledger, moment, verifying);
        } catch (Throwable e) {
            failure = new AssertionError("image " + target + " of a cut " + where + ": " + e + "\n" + names, e);
            return;
        }
        Run.delete(target);
    }

    /** Whether an image differs from all before it, or more must be in it than in the one that it equals. */
    private boolean isNew(long hash, Ledger.Moment moment) {
        Long known = seen.get(hash);
        if (known != null && known >= moment.durable()) {
            repeated++;
            return false;
        }
        seen.put(hash, moment.durable());
        if (known == null) {
            images++;
        }
        return true;
    }

    /** Recovers an image, and cuts the power again before some of the steps of that. */
    private void recoverAndCut(Path machine, Ledger.Moment moment, SplittableRandom verifying) throws IOException {
        var second = new Disk(machine);
        Path target = directory.resolve("nested");
        var files = new DiskFileOps(second, new UUID(7, 7), (operation, path) -> {
            if (operation.equals("write") || verifying.nextInt(8) != 0) {
                return;
            }
            second.capture();
            for (int i = 0; i < 2; i++) {
                if (isNew(second.image(target, Choices.random(verifying.split())), moment)) {
                    nested++;
                    Oracle.verify(target.resolve("log"), ledger, moment, verifying);
                }
                Run.delete(target);
            }
        });
        try (EventLog log = Engine.open(Oracle.config(machine.resolve("log")).build(), files)) {
            Oracle.require(log.endPosition() >= moment.durable(), "durable events are lost");
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
