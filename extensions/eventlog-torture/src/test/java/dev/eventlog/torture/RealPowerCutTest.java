package dev.eventlog.torture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real file system that loses its power: ext4 in an image file, which is copied while the writer is stopped. What the
 * kernel had not written to the device by then is not in the copy, as if the machine had died. Needs root.
 */
@Tag("nightly")
class RealPowerCutTest {

    private static final int ROUNDS = Integer.getInteger("rounds", 6);
    private static final String[] COMMITS = {"5", "1", "1000"};

    private final Run run = Run.of(RealPowerCutTest.class, 0, 0);
    private final SplittableRandom random = run.random();
    private final List<Path> mounted = new ArrayList<>();

    @TempDir
    private Path temporary;

    @BeforeEach
    void needsRootAndLoopDevices() throws IOException {
        Path probe = temporary.resolve("probe");
        Path at = Files.createDirectories(temporary.resolve("probe-mounted"));
        boolean works = "root".equals(System.getProperty("user.name"))
                && succeeds("truncate", "-s", "16M", probe.toString())
                && succeeds("mkfs.ext4", "-q", "-F", probe.toString())
                && succeeds("mount", "-o", "loop", probe.toString(), at.toString())
                && succeeds("umount", at.toString());
        assumeTrue(works, "needs root, mkfs.ext4 and loop devices");
    }

    @AfterEach
    void unmount() {
        for (Path each : mounted) {
            succeeds("umount", each.toString());
        }
    }

    @Test
    void whatWasForcedSurvivesThePowerCutOfARealFileSystem() throws IOException {
        for (int round = 0; round < ROUNDS; round++) {
            cut(round);
        }
        System.out.printf("real power cuts: %d rounds, nothing durable lost, seed %d%n", ROUNDS, run.seed());
    }

    private void cut(int round) throws IOException {
        Path device = temporary.resolve("device-" + round);
        Path copy = temporary.resolve("copy-" + round);
        require("truncate", "-s", "512M", device.toString());
        require("mkfs.ext4", "-q", "-F", device.toString());
        Path at = mount(device, "loop,commit=" + COMMITS[round % COMMITS.length]);
        Path ledger = temporary.resolve("ledger-" + round);
        long seed = random.nextLong();
        Path output = temporary.resolve("output-" + round);
        Process writer = start(at.resolve("log"), ledger, output, seed);
        long durable;
        try {
            long least = 1 + random.nextInt(4000);
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (!Files.exists(ledger) || DurableChild.durable(ledger) < least) {
                assertThat(writer.isAlive() && System.nanoTime() < deadline)
                        .as(Files.readString(output))
                        .isTrue();
                LockSupport.parkNanos(200_000);
            }
            require("kill", "-STOP", String.valueOf(writer.pid()));
            durable = DurableChild.durable(ledger);
            require("cp", "--sparse=always", device.toString(), copy.toString());
        } finally {
            writer.destroyForcibly().onExit().join();
        }
        unmount(at);
        Path after = mount(copy, "loop");
        Process verifier = start(after.resolve("log"), ledger, output, seed, durable);
        verifier.onExit().join();
        unmount(after);
        assertThat(verifier.exitValue())
                .as("%s%n%s", run, Files.readString(output))
                .isZero();
        System.out.print("round " + round + ": " + Files.readString(output));
        Files.delete(device);
        Files.delete(copy);
    }

    private Process start(Path log, Path ledger, Path output, Object... further) throws IOException {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                DurableChild.class.getName(),
                log.toString(),
                ledger.toString()));
        for (Object each : further) {
            command.add(each.toString());
        }
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
    }

    private Path mount(Path image, String options) throws IOException {
        Path at = Files.createDirectories(temporary.resolve("mounted-" + image.getFileName()));
        require("mount", "-o", options, image.toString(), at.toString());
        mounted.add(at);
        return at;
    }

    private void unmount(Path at) {
        require("umount", at.toString());
        mounted.remove(at);
    }

    private static void require(String... command) {
        assertThat(succeeds(command)).as(String.join(" ", command)).isTrue();
    }

    private static boolean succeeds(String... command) {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            boolean well = process.waitFor() == 0;
            if (!well) {
                System.err.println(String.join(" ", command) + ": " + output);
            }
            return well;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
