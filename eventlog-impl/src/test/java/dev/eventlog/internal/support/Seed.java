package dev.eventlog.internal.support;

import java.util.SplittableRandom;

/** The seed of a random test: {@code -Dseed=} or a new one, with the command that repeats the run. */
public record Seed(long value, String test) {

    /** The seed for a test class. */
    public static Seed of(Class<?> test) {
        return new Seed(Long.getLong("seed", System.nanoTime()), test.getSimpleName());
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
