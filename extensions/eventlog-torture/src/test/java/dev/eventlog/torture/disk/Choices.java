package dev.eventlog.torture.disk;

import java.util.Arrays;
import java.util.SplittableRandom;

/** Where a power cut could have gone one way or another. <b>Threading:</b> One thread at a time. */
public interface Choices {

    /** One of so many ways: 0 is what was forced last, the greatest what was written last. */
    int pick(int ways);

    /** Whether something is mixed of different ages: a page of sectors, or those even of words; names. */
    boolean tears();

    /** Ways by chance, biased differently for each image. */
    static Choices random(SplittableRandom random) {
        return new RandomChoices(random);
    }

    /** By chance. Uniform choices over many pages hardly ever leave all but one as they were: so there are moods. */
    final class RandomChoices implements Choices {

        private final SplittableRandom random;
        // of 1000: how often the newest, and the oldest if not
        private final int newest;
        private final int oldest;
        private final int torn;

        RandomChoices(SplittableRandom random) {
            this.random = random;
            int[] shares = {0, 20, 200, 500, 800, 980, 1000};
            newest = shares[random.nextInt(shares.length)];
            oldest = random.nextBoolean() ? 1000 : shares[random.nextInt(shares.length)];
            torn = random.nextInt(3) == 0 ? 300 : 0;
        }

        @Override
        public int pick(int ways) {
            if (ways <= 1) {
                return 0;
            }
            if (random.nextInt(1000) < newest) {
                return ways - 1;
            }
            return random.nextInt(1000) < oldest ? 0 : random.nextInt(ways);
        }

        @Override
        public boolean tears() {
            return torn > 0 && random.nextInt(1000) < torn;
        }
    }

    /** All combinations of ways, one after the other. */
    final class Exhaustive implements Choices {

        private int[] taken = new int[64];
        private int[] ways = new int[64];
        private int count;
        private int at;

        /** Goes back to the first choice, of the next combination; false if all were there. */
        public boolean next() {
            at = 0;
            while (count > 0 && taken[count - 1] == ways[count - 1] - 1) {
                count--;
            }
            if (count == 0) {
                return false;
            }
            taken[count - 1]++;
            return true;
        }

        @Override
        public int pick(int possible) {
            if (possible <= 1) {
                return 0;
            }
            if (at == count) {
                if (count == taken.length) {
                    taken = Arrays.copyOf(taken, 2 * count);
                    ways = Arrays.copyOf(ways, 2 * count);
                }
                taken[count] = 0;
                ways[count++] = possible;
            }
            // what is chosen from may have changed since the combination before
            return Math.min(taken[at++], possible - 1);
        }

        @Override
        public boolean tears() {
            return false;
        }
    }
}
