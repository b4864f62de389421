package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Codec;
import org.junit.jupiter.api.Test;

class DictionaryTest {

    private final Dictionary dictionary = new Dictionary();

    private static Codec.Schema schema(int version) {
        return new Codec.Schema("type", version, "a/b");
    }

    @Test
    void numbersBeginAtOneAndAreGivenForEver() {
        assertThat(dictionary.schemaNumber(schema(1))).isZero();
        for (int n = 1; n <= 100; n++) {
            assertThat(dictionary.nextSchema()).isEqualTo(n);
            assertThat(dictionary.addSchema(n, schema(n))).isTrue();
            assertThat(dictionary.addSource(n, "source-" + n)).isTrue();
        }
        for (int n = 1; n <= 100; n++) {
            assertThat(dictionary.schema(n)).isEqualTo(schema(n));
            assertThat(dictionary.schemaNumber(schema(n))).isEqualTo(n);
            assertThat(dictionary.source(n)).isEqualTo("source-" + n);
            assertThat(dictionary.sourceNumber("source-" + n)).isEqualTo(n);
        }
        assertThat(dictionary.schemas()).hasSize(100);
    }

    @Test
    void sameEntryAgainIsFineAndAnotherUnderItsNumberIsNot() {
        dictionary.addSchema(1, schema(1));
        dictionary.addSource(1, "source");
        assertThat(dictionary.addSchema(1, schema(1))).isTrue();
        assertThat(dictionary.addSource(1, "source")).isTrue();
        assertThat(dictionary.addSchema(1, schema(2))).isFalse();
        assertThat(dictionary.addSource(1, "other")).isFalse();
        assertThat(dictionary.schema(1)).isEqualTo(schema(1));
    }

    @Test
    void numberThatIsNotTheNextIsRefused() {
        for (int number : new int[] {-1, 0, 2, 1000, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            assertThat(dictionary.addSchema(number, schema(1))).as("%d", number).isFalse();
            assertThat(dictionary.addSource(number, "source")).as("%d", number).isFalse();
            assertThat(dictionary.schema(number)).isNull();
            assertThat(dictionary.source(number)).isNull();
        }
    }
}
