package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Codec;
import dev.eventlog.error.CorruptLogException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.file.IoThread;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.support.ChildJvm;
import dev.eventlog.internal.support.Clock;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Java 17 throws the error of a page fault in compiled code at the thread's next step into the JVM, so amid whatever the
 * reader does by then. In a JVM that makes that step for each allocation the error comes wherever it can.
 */
class LateFaultTest {

    @TempDir
    private Path directory;

    @Test
    @Timeout(120)
    void eventsThatAreReadAfterALateFaultAreRight() {
        try (ChildJvm child = ChildJvm.start(List.of(), List.of("-XX:-UseTLAB"), Reading.class, directory)) {
            assertThat(child.await()).as(child.output()).isZero();
        }
    }

    /**
     * Reads up to a frame that is longer than the reader's array, in a file that is cut amid that frame, then seeks back: the
     * fault comes when the reader has a new array and has not yet made its view of it.
     */
    static final class Reading {

        private static final Codec<ByteBuffer> CODEC = Codec.bytes("test");
        private static final int[] LENGTHS = {7_000, 5_000, 4_000, 6_000, 100_000};
        private static final int LARGE = LENGTHS.length - 1;
        private static final int PAGE = 4096;

        private final Journal journal;

        private Reading(Journal journal) {
            this.journal = journal;
        }

        public static void main(String[] arguments) throws IOException {
            IoThread io = new IoThread("test", null);
            try (Journal journal = Journals.at(Path.of(arguments[0]), FileOps.system(), Clock.system(), io)) {
                new Reading(journal).run();
            } finally {
                io.close();
            }
        }

        private void run() throws IOException {
            for (int position = 0; position < LENGTHS.length; position++) {
                append(position);
            }
            while (journal.segments().all().length < 2) {
                Journals.append(journal, 5_000);
            }
            journal.force();
            // so often that it is compiled
            for (int i = 0; i < 5_000; i++) {
                readTo(LARGE).leave();
            }
            // keeps the mapping of the whole file
            JournalReader keeping = readTo(1);
            Segment segment = journal.segments().all()[0];
            cut(journal.segments().file(segment));
            for (int i = 0; i < 20; i++) {
                JournalReader reader = readTo(LARGE);
                try {
                    reader.next();
                    throw new AssertionError("read what is not there");
                } catch (CorruptLogException expected) {
                    reader.seek(1);
                    requireNext(reader, 1);
                }
                reader.leave();
            }
            keeping.leave();
        }

        private void append(int position) {
            ByteBuffer payload = payload(position);
            FrameBuilder frame = journal.newFrame();
            frame.begin(FrameDescriptor.KIND_DATA);
            frame.add(CODEC, payload, null, journal.schemaNumber(CODEC.schema(payload)), journal.sourceNumber("test"));
            frame.finish();
            journal.append(frame, false);
        }

        private static ByteBuffer payload(int position) {
            ByteBuffer payload = ByteBuffer.allocate(LENGTHS[position]);
            java.util.Arrays.fill(payload.array(), (byte) (1 + position));
            return payload;
        }

        private static void cut(Path file) throws IOException {
            while (!file.toFile().exists()) {
                // the I/O thread moves it
                Thread.onSpinWait();
            }
            int before = 0;
            for (int position = 0; position < LARGE; position++) {
                before += LENGTHS[position];
            }
            try (var open = new RandomAccessFile(file.toFile(), "rw")) {
                open.setLength((before + LENGTHS[LARGE] / 2) & -PAGE);
            }
        }

        private JournalReader readTo(int end) {
            JournalReader reader = journal.newReader();
            for (int position = 0; position < end; position++) {
                requireNext(reader, position);
            }
            return reader;
        }

        private static void requireNext(JournalReader reader, int position) {
            if (!reader.next()
                    || reader.event().position() != position
                    || !reader.event().payload().equals(payload(position))) {
                throw new AssertionError("wrong event at " + position);
            }
        }
    }
}
