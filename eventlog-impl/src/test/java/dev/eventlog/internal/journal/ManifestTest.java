package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.HookedFileOps;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManifestTest {

    private static final UUID LOG = new UUID(1, 2);
    private static final int SEGMENTS = 5;

    private final HookedFileOps files = HookedFileOps.quick();

    @TempDir
    private Path directory;

    private Path file() {
        return directory.resolve("manifest");
    }

    private Manifest write() throws IOException {
        Manifest manifest = Manifest.create(file(), LOG, files);
        manifest.rewrite();
        manifest.addEpoch(new Manifest.Epoch(1, 0, 99, new UUID(5, 6)));
        for (int i = 0; i < SEGMENTS; i++) {
            manifest.dictionary().addSchema(i + 1, new Codec.Schema("type-" + i, i + 1, "a/b"));
            manifest.dictionary().addSource(i + 1, "source-" + i);
            var segment = new Segment(i + 1, 1, i * 10L);
            segment.seal(new Segment.SegmentEnd(i * 10L + 10, 5000 + i, i, i + 1, 77 + i));
            manifest.addSegment(segment);
        }
        manifest.force();
        manifest.close();
        return manifest;
    }

    private Manifest read() throws IOException {
        return Manifest.read(file(), LOG, files);
    }

    @Test
    void whatWasAddedIsRead() throws IOException {
        Manifest written = write();
        for (int round = 0; round < 2; round++) {
            Manifest read = read();
            assertThat(read.isDamaged()).isFalse();
            assertThat(read.epochs()).isEqualTo(written.epochs());
            assertThat(read.dictionary().schemas())
                    .isEqualTo(written.dictionary().schemas());
            assertThat(read.dictionary().sources())
                    .isEqualTo(written.dictionary().sources());
            assertThat(read.segments().stream().map(Segment::toString))
                    .isEqualTo(
                            written.segments().stream().map(Segment::toString).toList());
            assertThat(read.segments().get(2).endOffset()).isEqualTo(5002);
            assertThat(read.segments().get(2).lastCrc()).isEqualTo(79);
            read.rewrite();
        }
    }

    @Test
    void fileCutAnywhereGivesThePartBeforeTheCut() throws IOException {
        write();
        byte[] bytes = Files.readAllBytes(file());
        int segments = 0;
        for (int length = 32; length <= bytes.length; length++) {
            Files.write(file(), Arrays.copyOf(bytes, length));
            Manifest read = read();
            assertThat(read.segments().size()).isBetween(segments, segments + 1);
            segments = read.segments().size();
            for (int i = 0; i < segments; i++) {
                assertThat(read.segments().get(i).number()).isEqualTo(i + 1);
                assertThat(read.segments().get(i).basePosition()).isEqualTo(i * 10L);
            }
        }
        assertThat(segments).isEqualTo(SEGMENTS);
        for (int length = 0; length < 32; length++) {
            Files.write(file(), Arrays.copyOf(bytes, length));
            assertThat(read()).isNull();
        }
    }

    @Test
    void prunedSegmentsAreGoneAndSoAreTheirRecordsOnceTheFileIsMadeAnew() throws IOException {
        write();
        Manifest pruning = read();
        pruning.addPruned(new Manifest.Pruned(3, 30, 2));
        pruning.force();
        pruning.close();
        for (int round = 0; round < 2; round++) {
            Manifest read = read();
            assertThat(read.isDamaged()).isFalse();
            assertThat(read.pruned()).isEqualTo(new Manifest.Pruned(3, 30, 2));
            assertThat(read.lastPruned()).isEqualTo(3);
            assertThat(read.segments().stream().map(Segment::number)).isEqualTo(List.of(4L, 5L));
            assertThat(read.dictionary().schemas()).hasSize(SEGMENTS);
            long length = Files.size(file());
            read.rewrite();
            assertThat(Files.size(file())).isEqualTo(round == 0 ? length - 3 * 72 : length);
        }
        Manifest all = read();
        all.addPruned(new Manifest.Pruned(5, 50, 9));
        all.close();
        assertThat(read().segments()).isEmpty();
        assertThat(read().pruned()).isEqualTo(new Manifest.Pruned(5, 50, 9));
    }

    @Test
    void fileIsMadeAnewOnlyOnceHalfOfItIsVoid() throws IOException {
        Manifest manifest = Manifest.create(file(), LOG, files);
        manifest.rewrite();
        manifest.addEpoch(new Manifest.Epoch(1, 0, 99, new UUID(5, 6)));
        long longest = 0;
        int made = 0;
        for (int i = 1; i < 1_000; i++) {
            var segment = new Segment(i, 1, i * 10L - 10);
            segment.seal(new Segment.SegmentEnd(i * 10L, 5000, i, i, i));
            manifest.addSegment(segment);
            manifest.addPruned(new Manifest.Pruned(i, i * 10L, i));
            long before = Files.size(file());
            manifest.compact();
            longest = Math.max(longest, before);
            made += Files.size(file()) < before ? 1 : 0;
            if (i % 100 == 0) {
                assertThat(read().pruned()).isEqualTo(manifest.pruned());
                assertThat(read().isDamaged()).isFalse();
            }
        }
        manifest.close();
        assertThat(longest).isLessThan(5_000);
        assertThat(made).isBetween(10, 50);
    }

    @Test
    void failedAttemptToRecordIsWrittenOver() throws IOException {
        write();
        var full = new AtomicBoolean(true);
        var failing = new HookedFileOps((op, path) -> {
            if (op == HookedFileOps.Op.WRITE && full.get()) {
                throw new IOException("No space left on device");
            }
        });
        Manifest manifest = Manifest.read(file(), LOG, failing.withoutForce());
        assertThatThrownBy(() -> manifest.addPruned(new Manifest.Pruned(3, 30, 2)))
                .hasMessageContaining("No space");
        assertThat(manifest.pruned()).isNull();
        assertThat(manifest.segments()).hasSize(SEGMENTS);
        full.set(false);
        manifest.addPruned(new Manifest.Pruned(2, 20, 2));
        manifest.close();
        assertThat(read().pruned()).isEqualTo(new Manifest.Pruned(2, 20, 2));
        assertThat(read().isDamaged()).isFalse();
    }

    @Test
    void manifestThatFindsNoDescriptorToBeMadeAnewIsAsItWas() throws IOException {
        write();
        for (HookedFileOps.Op missing : List.of(HookedFileOps.Op.OPEN_DIRECTORY, HookedFileOps.Op.CREATE)) {
            var none = new AtomicBoolean(true);
            var failing = new HookedFileOps((op, path) -> {
                if (op == missing && none.get()) {
                    throw new FileOps.NoDescriptorException(path, null);
                }
            });
            Manifest manifest = Manifest.read(file(), LOG, failing.withoutForce());
            manifest.addPruned(new Manifest.Pruned(1, 10, 2));
            byte[] before = Files.readAllBytes(file());
            assertThatThrownBy(manifest::rewrite).isInstanceOf(FileOps.NoDescriptorException.class);
            assertThat(Files.readAllBytes(file())).as("%s", missing).isEqualTo(before);
            none.set(false);
            manifest.addPruned(new Manifest.Pruned(2, 20, 2));
            manifest.close();
            assertThat(read().pruned()).as("%s", missing).isEqualTo(new Manifest.Pruned(2, 20, 2));
            assertThat(read().isDamaged()).as("%s", missing).isFalse();
        }
    }

    @Test
    void nothingFromADamagedRecordOnIsBelieved() throws IOException {
        write();
        byte[] bytes = Files.readAllBytes(file());
        for (int at = 32; at < bytes.length; at++) {
            byte[] damaged = bytes.clone();
            damaged[at] ^= 0x20;
            Files.write(file(), damaged);
            Manifest read = read();
            assertThat(read.isDamaged()).as("byte %d", at).isTrue();
            assertThat(read.segments().size()).isLessThan(SEGMENTS);
            for (int i = 0; i < read.segments().size(); i++) {
                assertThat(read.segments().get(i).endOffset()).isEqualTo(5000 + i);
            }
        }
    }
}
