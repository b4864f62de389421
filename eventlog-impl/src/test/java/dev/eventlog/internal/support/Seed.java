package dev.eventlog.internal.support;

import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** The seed of a random test: {@code -Dseed=} or a new one, with the command that repeats the run. */
public record Seed(long value, String test) {

    private static volatile @Nullable Seed last;

    /** The seed for a test class. */
    public static Seed of(Class<?> test) {
        var seed = new Seed(Long.getLong("seed", System.nanoTime()), test.getSimpleName());
        last = seed;
        return seed;
    }

    /** The seed that was taken last in this process; null: none was. */
    static @Nullable Seed last() {
        return last;
    }

    /** A generator that starts at the seed. */
    public SplittableRandom random() {
        return new SplittableRandom(value);
    }

    /** How to repeat the run, for messages. */
    @Override
    public String toString() {
        return "seed " + value + "; repeat with: mvn test -pl eventlog-impl -am -Dtest=" + test + " -Dseed=" + value
                + " -DexcludedGroups= -Dsurefire.failIfNoSpecifiedTests=false";
    }
}
