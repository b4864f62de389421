package dev.eventlog.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the README shows is what {@link Hello} does, which {@link MainTest} runs. */
class ReadmeTest {

    private static final Path README = Path.of("..", "README.md");
    private static final Path HELLO = Path.of("src/main/java/dev/eventlog/examples/Hello.java");

    @Test
    void snippetOfTheReadmeIsTheBodyOfHello() throws IOException {
        List<String> readme = Files.readAllLines(README);
        int start = readme.indexOf("```java") + 1;
        List<String> fromStart = readme.subList(start, readme.size());
        String snippet = String.join("\n", fromStart.subList(0, fromStart.indexOf("```")));

        assertThat(snippet.lines().filter(line -> !line.isBlank())).hasSizeBetween(5, 12);
        assertThat(Files.readString(HELLO)).contains(snippet.indent(8).replaceAll("(?m)^ +$", ""));
    }

    @Test
    void outputInTheReadmeIsThatOfHello() throws IOException {
        assertThat(Files.readString(README)).contains("charge at position 0: Placed[orderId=o-17, cents=2500]");
    }
}
