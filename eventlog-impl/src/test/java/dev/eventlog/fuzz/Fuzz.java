package dev.eventlog.fuzz;

import dev.eventlog.internal.codec.RecordFuzz;
import dev.eventlog.internal.cursor.CursorFuzz;
import dev.eventlog.internal.frame.FrameFuzz;
import dev.eventlog.internal.journal.ManifestFuzz;
import dev.eventlog.internal.journal.ScannerFuzz;
import dev.eventlog.internal.journal.SmallFileFuzz;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The targets, their kept inputs, and the door for Jazzer: its {@code --target_class}, with the name of a target in {@code
 * --target_args}.
 */
public final class Fuzz {

    private static @Nullable FuzzTarget chosen;

    private Fuzz() {}

    /** All targets. */
    static List<FuzzTarget> targets() {
        var targets = new ArrayList<FuzzTarget>();
        targets.add(new FrameFuzz());
        targets.add(new ScannerFuzz());
        targets.add(new ManifestFuzz());
        targets.addAll(SmallFileFuzz.targets());
        targets.addAll(CursorFuzz.targets());
        targets.add(new RecordFuzz());
        return targets;
    }

    static FuzzTarget target(String name) {
        return targets().stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no such target: " + name + "; there are "
                        + targets().stream().map(FuzzTarget::name).toList()));
    }

    /** Inputs that reached something new, or found something: kept beside the tests, a line each. */
    static List<byte[]> kept(FuzzTarget target) {
        try (InputStream in = Fuzz.class.getResourceAsStream("/fuzz/" + target.name() + ".txt")) {
            if (in == null) {
                return List.of();
            }
            var lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII));
            return lines.lines().map(Base64.getDecoder()::decode).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Changes inputs at random, for a time: target, seconds, seed.
     *
     * @throws IllegalStateException with the input that broke a rule
     */
    public static void main(String[] arguments) {
        long seed = Long.parseLong(arguments[2]);
        FuzzTarget target = target(arguments[0]);
        List<byte[]> inputs = new ArrayList<>(target.seeds());
        inputs.addAll(kept(target));
        var mutator = new Mutator(new SplittableRandom(seed), inputs);
        long began = System.nanoTime();
        long end = began + TimeUnit.SECONDS.toNanos(Long.parseLong(arguments[1]));
        long count = 0;
        do {
            run(target, mutator.next(), "seed " + seed);
            count++;
        } while (System.nanoTime() - end < 0);
        System.out.printf(
                "%s: %,d inputs in %d s, seed %d%n",
                target.name(), count, TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began), seed);
    }

    /** Gives a target an input. */
    static void run(FuzzTarget target, byte[] input, Object seed) {
        try {
            target.fuzz(input);
        } catch (Throwable broken) {
            throw new IllegalStateException(
                    "input " + Base64.getEncoder().encodeToString(input) + " of " + target.name() + "; " + seed,
                    broken);
        }
    }

    /** Jazzer's, before the first input. */
    public static void fuzzerInitialize(String[] arguments) {
        chosen = target(arguments[0]);
    }

    /** Jazzer's, for each input. */
    public static void fuzzerTestOneInput(byte[] input) {
        FuzzTarget target = chosen;
        if (target == null) {
            throw new IllegalStateException("no target was chosen");
        }
        target.fuzz(input);
    }
}
