package dev.eventlog.internal.codec;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;

/** Records with every type that a component may have, and data for them from a seed. */
@SuppressWarnings("UnicodeInCode") // as in code that the codec meets
final class Samples {

    enum Side {
        BUY,
        SELL {
            @Override
            int sign() {
                return -1;
            }
        },
        ÜBERTRAG;

        int sign() {
            return 1;
        }
    }

    sealed interface Event permits Primitives, Boxes, Values, Blob, Nested, Tree, Nothing {}

    record Primitives(boolean flag, byte b, short s, char c, int i, long l, float f, double d) implements Event {}

    record Boxes(Boolean flag, Byte b, Short s, Character c, Integer i, Long l, Float f, Double d) implements Event {}

    record Values(
            String text,
            Side side,
            Instant at,
            LocalDate day,
            Duration lasted,
            BigDecimal price,
            BigInteger big,
            UUID id,
            Optional<String> note)
            implements Event {}

    record Blob(byte[] bytes) implements Event {
        @Override
        public boolean equals(Object other) {
            return other instanceof Blob blob && Arrays.equals(bytes, blob.bytes);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(bytes);
        }
    }

    sealed interface Shape {}

    record Circle(double radius) implements Shape {}

    sealed interface Polygon extends Shape {}

    record Square(long side, Optional<Shape> inside) implements Polygon {}

    record Point(int x, int y) {}

    record Nested(
            Point point,
            Shape shape,
            List<Point> points,
            Set<Side> sides,
            Map<String, List<Optional<Shape>>> byName,
            Map<Side, Point> bySide,
            Map<Integer, Long> byInt,
            Map<Long, String> byLong,
            Map<UUID, Set<String>> byId)
            implements Event {}

    record Tree(String name, List<Tree> children) implements Event {}

    record Nothing() implements Event {}

    private Samples() {}

    static Event event(Random random) {
        return switch (random.nextInt(7)) {
            case 0 ->
                new Primitives(
                        random.nextBoolean(),
                        (byte) integer(random),
                        (short) integer(random),
                        (char) integer(random),
                        (int) integer(random),
                        integer(random),
                        Float.intBitsToFloat((int) integer(random)),
                        Double.longBitsToDouble(integer(random)));
            case 1 ->
                new Boxes(
                        random.nextBoolean(),
                        (byte) integer(random),
                        (short) integer(random),
                        (char) integer(random),
                        (int) integer(random),
                        integer(random),
                        Float.intBitsToFloat((int) integer(random)),
                        Double.longBitsToDouble(integer(random)));
            case 2 -> values(random);
            case 3 -> {
                var bytes = new byte[random.nextInt(400)];
                random.nextBytes(bytes);
                yield new Blob(bytes);
            }
            case 4 -> nested(random);
            case 5 -> tree(random, 0);
            default -> new Nothing();
        };
    }

    private static Values values(Random random) {
        return new Values(
                text(random),
                side(random),
                Instant.ofEpochSecond(random.nextInt(), random.nextInt(1_000_000_000)),
                LocalDate.ofEpochDay(random.nextInt(1_000_000) - 500_000),
                Duration.ofSeconds(random.nextInt(), random.nextInt(1_000_000_000)),
                new BigDecimal(new BigInteger(random.nextInt(200), random), random.nextInt(40) - 20),
                new BigInteger(random.nextInt(2000), random).negate(),
                new UUID(random.nextLong(), random.nextLong()),
                random.nextBoolean() ? Optional.empty() : Optional.of(text(random)));
    }

    private static Nested nested(Random random) {
        var points = new ArrayList<Point>();
        var byName = new LinkedHashMap<String, List<Optional<Shape>>>();
        var byInt = new LinkedHashMap<Integer, Long>();
        var byLong = new LinkedHashMap<Long, String>();
        var byId = new LinkedHashMap<UUID, Set<String>>();
        for (int i = random.nextInt(5); i > 0; i--) {
            points.add(point(random));
            byName.put(text(random), List.of(Optional.empty(), Optional.of(shape(random, 0)), Optional.empty()));
            byInt.put(random.nextInt(), integer(random));
            byLong.put(integer(random), text(random));
            byId.put(new UUID(random.nextLong(), i), new LinkedHashSet<>(List.of(text(random) + 1, text(random) + 2)));
        }
        return new Nested(
                point(random),
                shape(random, 0),
                points,
                random.nextBoolean() ? Set.of() : Set.of(Side.values()),
                byName,
                random.nextBoolean() ? Map.of() : Map.of(side(random), point(random)),
                byInt,
                byLong,
                byId);
    }

    private static Tree tree(Random random, int depth) {
        var children = new ArrayList<Tree>();
        for (int i = depth > 4 ? 0 : random.nextInt(4); i > 0; i--) {
            children.add(tree(random, depth + 1));
        }
        return new Tree(text(random), children);
    }

    private static Shape shape(Random random, int depth) {
        return random.nextBoolean()
                ? new Circle(random.nextGaussian())
                : new Square(integer(random), depth > 5 ? Optional.empty() : Optional.of(shape(random, depth + 1)));
    }

    private static Point point(Random random) {
        return new Point((int) integer(random), (int) integer(random));
    }

    private static Side side(Random random) {
        return Side.values()[random.nextInt(Side.values().length)];
    }

    /** All magnitudes alike, so that every width of integer is met. */
    static long integer(Random random) {
        return random.nextLong() >> random.nextInt(64);
    }

    static String text(Random random) {
        int kind = random.nextInt(4);
        var text = new StringBuilder();
        for (int i = random.nextInt(random.nextInt(8) == 0 ? 400 : 40); i > 0; i--) {
            text.append((char) random.nextInt(kind == 0 ? 0x10000 : kind == 1 ? 0x800 : 0x80));
        }
        return text.toString();
    }
}
