package dev.eventlog.jmh.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.jmh.Json;
import dev.eventlog.jmh.Options;
import dev.eventlog.jmh.compare.Limits;
import dev.eventlog.jmh.compare.Samples;
import dev.eventlog.jmh.compare.Verdict;
import dev.eventlog.jmh.latency.LatencyResult;
import dev.eventlog.jmh.scale.ScaleResult;
import dev.eventlog.jmh.scale.ScaleStep;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ReportTest {

    private final PrintStream out = new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);

    @TempDir
    Path directory;

    private Path file(String name, Object result) throws IOException {
        Path file = directory.resolve(name);
        Json.write(file, result);
        return file;
    }

    private static LatencyResult latency() {
        Histogram histogram = new Histogram(3);
        for (int i = 1; i <= 1_000; i++) {
            histogram.recordValue(i * 100L);
        }
        ByteBuffer buffer = ByteBuffer.allocate(histogram.getNeededByteBufferCapacity());
        int length = histogram.encodeIntoCompressedByteBuffer(buffer);
        String encoded = Base64.getEncoder().encodeToString(Arrays.copyOf(buffer.array(), length));
        return new LatencyResult(
                LatencyResult.KIND,
                Samples.machine(),
                100_000,
                1,
                "Chronicle Queue",
                "ours as it is",
                "theirs as it is",
                List.of(new LatencyResult.Percentile(50, 1.5, 2.5, null, Limits.none(), Verdict.INFORMATION)),
                List.of(new LatencyResult.Round(encoded, encoded)));
    }

    private static ScaleResult scale() {
        return new ScaleResult(
                ScaleResult.KIND,
                Samples.machine(),
                1.01,
                Limits.ratio(1.3, 1.1),
                Verdict.GOAL_MET,
                List.of(
                        new ScaleStep(1_000, 150, 160, 30, 500, 20, 5, 6, 200, 90, 5, 6, 1),
                        new ScaleStep(10_000, 152, 170, 30, 510, 21, 5, 6, 200, 90, 5, 6, 2)));
    }

    @Test
    void writesThePageAndItsPlots() throws IOException {
        Path page = directory.resolve("docs/benchmarks.md");

        int exitCode = Report.run(
                List.of(
                        "--json",
                        file("compare.json", Samples.comparison()).toString(),
                        file("latency.json", latency()).toString(),
                        file("scale.json", scale()).toString(),
                        "--out",
                        page.getParent().toString()),
                out);

        assertThat(exitCode).isZero();
        String text = Files.readString(page);
        assertThat(text)
                .contains("processor: abacus, 2 cores")
                .contains("| slow | some work | 1.00 M events/s | 1.00 M events/s peer |")
                .contains("`slow` (NOT MET)")
                .contains("peer: peer as it comes")
                .contains("ours as it is")
                .contains("| p50 | 1.50 | 2.50 |")
                .contains("| 10,000 | 152 (170) |")
                .contains("## How to repeat it");
        assertThat(images(text))
                .hasSize(4)
                .allSatisfy(image ->
                        assertThat(Files.size(page.resolveSibling(image))).isPositive());
    }

    private static List<String> images(String text) {
        return Pattern.compile("\\]\\((images/[^)]+)\\)")
                .matcher(text)
                .results()
                .map(match -> match.group(1))
                .toList();
    }

    @Test
    void refusesWhatIsNoResult() throws IOException {
        Path other = Files.writeString(directory.resolve("other.json"), "{\"kind\": \"recipe\"}");

        assertThatThrownBy(() -> Report.run(List.of(other.toString()), out))
                .isInstanceOf(Options.UsageException.class)
                .hasMessageContaining("other.json is not a result");
        assertThatThrownBy(() -> Report.run(List.of("absent.json"), out))
                .hasMessageContaining("no such file: absent.json");
        assertThatThrownBy(() -> Report.run(List.of(), out)).hasMessageContaining("no files");
        assertThatThrownBy(() -> Report.run(List.of("--out", other.toString(), other.toString()), out))
                .hasMessageContaining("is a file; name a directory");
    }
}
