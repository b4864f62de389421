package dev.eventlog.examples.market;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * Order messages in a file, as text or compressed with gzip; the first two bytes tell which.
 *
 * <p>Symbol and day are taken from the file's name, as in {@code AAPL_2012-06-21_34200000_57600000_message_50.csv}: the
 * word before the date and the date. Without them the symbol is the name up to its first dot and the day 1970-01-01.
 *
 * <p><b>Threading:</b> Immutable.
 */
final class LobsterFile implements OrderFlow {

    private static final Pattern NAME = Pattern.compile("([A-Za-z.]+)[-_](\\d{4}-\\d{2}-\\d{2})");
    private static final int GZIP_MAGIC = 0x1f8b;

    private final Path path;
    private final String symbol;
    private final LocalDate day;

    LobsterFile(Path path) {
        this.path = path;
        String name = String.valueOf(path.getFileName());
        var matcher = NAME.matcher(name);
        if (matcher.find()) {
            symbol = matcher.group(1).toUpperCase(Locale.ROOT);
            day = dayOf(matcher.group(2));
        } else {
            symbol = name.replaceFirst("\\..*", "").toUpperCase(Locale.ROOT);
            day = LocalDate.EPOCH;
        }
    }

    private static LocalDate dayOf(String text) {
        try {
            return LocalDate.parse(text);
        } catch (DateTimeException noSuchDay) {
            return LocalDate.EPOCH;
        }
    }

    @Override
    public String symbol() {
        return symbol;
    }

    @Override
    public LocalDate day() {
        return day;
    }

    @Override
    public String origin() {
        return path.toString();
    }

    /** The lines. Each byte is one character, so that no content whatever can fail to be text. */
    @Override
    public Stream<String> lines() throws IOException {
        InputStream bytes = open();
        var reader = new BufferedReader(new InputStreamReader(bytes, StandardCharsets.ISO_8859_1));
        return reader.lines().onClose(() -> close(reader));
    }

    private InputStream open() throws IOException {
        var file = new BufferedInputStream(Files.newInputStream(path), 1 << 16);
        try {
            file.mark(2);
            int magic = file.read() << 8 | file.read();
            file.reset();
            return magic == GZIP_MAGIC ? new GZIPInputStream(file, 1 << 16) : file;
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    private static void close(BufferedReader reader) {
        try {
            reader.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
