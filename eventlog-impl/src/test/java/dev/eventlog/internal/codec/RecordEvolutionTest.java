package dev.eventlog.internal.codec;

import static dev.eventlog.Codec.Upcast.upcast;
import static dev.eventlog.internal.codec.Payloads.codec;
import static dev.eventlog.internal.codec.Payloads.reread;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.EventType;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Each test writes with the classes as they were and reads with the classes as they are. */
final class RecordEvolutionTest {

    record Inner(String street, int number) {}

    @EventType("Order")
    record Order(String id, long cents, Inner inner, List<Integer> lines) {}

    private static final Order ORDER = new Order("o-1", 250, new Inner("High", 7), List.of(1, 2));

    @Test
    void componentsMayBeReordered() {
        @EventType("Order")
        record Reordered(List<Integer> lines, Inner inner, long cents, String id) {}

        assertThat(reread(ORDER, codec(Order.class), codec(Reordered.class)))
                .isEqualTo(new Reordered(List.of(1, 2), new Inner("High", 7), 250, "o-1"));
    }

    @Test
    void componentsMayBeRemoved() {
        @EventType("Order")
        record Less(long cents) {}

        @EventType("Order")
        record Nothing() {}

        assertThat(reread(ORDER, codec(Order.class), codec(Less.class))).isEqualTo(new Less(250));
        assertThat(reread(ORDER, codec(Order.class), codec(Nothing.class))).isEqualTo(new Nothing());
    }

    @Test
    void valuesOfEveryKindAreSkipped() {
        @EventType("Values")
        record Nothing() {}

        for (int seed = 0; seed < 200; seed++) {
            var event = Samples.event(new java.util.Random(seed));
            var writer = codec(Samples.Event.class);
            byte[] payload = Payloads.encode(writer, event);
            assertThat(Payloads.decode(
                            codec(Nothing.class), codec(Nothing.class).schema(new Nothing()), payload))
                    .isEqualTo(new Nothing());
        }
    }

    @Test
    void componentsMayBeRenamed() {
        @EventType("Order")
        record Renamed(
                @EventType.Was({"number", "id"}) String orderId,
                @EventType.Was("cents") long amount,
                Inner inner,
                List<Integer> lines) {}

        var renamed = new Renamed("o-1", 250, new Inner("High", 7), List.of(1, 2));
        assertThat(reread(ORDER, codec(Order.class), codec(Renamed.class))).isEqualTo(renamed);
        assertThat(reread(renamed, codec(Renamed.class), codec(Renamed.class))).isEqualTo(renamed);
    }

    @Test
    void componentsMayBeRenamedInsideAComponent() {
        record NewInner(@EventType.Was("street") String road, int number) {}

        @EventType("Order")
        record Renamed(String id, NewInner inner) {}

        assertThat(reread(ORDER, codec(Order.class), codec(Renamed.class)))
                .isEqualTo(new Renamed("o-1", new NewInner("High", 7)));
    }

    @Test
    void componentsMayBeAddedAsOptional() {
        @EventType("Order")
        record More(String id, Optional<String> note, long cents, Optional<List<Inner>> others) {}

        assertThat(reread(ORDER, codec(Order.class), codec(More.class)))
                .isEqualTo(new More("o-1", Optional.empty(), 250, Optional.empty()));
    }

    @Test
    void componentsMayBecomeOptional() {
        @EventType("Order")
        record Relaxed(Optional<String> id, Optional<Long> cents) {}

        assertThat(reread(ORDER, codec(Order.class), codec(Relaxed.class)))
                .isEqualTo(new Relaxed(Optional.of("o-1"), Optional.of(250L)));
    }

    @Test
    void integersAndFloatsMayBecomeWider() {
        @EventType("Number")
        record Narrow(int i, float f, char c) {}

        @EventType("Number")
        record Wide(long i, double f, int c) {}

        assertThat(reread(new Narrow(-7, 0.5f, 'x'), codec(Narrow.class), codec(Wide.class)))
                .isEqualTo(new Wide(-7, 0.5, 'x'));
    }

    @Test
    void integerThatDoesNotFitANarrowerComponentIsRefused() {
        @EventType("Order")
        record Narrow(byte cents) {}

        assertThatThrownBy(() -> reread(
                        new Order("", 128, new Inner("", 0), List.of()), codec(Order.class), codec(Narrow.class)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("component=cents")
                .hasMessageContaining("outside of -128 to 127");
    }

    @Test
    void missingComponentIsRefusedByName() {
        @EventType("Order")
        record More(String id, String note) {}

        assertThatThrownBy(() -> reread(ORDER, codec(Order.class), codec(More.class)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("type=Order version=1")
                .hasMessageContaining("record=" + More.class.getName() + " component=note")
                .hasMessageContaining("no such component")
                .hasMessageContaining("Optional")
                .hasMessageContaining("@EventType.Was")
                .hasMessageContaining("Upcast");
    }

    @Test
    void missingComponentInsideAComponentIsRefusedByName() {
        record OtherInner(String street, String city) {}

        @EventType("Order")
        record Other(OtherInner inner, String id) {}

        assertThatThrownBy(() -> reread(ORDER, codec(Order.class), codec(Other.class)))
                .hasMessageContaining("record=" + OtherInner.class.getName() + " component=city");
    }

    @Test
    void componentOfAnotherKindIsRefusedByName() {
        @EventType("Order")
        record Other(String cents) {}

        assertThatThrownBy(() -> reread(ORDER, codec(Order.class), codec(Other.class)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("record=" + Other.class.getName() + " component=cents")
                .hasMessageContaining("expected a text");
    }

    @Test
    void componentStoredUnderItsOldAndItsNewNameIsRefused() {
        @EventType("Both")
        record Both(int a, int b) {}

        @EventType("Both")
        record One(@EventType.Was("a") int b) {}

        assertThatThrownBy(() -> reread(new Both(1, 2), codec(Both.class), codec(One.class)))
                .hasMessageContaining("component=b")
                .hasMessageContaining("stored twice");
    }

    enum Color {
        RED,
        GREEN
    }

    enum LessColor {
        RED
    }

    @EventType("Paint")
    record Paint(Color color) {}

    @EventType("Paint")
    record LessPaint(LessColor color) {}

    @Test
    void enumsAreReadByNameAndAMissingConstantIsRefused() {
        assertThat(reread(new Paint(Color.RED), codec(Paint.class), codec(LessPaint.class)))
                .isEqualTo(new LessPaint(LessColor.RED));
        assertThatThrownBy(() -> reread(new Paint(Color.GREEN), codec(Paint.class), codec(LessPaint.class)))
                .hasMessageContaining("component=color")
                .hasMessageContaining("no constant of " + LessColor.class.getName());
    }

    @Test
    void typesMayBeRenamed() {
        @EventType(
                value = "Purchase",
                was = {"Buy", "Order"})
        record Purchase(String id) {}

        assertThat(reread(ORDER, codec(Order.class), codec(Purchase.class))).isEqualTo(new Purchase("o-1"));
        assertThat(codec(Purchase.class).schema(new Purchase("")).type()).isEqualTo("Purchase");
    }

    @EventType("Placed")
    record PlacedV1(String id, double euros) {}

    @EventType(value = "Placed", version = 2)
    record PlacedV2(String id, long cents) {}

    sealed interface OrderEvent {}

    @EventType(value = "Placed", version = 3)
    record Placed(String id, long cents, String currency) implements OrderEvent {}

    record Paid(String id) implements OrderEvent {}

    @Test
    void upcastsAreChained() {
        var codec = codec(
                OrderEvent.class,
                upcast(PlacedV2.class, v2 -> new Placed(v2.id(), v2.cents(), "EUR")),
                upcast(PlacedV1.class, v1 -> new PlacedV2(v1.id(), Math.round(v1.euros() * 100))));

        assertThat(reread(new PlacedV1("a", 1.5), codec(PlacedV1.class), codec)).isEqualTo(new Placed("a", 150, "EUR"));
        assertThat(reread(new PlacedV2("b", 7), codec(PlacedV2.class), codec)).isEqualTo(new Placed("b", 7, "EUR"));
        assertThat(reread(new Placed("c", 8, "USD"), codec, codec)).isEqualTo(new Placed("c", 8, "USD"));
        assertThat(reread(new Paid("d"), codec, codec)).isEqualTo(new Paid("d"));
        assertThat(codec.decodes(codec(PlacedV1.class).schema(new PlacedV1("", 0))))
                .isTrue();
    }

    @Test
    void versionWithoutUpcastIsNotDecoded() {
        var codec = codec(OrderEvent.class);
        var v1 = codec(PlacedV1.class).schema(new PlacedV1("", 0));

        assertThat(codec.decodes(v1)).isFalse();
        assertThatThrownBy(() -> Payloads.decode(codec, v1, new byte[0]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Codec.records(OrderEvent)")
                .hasMessageContaining("Placed");
    }

    record CardV1(String number) {}

    sealed interface Payment {}

    @EventType(value = "CardV1", version = 2)
    record Card(String digits, Optional<String> holder) implements Payment {}

    record Iban(String iban) implements Payment {}

    sealed interface OldPayment {}

    @EventType("CardV1")
    record OldCard(String number) implements OldPayment {}

    @EventType("Checkout")
    record OldCheckout(OldPayment payment, List<OldPayment> others) {}

    @EventType("Checkout")
    record Checkout(Payment payment, List<Payment> others) {}

    @Test
    void upcastsServeSealedComponentsToo() {
        var codec = codec(Checkout.class, upcast(CardV1.class, v1 -> new Card(v1.number(), Optional.empty())));
        var old = new OldCheckout(new OldCard("4711"), List.of(new OldCard("1"), new OldCard("2")));

        assertThat(reread(old, codec(OldCheckout.class), codec))
                .isEqualTo(new Checkout(
                        new Card("4711", Optional.empty()),
                        List.of(new Card("1", Optional.empty()), new Card("2", Optional.empty()))));
        var present = new Checkout(new Card("7", Optional.of("X")), List.of(new Iban("DE")));
        assertThat(reread(present, codec, codec)).isEqualTo(present);
    }

    @Test
    void typeThatASealedComponentDoesNotKnowIsRefused() {
        var old = new OldCheckout(new OldCard("4711"), List.of());

        assertThatThrownBy(() -> reread(old, codec(OldCheckout.class), codec(Checkout.class)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("record=" + Checkout.class.getName() + " component=payment")
                .hasMessageContaining("none of " + Payment.class.getName());
    }

    sealed interface Vehicle {}

    @EventType(value = "Auto", was = "Car")
    record Auto(int wheels) implements Vehicle {}

    @EventType("Trip")
    record Trip(Vehicle vehicle) {}

    sealed interface OldVehicle {}

    record Car(int wheels) implements OldVehicle {}

    @EventType("Trip")
    record OldTrip(OldVehicle vehicle) {}

    @Test
    void typesMayBeRenamedInsideAComponent() {
        assertThat(reread(new OldTrip(new Car(4)), codec(OldTrip.class), codec(Trip.class)))
                .isEqualTo(new Trip(new Auto(4)));
    }

    @Test
    void upcastsThatGoInACircleAreFound() {
        record A(int x) {}
        record B(int x) {}
        record Root(int x) {}
        var codec = codec(Root.class, upcast(A.class, a -> new B(a.x())), upcast(B.class, b -> new A(b.x())));

        assertThatThrownBy(() -> reread(new A(1), codec(A.class), codec)).hasMessageContaining("circle");
    }

    @Test
    void upcastsThatEndInSomethingElseAreFound() {
        record A(int x) {}
        record Root(int x) {}
        var toText = codec(Root.class, upcast(A.class, a -> "text"));
        var toNull = codec(Root.class, upcast(A.class, a -> null));
        var failing = codec(Root.class, upcast(A.class, a -> {
            throw new IllegalStateException("cannot");
        }));

        assertThatThrownBy(() -> reread(new A(1), codec(A.class), toText))
                .hasMessageContaining("from=" + A.class.getName())
                .hasMessageContaining("to=java.lang.String")
                .hasMessageContaining("expected=" + Root.class.getName());
        assertThatThrownBy(() -> reread(new A(1), codec(A.class), toNull)).hasMessageContaining("gave null");
        assertThatThrownBy(() -> reread(new A(1), codec(A.class), failing))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("upcast from " + A.class.getName() + " failed")
                .hasRootCauseInstanceOf(IllegalStateException.class);
    }

    @Test
    void constructorThatRefusesIsNamed() {
        @EventType("Order")
        record Positive(long cents) {
            Positive {
                if (cents > 100) {
                    throw new IllegalStateException("too dear");
                }
            }
        }

        assertThatThrownBy(() -> reread(ORDER, codec(Order.class), codec(Positive.class)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("record=" + Positive.class.getName() + " offset=")
                .hasMessageContaining("constructor of " + Positive.class.getName())
                .hasRootCauseMessage("too dear");
    }

    @Test
    void mapsMayGetRicherValues() {
        record Value1(int a) {}
        record Value2(int a, Optional<Integer> b) {}

        @EventType("M")
        record Map1(Map<String, Value1> map) {}

        @EventType("M")
        record Map2(Map<String, Value2> map) {}

        assertThat(reread(new Map1(Map.of("k", new Value1(3))), codec(Map1.class), codec(Map2.class)))
                .isEqualTo(new Map2(Map.of("k", new Value2(3, Optional.empty()))));
    }
}
