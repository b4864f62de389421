package dev.eventlog.tools;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Codec;
import dev.eventlog.EventLog;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Arguments, output and exit codes of the program. */
@Timeout(300)
class MainTest {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private Path log;

    @TempDir
    private Path temporary;

    @BeforeEach
    void writeLog() {
        log = temporary.resolve("log");
        try (EventLog opened = EventLog.open(log)) {
            for (int i = 0; i < 20; i++) {
                opened.producer("source", Codec.utf8("Note")).append("key-" + i, "text " + i);
            }
        }
    }

    private int run(Object... arguments) {
        out.reset();
        err.reset();
        return Main.run(
                List.of(arguments).stream().map(Object::toString).toList(),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                true);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    private void damage() throws IOException {
        Path segment = log.resolve("segments/0000000001.segment");
        byte[] bytes = Files.readAllBytes(segment);
        bytes[bytes.length / 4] ^= 1;
        Files.write(segment, bytes);
    }

    @Test
    void soundLogIsZero() {
        assertThat(run("verify", "--full", log)).isZero();
        assertThat(out()).startsWith("sound: ").contains("positions 0 to 20").contains("events read 20");
        assertThat(run("verify", "--json", log)).isZero();
        assertThat(out().strip())
                .startsWith("{")
                .endsWith("}")
                .contains("\"sound\":true")
                .contains("\"endPosition\":20");
        assertThat(err()).isEmpty();
    }

    @Test
    void damagedLogIsOneAndThePlaceIsNamed() throws IOException {
        damage();
        assertThat(run("verify", "--full", log)).isEqualTo(1);
        assertThat(out()).startsWith("DAMAGED: ").contains("0000000001.segment offset=");
        assertThat(run("verify", "--full", "--json", log)).isEqualTo(1);
        assertThat(out()).contains("\"sound\":false").contains("\"severity\":\"DAMAGE\"");
        assertThat(run("dump", log)).isEqualTo(1);
        assertThat(run("salvage", "--to", temporary.resolve("new"), log)).isEqualTo(1);
        assertThat(run("verify", "--full", temporary.resolve("new"))).isZero();
        assertThat(out()).contains("events read 19");
    }

    @Test
    void wrongUsageIsTwoWithHelp() {
        for (List<Object> wrong : List.of(
                List.<Object>of(),
                List.<Object>of("verify"),
                List.<Object>of("conquer", log),
                List.<Object>of("verify", "--hex", log),
                List.<Object>of("verify", log, log),
                List.<Object>of("copy", log),
                List.<Object>of("copy", log, "--to"),
                List.<Object>of("dump", "--from", "x", log))) {
            assertThat(run(wrong.toArray())).as("%s", wrong).isEqualTo(2);
            assertThat(err()).as("%s", wrong).contains("usage: ");
            assertThat(out()).as("%s", wrong).isEmpty();
        }
    }

    @Test
    void whatCannotWorkIsTwoAndSaysWhy() {
        assertThat(run("verify", temporary.resolve("nothing"))).isEqualTo(2);
        assertThat(err()).contains("NoSuchFileException").contains("nothing");
        assertThat(run("copy", "--to", log, log)).isEqualTo(2);
        assertThat(err()).contains("exists");
        try (EventLog open = EventLog.open(log)) {
            assertThat(run("repair", log)).as("%s", open).isEqualTo(2);
            assertThat(err()).contains("open for writing");
        }
    }

    @Test
    void copyAndRepairAndDumpWork() {
        assertThat(run("copy", "--to", temporary.resolve("copy"), log)).isZero();
        assertThat(run("verify", "--full", temporary.resolve("copy"))).isZero();
        assertThat(run("repair", "--record-damage", "--reset-checkpoints", log)).isZero();
        assertThat(run("dump", "--from", "3", "--to", "5", "--hex", log)).isZero();
        assertThat(out())
                .contains("event position=3 ")
                .contains("event position=4 ")
                .contains("746578742034");
        assertThat(out()).doesNotContain("event position=5 ");
    }

    @Test
    void pathsArePrintedEscaped() throws IOException {
        damage();
        Path odd = temporary.resolve("l\u001b[2J\u00fc");
        Files.move(log, odd);
        for (String option : new String[] {"--full", "--json"}) {
            run("verify", "--full", option, odd);
            assertThat(out().replace(System.lineSeparator(), ""))
                    .matches("[ -~]*")
                    .containsIgnoringCase("u001b[2J");
        }
        run("verify", temporary.resolve("no\u001b"));
        assertThat(err().replace("\n", "")).matches("[ -~]*");
    }
}
