package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.error.LogClosedException;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import java.nio.ByteBuffer;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Who may append a consumer's outputs. */
class ClaimsTest {

    private static final UUID LOG = new UUID(7, 8);
    private static final Codec<ByteBuffer> CODEC = Codec.bytes("test");

    private final Journal journal = Journals.on(new MemorySegmentStore(Journals.SMALL));

    private long append(Journal.Claim claim, String consumer, long checkpoint) {
        FrameBuilder frame = journal.newFrame();
        frame.begin(FrameDescriptor.KIND_DATA);
        claim.begin(frame);
        frame.add(
                CODEC,
                ByteBuffer.allocate(8),
                null,
                journal.schemaNumber(CODEC.schema(ByteBuffer.allocate(8))),
                journal.sourceNumber("out"));
        return claim.append(frame, new ReadJournal.Progress(LOG, consumer, checkpoint, 1, 1), false);
    }

    @Test
    void nextClaimIsToldWhatTheLastOneReached() {
        Journal.Claim first = journal.claim(LOG, "c");
        assertThat(first.told()).isNull();
        append(first, "c", 5);
        append(first, "c", 9);
        Journal.Claim second = journal.claim(LOG, "c");
        assertThat(second.told()).isEqualTo(new ReadJournal.Progress(LOG, "c", 9, 1, 1));
        assertThat(second.endPosition()).isEqualTo(2);
        assertThat(journal.claim(LOG, "d").told()).isNull();
        assertThat(journal.claim(new UUID(1, 1), "c").told()).isNull();
    }

    @Test
    void whoWasDisplacedAppendsNothing() {
        Journal.Claim first = journal.claim(LOG, "c");
        Journal.Claim second = journal.claim(LOG, "c");
        assertThatThrownBy(() -> append(first, "c", 5))
                .isInstanceOf(LogClosedException.class)
                .hasMessageContaining("consumer=c");
        assertThat(journal.endPosition()).isZero();
        first.end();
        assertThat(append(second, "c", 5)).isZero();
        second.end();
        second.end();
        assertThatThrownBy(() -> append(second, "c", 6)).isInstanceOf(LogClosedException.class);
        assertThat(journal.endPosition()).isEqualTo(1);
        assertThat(journal.claim(LOG, "c").told()).isEqualTo(new ReadJournal.Progress(LOG, "c", 5, 1, 1));
    }

    @Test
    void moreConsumersThanASegmentCanRepeatAreRefused() {
        for (int i = 0; i < ProgressTable.MAX_ENTRIES; i++) {
            append(journal.claim(LOG, "c" + i), "c" + i, i);
        }
        assertThatIllegalStateException()
                .isThrownBy(() -> journal.claim(LOG, "another"))
                .withMessageContaining("another");
        assertThat(journal.claim(LOG, "c7").told()).isNotNull();
    }
}
