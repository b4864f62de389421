package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.eventlog.Codec;
import dev.eventlog.Durability;
import dev.eventlog.EventLog;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.support.ChildJvm;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the JVM makes of an error of msync, put in by strace, on this JDK. */
@Timeout(120)
class InjectedErrorTest {

    @TempDir
    private Path temporary;

    /** Appends until the log stops, and prints how. */
    static final class Child {

        private Child() {}

        public static void main(String[] arguments) {
            EventLog log = Numbered.open(Path.of(arguments[0]), FileOps.system(), Durability.POWER_LOSS);
            var producer = log.producer("test", Codec.utf8());
            int acknowledged = 0;
            try {
                for (; acknowledged < 100; acknowledged++) {
                    producer.append("event");
                }
                System.out.println("ended acknowledged=" + acknowledged);
            } catch (LogFailedException failed) {
                System.out.println("ended acknowledged=" + acknowledged + " unknown=" + failed.isOutcomeUnknown()
                        + " durable=" + log.durablePosition());
            }
        }
    }

    @Test
    void errorOfMsyncStopsTheLog() {
        assumeTrue(
                ChildJvm.succeeds("strace", "-f", "-o", "/dev/null", "-e", "trace=msync", "true"),
                "strace is not installed, or may not trace here");
        Path directory = temporary.resolve("log");
        List<String> strace =
                List.of("strace", "-f", "-o", "/dev/null", "-e", "trace=msync", "-e", "inject=msync:error=EIO:when=6");
        try (var child = ChildJvm.start(strace, List.of(), Child.class, directory)) {
            assertThat(child.await()).as(child.output()).isZero();
            assertThat(child.awaitLine("ended")).isEqualTo("ended acknowledged=5 unknown=true durable=5");
        }
        try (EventLog log = Numbered.open(directory, FileOps.system(), Durability.POWER_LOSS)) {
            assertThat(log.endPosition()).isEqualTo(6);
        }
    }
}
