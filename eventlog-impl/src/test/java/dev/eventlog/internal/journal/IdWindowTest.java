package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.internal.support.Seed;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdWindowTest {

    private static final long AGE = 1_000;

    private record Entry(long id, long position, long time) {}

    private static void add(IdWindow window, long id, long position, long time) {
        int before = window.size();
        window.put(id, -id, position, time);
        window.commit(before, time);
    }

    private static long find(IdWindow window, long id, long now) {
        return window.find(id, -id, now);
    }

    @Test
    void remembersExactlyTheCount() {
        var window = new IdWindow(4, AGE);
        for (long id = 1; id <= 5; id++) {
            add(window, id, 10 * id, 0);
            assertThat(window.isFull()).isEqualTo(id >= 4);
        }
        assertThat(find(window, 1, 0)).isEqualTo(IdWindow.UNKNOWN);
        for (long id = 2; id <= 5; id++) {
            assertThat(find(window, id, 0)).isEqualTo(10 * id);
        }
    }

    @Test
    void windowOfOneRemembersTheLast() {
        var window = new IdWindow(1, AGE);
        add(window, 1, 0, 0);
        assertThat(find(window, 1, 0)).isZero();
        add(window, 2, 1, 0);
        assertThat(find(window, 1, 0)).isEqualTo(IdWindow.UNKNOWN);
        assertThat(find(window, 2, 0)).isOne();
    }

    @Test
    void remembersUpToTheAge() {
        var window = new IdWindow(4, AGE);
        add(window, 1, 0, 500);
        assertThat(find(window, 1, 500 + AGE - 1)).isZero();
        assertThat(find(window, 1, 500 + AGE)).isEqualTo(IdWindow.UNKNOWN);
        // a clock that stepped back
        assertThat(find(window, 1, -500)).isZero();
    }

    @Test
    void whatIsTakenBackWasNeverThereAndPushedNothingOut() {
        var window = new IdWindow(2, AGE);
        add(window, 1, 0, 0);
        add(window, 2, 1, 0);
        int before = window.size();
        for (long id = 3; id < 300; id++) {
            window.put(id, -id, id, AGE - 1);
            assertThat(find(window, id, AGE - 1)).isEqualTo(id);
        }
        window.rollback(before);
        assertThat(window.size()).isEqualTo(2);
        assertThat(find(window, 1, 0)).isZero();
        assertThat(find(window, 2, 0)).isOne();
        for (long id = 3; id < 300; id++) {
            assertThat(find(window, id, 0)).isEqualTo(IdWindow.UNKNOWN);
        }
    }

    @Test
    void oneAppendMayBringMoreIdsThanAreRemembered() {
        var window = new IdWindow(3, AGE);
        add(window, 1, 0, 0);
        for (long id = 2; id <= 1_000; id++) {
            window.put(id, -id, id, 0);
        }
        window.commit(1, 0);
        assertThat(window.size()).isEqualTo(3);
        for (long id = 1; id <= 1_000; id++) {
            assertThat(find(window, id, 0)).isEqualTo(id > 997 ? id : IdWindow.UNKNOWN);
        }
    }

    /** Few home places, so that long rows in the table are closed and opened again. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 50, 64, 65, 500})
    void tellsTheSameAsAList(int count) {
        Seed seed = Seed.of(IdWindowTest.class);
        SplittableRandom random = seed.random();
        var window = new IdWindow(count, AGE);
        List<Entry> entries = new ArrayList<>();
        long now = 0;
        for (int step = 0; step < 20_000; step++) {
            now += random.nextInt(10) == 0 ? random.nextInt(600) : random.nextInt(3);
            int before = window.size();
            List<Entry> put = new ArrayList<>();
            for (int i = random.nextInt(8) == 0 ? random.nextInt(2 * count + 2) : 1; i > 0; i--) {
                long id = random.nextInt(3 * count + 5) << 8;
                long found = find(window, id, now);
                assertThat(found).as("%s", seed).isEqualTo(expected(entries, put, id, now));
                if (found == IdWindow.UNKNOWN) {
                    window.put(id, -id, step, now);
                    put.add(new Entry(id, step, now));
                }
            }
            if (random.nextInt(4) == 0) {
                window.rollback(before);
            } else {
                window.commit(before, now);
                entries.addAll(put);
                while (entries.size() > count) {
                    entries.remove(0);
                }
            }
            assertThat(window.size()).as("%s", seed).isLessThanOrEqualTo(count);
        }
    }

    private static long expected(List<Entry> entries, List<Entry> put, long id, long now) {
        for (Entry each : put) {
            if (each.id() == id) {
                return each.position();
            }
        }
        for (int i = entries.size() - 1; i >= 0; i--) {
            Entry each = entries.get(i);
            if (each.id() == id && now - each.time() < AGE) {
                return each.position();
            }
        }
        return IdWindow.UNKNOWN;
    }
}
