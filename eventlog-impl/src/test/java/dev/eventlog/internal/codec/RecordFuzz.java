package dev.eventlog.internal.codec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Codec;
import dev.eventlog.Codec.Schema;
import dev.eventlog.fuzz.FuzzTarget;
import dev.eventlog.internal.codec.Samples.Event;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * The records codec: data or an IllegalArgumentException; and data that was decoded is encoded to bytes that give it again.
 * The first byte of an input chooses the record.
 */
public final class RecordFuzz implements FuzzTarget {

    private static final int SEEDS = 60;
    private static final int LONGEST_SEED = 1_500;

    private final Codec<Event> codec = Payloads.codec(Event.class);
    private final List<Schema> schemas = new ArrayList<>();

    @Override
    public String name() {
        return "record";
    }

    @Override
    public List<byte[]> seeds() {
        var random = new Random(7);
        var seeds = new ArrayList<byte[]>();
        while (seeds.size() < SEEDS) {
            Event event = Samples.event(random);
            byte[] payload = Payloads.encode(codec, event);
            if (payload.length < LONGEST_SEED) {
                byte[] input = new byte[payload.length + 1];
                input[0] = (byte) number(codec.schema(event));
                System.arraycopy(payload, 0, input, 1, payload.length);
                seeds.add(input);
            }
        }
        return seeds;
    }

    private static int number(Schema schema) {
        return Arrays.asList(Samples.Event.class.getPermittedSubclasses()).stream()
                .map(Class::getSimpleName)
                .toList()
                .indexOf(schema.type().substring(schema.type().lastIndexOf('.') + 1));
    }

    @Override
    public void fuzz(byte[] input) {
        if (input.length == 0) {
            return;
        }
        if (schemas.isEmpty()) {
            var random = new Random(1);
            var known = new java.util.TreeMap<Integer, Schema>();
            while (known.size() < Samples.Event.class.getPermittedSubclasses().length) {
                Schema schema = codec.schema(Samples.event(random));
                known.put(number(schema), schema);
            }
            schemas.addAll(known.values());
        }
        Schema schema = schemas.get((input[0] & 0xff) % schemas.size());
        Event event;
        try {
            event = Payloads.decode(codec, schema, Arrays.copyOfRange(input, 1, input.length));
        } catch (IllegalArgumentException refused) {
            assertThat(refused).hasMessageStartingWith("payload cannot be decoded: type=" + schema.type());
            return;
        }
        assertThat(codec.schema(event)).isEqualTo(schema);
        byte[] encoded = Payloads.encode(codec, event);
        Event again = Payloads.decode(codec, schema, encoded);
        assertThat(Payloads.encode(codec, again))
                .as("what was decoded is encoded again")
                .isEqualTo(encoded);
    }
}
