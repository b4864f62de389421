package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.Seed;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * More is appended for an hour than can be consumed, in a JVM of a small heap: each event comes once and in order, and
 * memory, disk, threads and descriptors stay what they are. {@code -Deventlog.overload.seconds=} sets how long.
 */
@Tag("nightly")
class OverloadTest {

    private static final long SECONDS = Long.getLong("eventlog.overload.seconds", 3600);

    private final Seed seed = Seed.of(OverloadTest.class);

    @TempDir
    private Path temporary;

    @Test
    @Timeout(7200)
    void moreThanCanBeConsumedIsHeldBackAndNothingGrows() {
        try (ChildJvm child = ChildJvm.start(
                List.of(),
                List.of("-Xmx96m", "-XX:MaxDirectMemorySize=96m", "-XX:+ExitOnOutOfMemoryError"),
                OverloadChild.class,
                temporary.resolve("log"),
                SECONDS,
                seed.value())) {
            child.process().onExit().join();
            assertThat(child.process().exitValue())
                    .as("%s%n%s", seed, child.output())
                    .isZero();
            System.out.print(child.out());
            System.out.println(seed);
        }
    }
}
