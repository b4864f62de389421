package dev.eventlog.examples.market;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.ConsumerStatus;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.examples.ExampleException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 3, unit = TimeUnit.MINUTES)
class MarketTest {

    @TempDir
    private Path directory;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private int run(String... args) throws IOException {
        out.reset();
        return Market.run(List.of(args), new PrintStream(out, true));
    }

    private String output() {
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void threeKillsChangeNothing() throws IOException {
        int exitCode = run("--messages", "5000", "--kills", "3", "--seed", "11");
        assertThat(output())
                .contains("a simulated market, seed 11")
                .containsPattern("EQUAL +input = uninterrupted = replay = 3 kills")
                .containsPattern("messages +5,000");
        assertThat(exitCode).isZero();
    }

    @Test
    void logIsKeptWhereAskedAndEachEventIsItsMessage() throws Exception {
        run("--messages", "2000", "--kills", "0", "--dir", directory.toString());
        var expected = Lines.simulated(1, 2_000);
        try (var log = EventLog.open(directory.resolve("log"))) {
            var codec = Codec.records(OrderEvent.class);
            var events = log.read(EventQuery.all(), codec).toList();
            assertThat(events).extracting(Message::of).isEqualTo(expected);
            assertThat(events).allSatisfy(event -> {
                assertThat(event.key()).isEqualTo("SIM");
                assertThat(event.source()).isEqualTo("feed");
            });
            assertThat(log.consumers())
                    .extracting(ConsumerStatus::name)
                    .containsExactly("audit", "book", "risk", "tape");
            assertThat(log.consumers()).extracting(ConsumerStatus::checkpoint).containsOnly(2_000L);
        }
    }

    @Test
    void secondRunOnTheSameLogAppendsNothingAndRebuildsTheStates() throws IOException {
        run("--messages", "2000", "--kills", "0", "--dir", directory.toString());
        assertThat(run("--messages", "2000", "--kills", "0", "--dir", directory.toString()))
                .isZero();
        assertThat(output())
                .contains("holds 2,000 of the messages already", "0 events appended", "state rebuilt from the log")
                .containsPattern("EQUAL +input = uninterrupted = replay");
    }

    @Test
    void longerInputGoesOnBehindWhatTheLogHas() throws IOException {
        run("--messages", "2000", "--kills", "0", "--dir", directory.toString());
        assertThat(run("--messages", "3000", "--kills", "0", "--dir", directory.toString()))
                .isZero();
        assertThat(output()).contains("1,000 events appended");
    }

    @Test
    void logOfOtherInputIsRefused() throws IOException {
        run("--messages", "2000", "--kills", "0", "--dir", directory.toString());
        assertThatThrownBy(
                        () -> run("--messages", "2000", "--kills", "0", "--seed", "2", "--dir", directory.toString()))
                .isInstanceOf(ExampleException.class)
                .hasMessageContaining("the log was made from other input: position 1999 is")
                .hasMessageContaining("choose another --dir");
        assertThatThrownBy(() -> run("--messages", "1000", "--kills", "0", "--dir", directory.toString()))
                .hasMessageContaining("it holds 2000 events, the input has only 1000 messages");
    }

    @Test
    void malformedLinesAreReportedWithTheirNumbersAndSkipped() throws IOException {
        Path file = damagedFile();
        assertThat(run(file.toString(), "--kills", "1")).isZero();
        assertThat(output())
                .contains("skipped line 4: it has 1 of 6 fields", "skipped line 7: type is \"9\"")
                .containsPattern("messages +100")
                .containsPattern("malformed +2 lines")
                .containsPattern("EQUAL .* = 1 kill");
    }

    @Test
    void firstMalformedLineEndsTheJobIfAsked() throws IOException {
        Path file = damagedFile();
        assertThatThrownBy(() -> run(file.toString(), "--malformed", "fail"))
                .isInstanceOf(ExampleException.class)
                .hasMessageContaining("line 4: it has 1 of 6 fields");
    }

    private Path damagedFile() throws IOException {
        var lines = new ArrayList<>(new SimulatedFlow(4, 100).lines().toList());
        lines.add(3, "");
        lines.add(6, "34200.5,9,1,1,1,1");
        return Files.write(directory.resolve("damaged.csv"), lines);
    }

    @Test
    void fileThatEndsTooSoonIsReported() throws IOException {
        Path file = directory.resolve("cut.csv.gz");
        Files.write(file, new byte[] {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 1});
        assertThatThrownBy(() -> run(file.toString()))
                .isInstanceOf(ExampleException.class)
                .hasMessageContaining("cut.csv.gz cannot be read to its end");
    }

    @Test
    void inputWithoutAMessageIsReported() throws IOException {
        Path file = Files.writeString(directory.resolve("empty.csv"), "");
        assertThatThrownBy(() -> run(file.toString()))
                .isInstanceOf(ExampleException.class)
                .hasMessageContaining("no order message in");
    }

    @Test
    void originalTimingIsKept() throws IOException {
        Path file = Files.writeString(directory.resolve("slow.csv"), """
                34200.0,1,1,100,5000000,1
                34201.0,1,2,100,5000100,1
                34202.0,3,1,100,5000000,1
                """);
        long start = System.nanoTime();
        assertThat(run(file.toString(), "--speed", "10")).isZero();
        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(200_000_000);
        assertThat(output()).contains("held back by --speed 10", "none, the input is too short");
    }

    @Test
    void progressBarIsDrawnWhenAsked() throws IOException {
        run("--messages", "500", "--kills", "0", "--progress");
        assertThat(output()).containsPattern("\r.*\\[#+-*] \\d+ of 500");
    }
}
