package dev.eventlog.internal.codec;

import static dev.eventlog.internal.codec.Payloads.codec;
import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Codec;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

final class RecordAllocationTest {

    private static final int COUNT = 20_000;

    enum Side {
        BUY,
        SELL
    }

    sealed interface Event {}

    record Order(String id, long price, int quantity, Side side) implements Event {}

    record Rich(
            UUID id,
            boolean flag,
            double price,
            float f,
            Order order,
            Event event,
            List<String> names,
            Optional<String> note,
            String umlauts)
            implements Event {}

    record Numbers(long a, int b, double c, short d, byte e, char f, float g) implements Event {}

    private final Codec<Event> codec = codec(Event.class);
    private final ByteBuffer target = ByteBuffer.allocateDirect(4096);

    @Test
    void encodingAllocatesNothing() {
        var order = new Order("o-17-4711", 2_500_123, 100, Side.BUY);
        var rich = new Rich(
                UUID.randomUUID(), true, 1.5, 2.5f, order, order, List.of("a", "b"), Optional.of("x"), "größer 漢字");

        for (Event event : new Event[] {order, rich, new Numbers(1, 2, 3, (short) 4, (byte) 5, 'c', 7)}) {
            assertThat(Allocations.perRun(COUNT, () -> {
                        target.clear();
                        codec.schema(event);
                        codec.encode(event, target);
                    }))
                    .as(event.getClass().getSimpleName())
                    .isLessThan(0.1);
        }
    }

    @Test
    void decodingAllocatesTheRecordOnly() {
        var numbers = new Numbers(1 << 20, 2 << 20, 3, (short) 4_000, (byte) 5, 'c', 7);
        var schema = codec.schema(numbers);
        codec.encode(numbers, target);
        var payload = target.flip().asReadOnlyBuffer();

        // Header 12 or 16, fields 8 + 4 + 8 + 2 + 1 + 2 + 4, rounded up to 8.
        assertThat(Allocations.perRun(COUNT, () -> codec.decode(schema, payload)))
                .isBetween(40.0, 48.1);
    }

    @Test
    void askingForASchemaAllocatesNothing() {
        var one = new Codec.Schema("Order", 1, PayloadDescriptor.CONTENT_TYPE);
        var two = new Codec.Schema("Numbers", 1, PayloadDescriptor.CONTENT_TYPE);

        assertThat(Allocations.perRun(COUNT, () -> {
                    codec.decodes(one);
                    codec.decodes(two);
                }))
                .isLessThan(0.1);
    }
}
