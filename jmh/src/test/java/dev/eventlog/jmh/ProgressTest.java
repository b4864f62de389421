package dev.eventlog.jmh;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ProgressTest {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    @Test
    void printsLinesWhereThereIsNoTerminal() {
        try (var progress = new Progress(2, out, false)) {
            progress.begin("one");
            progress.step();
            progress.begin("two");
        }

        assertThat(bytes.toString(StandardCharsets.UTF_8).lines()).hasSize(2).satisfies(lines -> {
            assertThat(lines.get(0)).startsWith("0% ").endsWith(": one");
            assertThat(lines.get(1)).startsWith("50% ").endsWith(": two");
        });
    }

    @Test
    void drawsOneBarOnATerminal() {
        try (var progress = new Progress(2, out, true)) {
            progress.begin("one");
            progress.step();
        }

        assertThat(bytes.toString(StandardCharsets.UTF_8))
                .contains("50%")
                .contains("###")
                .doesNotContain("\n");
    }
}
