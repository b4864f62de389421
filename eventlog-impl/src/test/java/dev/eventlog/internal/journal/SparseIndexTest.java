package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SparseIndexTest {

    @Test
    void emptyIndexHasNoEntryBeforeAnything() {
        var index = new SparseIndex();
        assertThat(index.count()).isZero();
        assertThat(index.floorPosition(Long.MAX_VALUE)).isEqualTo(-1);
        assertThat(index.beforeTime(Long.MIN_VALUE)).isEqualTo(-1);
    }

    @Test
    void framesCloserThanTheSpacingAreLeftOut() {
        var index = new SparseIndex();
        index.offer(0, 10, 400);
        index.offer(1, 11, 400 + SparseIndex.SPACING - 1);
        index.offer(2, 12, 400 + SparseIndex.SPACING);
        assertThat(index.count()).isEqualTo(2);
        assertThat(index.position(1)).isEqualTo(2);
        assertThat(index.offset(1)).isEqualTo(400 + SparseIndex.SPACING);
        assertThat(index.appendTimeNanos(1)).isEqualTo(12);
    }

    @Test
    void floorFindsTheLastEntryAtOrBefore() {
        var index = new SparseIndex();
        for (int i = 0; i < 1000; i++) {
            index.add(10L * i, 100L * i, (long) SparseIndex.SPACING * i);
        }
        assertThat(index.floorPosition(-1)).isEqualTo(-1);
        for (int i = 0; i < 1000; i++) {
            assertThat(index.floorPosition(10L * i)).isEqualTo(i);
            assertThat(index.floorPosition(10L * i + 9)).isEqualTo(i);
            assertThat(index.beforeTime(100L * i)).isEqualTo(i - 1);
            assertThat(index.beforeTime(100L * i + 1)).isEqualTo(i);
        }
    }

    @Test
    void equalTimesAreSearchedFromTheirFirst() {
        var index = new SparseIndex();
        for (int i = 0; i < 10; i++) {
            index.add(i, i < 5 ? 1 : 2, (long) SparseIndex.SPACING * i);
        }
        assertThat(index.beforeTime(2)).isEqualTo(4);
    }
}
