package dev.eventlog.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 2, unit = TimeUnit.MINUTES)
class MainTest {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(String... args) {
        return Main.run(List.of(args), new PrintStream(out, true), new PrintStream(err, true));
    }

    @Test
    void withoutArgumentsListsThePrograms() {
        assertThat(run()).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains(
                        "hello",
                        "fanout",
                        "parallel",
                        "workqueue",
                        "exactlyonce",
                        "replay",
                        "restart",
                        "market",
                        "--kills");
    }

    @ParameterizedTest
    @ValueSource(strings = {"--help", "-h", "help", "market --help", "hello -h", "market --kills 3 --help"})
    void helpListsTheProgramsAndTheirOptions(String line) {
        assertThat(run(line.split(" "))).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("hello", "market", "--kills");
        assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
    }

    @Test
    void unknownProgramIsNamedAndListsThePrograms() {
        assertThat(run("markt")).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("there is no program \"markt\"", "market");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            hello extra             | takes no arguments
            market --sped 1         | unknown option --sped; known are
            market --speed fast     | --speed is "fast"; it must be max, or
            market --kills          | --kills has no value
            market --kills -1       | --kills is "-1"; it must be a whole number from 0 to 1000
            market --malformed no   | it must be skip or fail
            market --seed 1 --seed 2| --seed is given twice
            market no-such-file.csv | does not exist
            market .                | is no file that can be read
            market a.csv b.csv      | one input file at a time
            """)
    void commandLineThatMakesNoSenseIsExplained(String line, String explanation) {
        assertThat(run(line.trim().split(" "))).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains(explanation);
    }

    /** What a program prints in a JVM of its own, where it must succeed. */
    private static String outputOf(Path directory, String program) throws Exception {
        var result = NewJvm.run(directory, program);
        assertThat(result.exitCode()).as(result.output()).isZero();
        return result.output();
    }

    @Test
    void helloChargesEachOrderOnceOverTwoRuns(@TempDir Path directory) throws Exception {
        assertThat(outputOf(directory, "hello")).contains("charge at position 0: Placed[orderId=o-17, cents=2500]");
        assertThat(outputOf(directory, "hello"))
                .contains("charge at position 1: ")
                .doesNotContain("charge at position 0: ");
    }

    @Test
    void fanoutIsNotHeldUpByTheSlowConsumer(@TempDir Path directory) throws Exception {
        assertThat(outputOf(directory, "fanout"))
                .contains("ledger and fraud are through: true")
                .contains("revenue 4995000 cents, 9 suspicious payments")
                .contains("mail has still to send some")
                .containsPattern("mail +OPEN, lag > 0");
    }

    @Test
    void parallelKeepsTheOrderOfEachAccountAsTheDocumentationShows(@TempDir Path directory) throws Exception {
        String output = outputOf(directory, "parallel");
        assertThat(output).contains("in order: true").doesNotContain("in order: false");
        assertThat(printed(output, "all payments", "  at the same time", "  a-"))
                .hasSize(10);
    }

    @Test
    void exactlyonceMakesEachInvoiceOnceAsTheDocumentationShows(@TempDir Path directory) throws Exception {
        assertThat(printed(outputOf(directory, "exactlyonce"), "first run", "second run"))
                .hasSize(5);
    }

    @Test
    void workqueueGivesEachEventToOneWorkerAsTheDocumentationShows(@TempDir Path directory) throws Exception {
        assertThat(printed(outputOf(directory, "workqueue"), "all pictures", "  scaled", "  parked", "  workers"))
                .hasSize(5);
    }

    /** The lines of an output that begin in one of some ways, each of which stands in the documentation. */
    private static List<String> printed(String output, String... beginnings) throws IOException {
        List<String> docs = Files.readAllLines(Path.of("..", "docs", "consuming.md"));
        List<String> lines = output.lines()
                .filter(line -> Arrays.stream(beginnings).anyMatch(line::startsWith))
                .toList();
        assertThat(docs).containsAll(lines);
        return lines;
    }

    @Test
    void replayAnswersQuestionsAboutThePast(@TempDir Path directory) throws Exception {
        assertThat(outputOf(directory, "replay"))
                .containsPattern("balances now +\\{anna=7501, ben=1000}")
                .containsPattern("balances as of then +\\{anna=7500, ben=5000}")
                .containsPattern("anna's withdrawals +\\[Withdrawn\\[cents=2500]]");
    }

    @Test
    void replayPlaysAMarketAgainTenTimesAsFast(@TempDir Path directory) throws Exception {
        assertThat(outputOf(directory, "replay"))
                .contains("a simulated market, seed 1, 5 s of it, 10 times as fast")
                .contains("second 5 of the market begins after ")
                .contains("all came: true");
        Path file = directory.resolve("AAPL_2012-06-21_message.csv");
        Files.writeString(file, "34200.5,1,1,100,5850000,1\n34202,1,2,100,5850100,-1\n34300,1,3,100,5850100,-1\n");
        assertThat(run("replay", file.toString())).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains(file + ", 5 s of it")
                .containsPattern("second 2 of the market begins after (0\\.[1-9]|[1-9])")
                .contains("all came: true, messages in each second: [1, 1]");
    }

    @Test
    void restartGoesOnAtTheFirstParcelThatWasNotCommitted(@TempDir Path directory) throws Exception {
        String output = outputOf(directory, "restart");
        assertThat(output.lines().filter(line -> line.contains("delivered parcel")))
                .hasSize(10)
                .doesNotHaveDuplicates();
        assertThat(output).contains("the van broke down with parcel 5", "second run: 0 parcels left");
    }
}
