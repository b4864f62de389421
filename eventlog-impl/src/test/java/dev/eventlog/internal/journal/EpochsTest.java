package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.internal.support.Seed;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class EpochsTest {

    private static Manifest.Epoch epoch(int number, long basePosition, int boot) {
        return new Manifest.Epoch(number, basePosition, number, new UUID(boot, 0));
    }

    private static List<Integer> needed(long firstPosition, Manifest.Epoch... epochs) {
        return new Epochs(List.of(epochs))
                .needed(firstPosition).stream().map(Manifest.Epoch::number).toList();
    }

    @Test
    void theFirstTheLastAndThoseThatReachIntoTheLogAreNeeded() {
        Manifest.Epoch[] epochs = {epoch(1, 0, 1), epoch(2, 10, 1), epoch(3, 20, 1), epoch(4, 30, 1), epoch(5, 40, 1)};
        assertThat(needed(0, epochs)).containsExactly(1, 2, 3, 4, 5);
        assertThat(needed(20, epochs)).containsExactly(1, 2, 3, 4, 5);
        assertThat(needed(21, epochs)).containsExactly(1, 3, 4, 5);
        assertThat(needed(40, epochs)).containsExactly(1, 4, 5);
        assertThat(needed(100, epochs)).containsExactly(1, 5);
    }

    @Test
    void epochsThatWroteNothingAreNeededOnlyForTheirBoot() {
        assertThat(needed(10, epoch(1, 0, 1), epoch(2, 10, 1), epoch(3, 10, 1), epoch(4, 10, 1), epoch(5, 10, 1)))
                .containsExactly(1, 5);
        assertThat(needed(10, epoch(1, 0, 1), epoch(2, 10, 1), epoch(3, 10, 2), epoch(4, 10, 2), epoch(5, 10, 1)))
                .containsExactly(1, 3, 5);
    }

    /** What a consumer is told of its checkpoint must be the same: fine, set back, ahead of the log, or expired. */
    @Test
    void checkpointsAreJudgedAsWithAllEpochs() {
        Seed seed = Seed.of(EpochsTest.class);
        SplittableRandom random = seed.random();
        for (int run = 0; run < 3_000; run++) {
            var opened = new ArrayList<Manifest.Epoch>();
            long base = 0;
            int boot = 1;
            for (int number = 1; number <= 12; number++) {
                opened.add(epoch(number, base, boot));
                base += random.nextInt(3) == 0 ? 0 : random.nextInt(1, 10);
                boot += random.nextInt(3) == 0 ? 1 : 0;
            }
            long first = random.nextLong(base + 1);
            var all = new Epochs(opened);
            var needed = new Epochs(all.needed(first));
            for (int epoch = 1; epoch < 12; epoch++) {
                for (long checkpoint = 0; checkpoint <= base; checkpoint++) {
                    long expected = judged(all, epoch, checkpoint, first);
                    long found = judged(needed, epoch, checkpoint, first);
                    // a checkpoint that was ahead in the same boot is expired where nobody knows that boot any more
                    if (expected != AHEAD) {
                        assertThat(found)
                                .as("epoch %d, checkpoint %d, first %d, %s, %s", epoch, checkpoint, first, opened, seed)
                                .isEqualTo(expected);
                    } else {
                        assertThat(found).isIn(AHEAD, EXPIRED);
                    }
                }
            }
        }
    }

    private static final long AHEAD = -1;
    private static final long EXPIRED = -2;

    /** Where a consumer goes on, or why it does not. */
    private static long judged(Epochs epochs, int epoch, long checkpoint, long first) {
        long end = epochs.end(epoch);
        long place = checkpoint <= end ? checkpoint : epochs.isRestartedSince(epoch) ? end : AHEAD;
        return place != AHEAD && place < first ? EXPIRED : place;
    }
}
