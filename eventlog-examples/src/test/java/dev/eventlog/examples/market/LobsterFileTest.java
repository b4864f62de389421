package dev.eventlog.examples.market;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LobsterFileTest {

    @TempDir
    private Path directory;

    private static List<String> read(Path file) throws IOException {
        try (var lines = new LobsterFile(file).lines()) {
            return lines.toList();
        }
    }

    @Test
    void gzipIsKnownByItsFirstBytesWhateverTheName() throws IOException {
        Path gzipped = directory.resolve("orders.csv");
        try (var out = new GZIPOutputStream(Files.newOutputStream(gzipped))) {
            out.write("a\nb\n".getBytes(StandardCharsets.US_ASCII));
        }
        Path plain = Files.writeString(directory.resolve("orders.csv.gz"), "a\r\nb");
        assertThat(read(gzipped)).containsExactly("a", "b");
        assertThat(read(plain)).containsExactly("a", "b");
    }

    @Test
    void emptyAndTinyFilesAreRead() throws IOException {
        assertThat(read(Files.writeString(directory.resolve("empty"), ""))).isEmpty();
        assertThat(read(Files.writeString(directory.resolve("tiny"), "x"))).containsExactly("x");
    }

    @Test
    void bytesThatAreNoTextAreReadAllTheSame() throws IOException {
        Path file = Files.write(directory.resolve("binary"), new byte[] {(byte) 0xff, 0, 10, (byte) 0xc3});
        assertThat(read(file)).hasSize(2);
    }

    @Test
    void nameTellsSymbolAndDay() {
        var official = new LobsterFile(Path.of("AAPL_2012-06-21_34200000_57600000_message_50.csv"));
        assertThat(official.symbol()).isEqualTo("AAPL");
        assertThat(official.day()).isEqualTo(LocalDate.of(2012, 6, 21));
        var other = new LobsterFile(Path.of("x/nasdaq-aapl-2012-06-21-first-hour-messages.csv.gz"));
        assertThat(other.symbol()).isEqualTo("AAPL");
        var nameless = new LobsterFile(Path.of("orders.csv.gz"));
        assertThat(nameless.symbol()).isEqualTo("ORDERS");
        assertThat(nameless.day()).isEqualTo(LocalDate.EPOCH);
        assertThat(new LobsterFile(Path.of("AAPL_2012-13-45.csv")).day()).isEqualTo(LocalDate.EPOCH);
    }
}
