package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Codec;
import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventQuery;
import dev.eventlog.NewEvent;
import dev.eventlog.Processor;
import dev.eventlog.Producer;
import dev.eventlog.Subscription;
import dev.eventlog.internal.support.ChildJvm;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A processor in a JVM that has no memory left for its next frame of outputs: those that were appended are not appended again. */
@Timeout(120)
class ProcessMemoryTest {

    private static final int EVENTS = 4;
    /** Outputs of an event: together greater than a frame's memory that is kept for the next frame. */
    private static final int OUTPUTS = 40;

    private static final int OUTPUT_LENGTH = 32 << 10;

    @TempDir
    private Path temporary;

    @Test
    void subscriptionAppendsNothingTwice() {
        assertOnce("subscription");
    }

    @Test
    void pullConsumerAppendsNothingTwice() {
        assertOnce("pull");
    }

    private void assertOnce(String how) {
        try (ChildJvm child = ChildJvm.start(
                List.of(), List.of("-XX:MaxDirectMemorySize=24m"), Child.class, temporary.resolve("log"), how)) {
            assertThat(child.await()).as(child.output()).isZero();
            assertThat(child.out()).contains("without memory: true").contains("once: true");
        }
    }

    /** Processes, and has no direct memory from the last output of an event on until it was told of a failure. */
    static final class Child {

        private static final Codec<String> INPUTS = Codec.utf8("Input");
        private static final List<ByteBuffer> TAKEN = new ArrayList<>();
        private static boolean isTaken;

        private Child() {}

        public static void main(String[] arguments) {
            try (EventLog log = EventLog.open(Path.of(arguments[0]))) {
                Producer<String> inputs = log.producer("in", INPUTS);
                for (int i = 0; i < EVENTS; i++) {
                    inputs.append(String.valueOf(i));
                }
                Producer<byte[]> outputs = log.producer("out", new Greedy());
                if (arguments[1].equals("pull")) {
                    pull(log, outputs);
                } else {
                    subscribe(log, outputs);
                }
                List<Integer> found = log.read(EventQuery.all().types("Output"), new Greedy())
                        .map(event -> (int) event.data()[0])
                        .toList();
                var expected = new ArrayList<Integer>();
                for (int i = 0; i < EVENTS * OUTPUTS; i++) {
                    expected.add(i / OUTPUTS);
                }
                System.out.println("without memory: " + isTaken);
                System.out.println("once: " + found.equals(expected) + " " + found.size());
            }
        }

        private static Processor<String, byte[]> processor() {
            return event -> outputs(event);
        }

        private static List<NewEvent<byte[]>> outputs(Event<String> event) {
            var made = new ArrayList<NewEvent<byte[]>>();
            for (int i = 0; i < OUTPUTS; i++) {
                byte[] output = new byte[OUTPUT_LENGTH];
                output[0] = Byte.parseByte(event.data());
                output[1] = (byte) i;
                made.add(NewEvent.of(output));
            }
            return made;
        }

        private static void subscribe(EventLog log, Producer<byte[]> outputs) {
            var config = ConsumerConfig.named("processor")
                    .query(EventQuery.all().types("Input"))
                    .attempts(3, Duration.ZERO)
                    .onFailure((event, why) -> TAKEN.clear())
                    .build();
            try (Subscription subscription = log.process(config, INPUTS, processor(), outputs)) {
                System.out.println("caught up: " + subscription.awaitPosition(EVENTS - 1, Duration.ofSeconds(60)));
            }
        }

        private static void pull(EventLog log, Producer<byte[]> outputs) {
            var config = ConsumerConfig.named("processor")
                    .query(EventQuery.all().types("Input"))
                    .build();
            try (Consumer<String> consumer = log.consumer(config, INPUTS)) {
                while (consumer.position() < EVENTS) {
                    try {
                        consumer.process(processor(), outputs, EVENTS);
                    } catch (OutOfMemoryError expected) {
                        TAKEN.clear();
                    }
                }
            }
        }

        private static void takeAll() {
            isTaken = true;
            for (int length = 1 << 20; length >= 1 << 10; length >>= 5) {
                try {
                    while (true) {
                        TAKEN.add(ByteBuffer.allocateDirect(length));
                    }
                } catch (OutOfMemoryError full) {
                    // the rest in smaller pieces, down to less than a frame begins with
                }
            }
        }

        /** Takes all memory with the last output of the second event. */
        private static final class Greedy implements Codec<byte[]> {

            private final Schema schema = new Schema("Output", 1, "application/octet-stream");

            @Override
            public Schema schema(byte[] data) {
                return schema;
            }

            @Override
            public void encode(byte[] data, ByteBuffer target) {
                target.put(data);
                if (!isTaken && data[0] == 1 && data[1] == OUTPUTS - 1) {
                    takeAll();
                }
            }

            @Override
            public boolean decodes(Schema other) {
                return other.type().equals("Output");
            }

            @Override
            public byte[] decode(Schema other, ByteBuffer payload) {
                byte[] data = new byte[payload.remaining()];
                payload.get(data);
                return data;
            }
        }
    }
}
