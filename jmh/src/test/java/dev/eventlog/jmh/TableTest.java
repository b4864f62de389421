package dev.eventlog.jmh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class TableTest {

    private final Table table =
            new Table(List.of("work", "µs")).add(List.of("append", "1.5")).add(List.of("a|b", "20"));

    @Test
    void columnsAreAsWideAsTheirWidestCell() {
        assertThat(table.toText()).isEqualTo("""
                work    µs
                ----    --
                append  1.5
                a|b     20
                """);
    }

    @Test
    void markdownEscapesBars() {
        assertThat(table.toMarkdown()).isEqualTo("""
                | work | µs |
                |---|---|
                | append | 1.5 |
                | a\\|b | 20 |
                """);
    }

    @Test
    void everyColumnNeedsItsCell() {
        assertThatThrownBy(() -> table.add(List.of("one"))).isInstanceOf(IllegalArgumentException.class);
    }
}
