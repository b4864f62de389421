package dev.eventlog.jmh.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.jmh.Json;
import dev.eventlog.jmh.Options;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompareTest {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    @TempDir
    Path directory;

    @Test
    void everyRowHasANameOfItsOwn() {
        assertThat(Rows.ALL.stream().map(Row::name))
                .doesNotHaveDuplicates()
                .allMatch(name -> name.matches("[a-z0-9-]+"));
    }

    @Test
    void unknownRowsAreRefusedWithTheOnesThereAre() {
        assertThatThrownBy(() -> Compare.run(List.of("--only", "append-1,typo"), out))
                .isInstanceOf(Options.UsageException.class)
                .hasMessageContaining("typo")
                .hasMessageContaining("replay-single");
    }

    @Test
    void quickAndSingleOptionsMakeTheEffort() {
        Effort effort = Compare.effort(Compare.options().parse(List.of("--quick", "--pairs", "2")));

        assertThat(effort.pairs()).isEqualTo(2);
        assertThat(effort.forks()).isEqualTo(Effort.quick().forks());
        assertThat(Compare.effort(Compare.options().parse(List.of()))).isEqualTo(Effort.full());
    }

    @Test
    void comparisonsSurviveTheirFile() throws IOException {
        Path file = directory.resolve("new/compare.json");
        Json.write(file, Samples.comparison());

        assertThat(Json.kind(file)).isEqualTo(Comparison.KIND);
        assertThat(Json.read(file, Comparison.class)).isEqualTo(Samples.comparison());
    }

    @Test
    void filesOfOtherProgramsAreRefused() throws IOException {
        Path file = Files.writeString(directory.resolve("other.json"), "[1, 2");

        assertThatThrownBy(() -> Json.read(file, Comparison.class))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(file.toString());
    }

    @Test
    void runsARowInForks() throws IOException {
        Path json = directory.resolve("result.json");
        Path files = directory.resolve("files");

        int exitCode = Compare.run(
                List.of(
                        "--quick",
                        "--only",
                        "allocation-poll",
                        "--pairs",
                        "1",
                        "--log-events",
                        "1000",
                        "--dir",
                        files.toString(),
                        "--json",
                        json.toString()),
                out);

        Comparison result = Json.read(json, Comparison.class);
        assertThat(result.rows()).singleElement().satisfies(row -> {
            assertThat(row.failure()).isNull();
            assertThat(row.pairs()).hasSize(1);
            assertThat(row.ours()).isNotNull();
            assertThat(row.peer()).isNotNull();
        });
        assertThat(exitCode).isEqualTo(result.exitCode());
        assertThat(bytes.toString(StandardCharsets.UTF_8))
                .contains("allocation-poll")
                .contains("processor: ");
        assertThat(files).isEmptyDirectory();
    }
}
