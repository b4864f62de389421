package dev.eventlog.jmh;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Results as JSON files: records by their components' names. <b>Threading:</b> Thread-safe. */
public final class Json {

    private static final Gson GSON =
            new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create();

    private static final Gson LINE = new Gson();

    private Json() {}

    /** A record in one line. */
    public static String line(Object result) {
        return LINE.toJson(result);
    }

    /** A record of what {@link #line} made. */
    public static <T> T parse(String line, Class<T> type) throws IOException {
        try {
            return LINE.fromJson(line, type);
        } catch (JsonParseException malformed) {
            throw new IOException("not an answer: " + line, malformed);
        }
    }

    /** Writes a record to a file, in place of what it held. */
    public static void write(Path file, Object result) throws IOException {
        Path parent = file.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        Files.writeString(file, GSON.toJson(result) + "\n", StandardCharsets.UTF_8);
    }

    /** What {@code kind} says in a file. */
    public static String kind(Path file) throws IOException {
        JsonObject object = read(file, JsonObject.class);
        return object.has("kind") ? object.get("kind").getAsString() : "";
    }

    /**
     * Reads a record.
     *
     * @throws IOException if the file cannot be read or holds something else; the message names it
     */
    public static <T> T read(Path file, Class<T> type) throws IOException {
        try {
            T result = GSON.fromJson(Files.readString(file, StandardCharsets.UTF_8), type);
            if (result == null) {
                throw new IOException("empty: " + file);
            }
            return result;
        } catch (JsonParseException malformed) {
            throw new IOException("not a result of this program: " + file + ": " + malformed.getMessage(), malformed);
        }
    }
}
