package dev.eventlog.jmh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class OptionsTest {

    private static Options options() {
        return new Options("measure").flag("quick").option("forks", "n").option("only", "row,…");
    }

    @Test
    void takesFlagsAndValuesInBothForms() {
        Options options = options().parse(List.of("--quick", "--forks=3", "--only", "a,b", "word"));

        assertThat(options.has("quick")).isTrue();
        assertThat(options.number("forks", 1, 10, 1)).isEqualTo(3);
        assertThat(options.names("only", "ab"::contains, List.of("a", "b"))).containsExactly("a", "b");
        assertThat(options.words()).containsExactly("word");
    }

    @Test
    void takesPowersOfTenAndUnderscores() {
        assertThat(options().parse(List.of("--forks", "1e3")).number("forks", 1, 10_000, 1))
                .isEqualTo(1_000);
        assertThat(options().parse(List.of("--forks", "1_000")).number("forks", 1, 10_000, 1))
                .isEqualTo(1_000);
    }

    @Test
    void usesDefaultsForWhatIsNotGiven() {
        Options options = options().parse(List.of());

        assertThat(options.number("forks", 1, 10, 7)).isEqualTo(7);
        assertThat(options.path("only", Path.of("there"))).isEqualTo(Path.of("there"));
        assertThat(options.names("only", name -> false, List.of())).isEmpty();
    }

    @Test
    void namesTheSimilarOption() {
        assertThatThrownBy(() -> options().parse(List.of("--fork", "3")))
                .isInstanceOf(Options.UsageException.class)
                .hasMessageContaining("unknown option --fork")
                .hasMessageContaining("did you mean --forks?")
                .hasMessageContaining("usage: measure [--quick] [--forks n]");
    }

    @Test
    void refusesWhatIsWrong() {
        assertRefused("--forks needs a value: --forks n", "--forks");
        assertRefused("--forks needs a value", "--forks", "--quick");
        assertRefused("--quick takes no value", "--quick=yes");
        assertRefused("--quick is given twice", "--quick", "--quick");
        assertThatThrownBy(() -> options().parse(List.of("--forks", "many")).number("forks", 1, 10, 1))
                .hasMessageContaining("--forks many is not a whole number from 1 to 10");
        assertThatThrownBy(() -> options().parse(List.of("--forks", "1.5")).number("forks", 1, 10, 1))
                .hasMessageContaining("not a whole number");
        assertThatThrownBy(() -> options().parse(List.of("--forks", "11")).number("forks", 1, 10, 1))
                .hasMessageContaining("from 1 to 10");
        assertThatThrownBy(() ->
                        options().parse(List.of("--only", "a,c")).names("only", "ab"::contains, List.of("a", "b")))
                .hasMessageContaining("--only c is unknown; there are a, b");
        assertThatThrownBy(() -> options().parse(List.of("word")).withoutWords())
                .hasMessageContaining("unknown argument word");
    }

    private static void assertRefused(String message, String... arguments) {
        assertThatThrownBy(() -> options().parse(List.of(arguments)))
                .isInstanceOf(Options.UsageException.class)
                .hasMessageContaining(message);
    }
}
