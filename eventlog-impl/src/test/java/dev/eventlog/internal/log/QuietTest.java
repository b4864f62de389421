package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.eventlog.Codec;
import dev.eventlog.Durability;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.tools.LogTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process that opens, writes, reads, rolls, verifies and copies a log, watched by the system: it uses no network, and opens
 * no file for writing but those of the log and what the JVM itself always has.
 */
@Timeout(180)
class QuietTest {

    private static final Pattern OPENED =
            Pattern.compile("(?:openat|open|creat)\\((?:AT_FDCWD, )?\"([^\"]*)\", ([A-Z_|0-9a-z]*)");

    @TempDir
    private Path temporary;

    /** Uses a log in all ways that touch files. */
    static final class User {
        public static void main(String[] arguments) {
            Path directory = Path.of(arguments[0]);
            for (Durability durability : Durability.values()) {
                var config = EventLogConfig.at(directory)
                        .segmentLengthBytes(1 << 20)
                        .maxEventLengthBytes(128 << 10)
                        .durability(durability)
                        .retainBytes(64 << 20)
                        .build();
                try (EventLog log = EventLog.open(config);
                        var consumer = log.consumer("billing", Codec.utf8())) {
                    var producer = log.producer("source", Codec.utf8("Note"));
                    for (int i = 0; i < 30; i++) {
                        producer.append("key", "x".repeat(50_000));
                    }
                    log.force();
                    consumer.poll(Duration.ofSeconds(1));
                    consumer.commit();
                    LogTools.at(directory).verify(true);
                }
            }
            LogTools.at(directory).copy(Path.of(arguments[1]));
            System.out.println("done");
        }
    }

    @Test
    void noNetworkIsUsedAndNoFileOutsideIsWritten() throws IOException {
        assumeTrue(ChildJvm.succeeds("strace", "-V"), "needs strace");
        Path trace = temporary.resolve("trace");
        Path log = temporary.resolve("inside/log");
        Path copy = temporary.resolve("inside/copy");
        Files.createDirectory(temporary.resolve("inside"));
        List<String> strace = List.of(
                "strace", "-f", "-qq", "-s", "4096", "-e", "trace=network,openat,open,creat", "-o", trace.toString());
        // a terminated child would be waited for by its tracer
        try (var child = ChildJvm.start(strace, List.of("-XX:-UsePerfData"), User.class, log, copy)) {
            int exit = child.await();
            assumeTrue(exit == 0 || !child.output().contains("ptrace"), "tracing is not allowed here");
            assertThat(exit).as(child.output()).isZero();
            assertThat(child.out()).contains("done");
        }
        List<String> lines = Files.readAllLines(trace);
        assertThat(lines).anyMatch(line -> line.contains(log.resolve("manifest").toString()));
        Path inside = temporary.resolve("inside").toRealPath();
        for (String line : lines) {
            // the JDK itself asks once whether there is a network, with a socket that it closes again
            assertThat(line).doesNotContainPattern("\\b(connect|sendto|sendmsg|sendmmsg|bind)\\(.*AF_INET");
            // nobody looks a name up either
            assertThat(line).doesNotContainPattern("/etc/(hosts|resolv\\.conf)");
            Matcher opened = OPENED.matcher(line);
            if (opened.find() && opened.group(2).matches(".*(O_WRONLY|O_RDWR|O_CREAT).*")) {
                assertThat(opened.group(1))
                        .as(line)
                        .satisfiesAnyOf(
                                path -> assertThat(path).startsWith(inside.toString()),
                                path -> assertThat(path).startsWith("/proc/self/"),
                                path -> assertThat(path).startsWith("/dev/"));
            }
        }
    }
}
