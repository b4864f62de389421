package dev.eventlog.internal.codec;

import static dev.eventlog.Codec.Upcast.upcast;
import static dev.eventlog.internal.codec.Payloads.codec;
import static dev.eventlog.internal.codec.Payloads.encode;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.Codec.Upcast;
import dev.eventlog.EventType;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import javax.tools.ToolProvider;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@SuppressWarnings("UnicodeInCode") // as in code that the codec meets
final class RecordRefusalTest {

    static final class Orders {
        record Created(String order) implements Both {}
    }

    static final class Payments {
        record Created(String payment) implements Both {}
    }

    sealed interface Both permits Orders.Created, Payments.Created {}

    @Test
    void twoRecordsWithOneStoredNameAreRefused() {
        refused(Both.class)
                .hasMessageContaining("two records have one stored name and version: name=Created version=1")
                .hasMessageContaining(Orders.Created.class.getName())
                .hasMessageContaining(Payments.Created.class.getName())
                .hasMessageContaining("@EventType");
    }

    record HoldsBoth(Both both) {}

    @Test
    void twoRecordsWithOneStoredNameAreRefusedInsideAComponent() {
        refused(HoldsBoth.class).hasMessageContaining("two records have one stored name");
    }

    sealed interface Renamed {}

    record New(int x) implements Renamed {}

    @EventType(was = "New")
    record Newer(int x) implements Renamed {}

    @Test
    void formerNameThatIsAnothersNameIsRefused() {
        refused(Renamed.class)
                .hasMessageContaining("name=New version=1")
                .hasMessageContaining(New.class.getName())
                .hasMessageContaining(Newer.class.getName());
    }

    record Current(int x) {}

    @EventType("Current")
    record Former(int x) {}

    @Test
    void upcastFromWhatIsStoredLikeTheRootIsRefused() {
        refused(Current.class, upcast(Former.class, old -> new Current(old.x())))
                .hasMessageContaining("name=Current version=1")
                .hasMessageContaining(Current.class.getName())
                .hasMessageContaining(Former.class.getName());
    }

    @Test
    void twoUpcastsFromOneRecordAreRefused() {
        @EventType("Older")
        record Older(int x) {}

        refused(Current.class, upcast(Older.class, o -> new Current(1)), upcast(Older.class, o -> new Current(2)))
                .hasMessageContaining("two upcasts")
                .hasMessageContaining(Older.class.getName());
    }

    @Test
    void upcastFromAClassThatIsNoRecordIsRefused() {
        refused(Current.class, upcast(String.class, text -> new Current(1)))
                .hasMessageContaining("no record")
                .hasMessageContaining("java.lang.String");
    }

    interface Open {}

    abstract static sealed class Abstract permits Leaf {}

    static final class Leaf extends Abstract {}

    @Test
    void rootThatIsNeitherRecordNorSealedInterfaceIsRefused() {
        refused(Open.class).hasMessageContaining("root").hasMessageContaining(Open.class.getName());
        refused(Abstract.class).hasMessageContaining("root").hasMessageContaining(Abstract.class.getName());
        refused(String.class).hasMessageContaining("root").hasMessageContaining("java.lang.String");
        refused(int.class).hasMessageContaining("root");
    }

    sealed interface Leaky {}

    record Tight(int x) implements Leaky {}

    non-sealed interface Hole extends Leaky {}

    sealed interface WithEnum {}

    enum Constant implements WithEnum {
        ONE
    }

    @Test
    void sealedInterfaceThatPermitsMoreThanRecordsIsRefused() {
        refused(Leaky.class).hasMessageContaining(Leaky.class.getName()).hasMessageContaining(Hole.class.getName());
        refused(WithEnum.class)
                .hasMessageContaining(WithEnum.class.getName())
                .hasMessageContaining(Constant.class.getName());
    }

    record Generic<T>(T value) {}

    record HoldsGeneric(Generic<String> generic) {}

    @Test
    void genericRecordsAreRefused() {
        refused(Generic.class).hasMessageContaining("generic").hasMessageContaining(Generic.class.getName());
        refused(HoldsGeneric.class)
                .hasMessageContaining("record=" + HoldsGeneric.class.getName() + " component=generic")
                .hasMessageContaining("Generic<java.lang.String>");
    }

    @Test
    @SuppressWarnings("rawtypes")
    void componentsOfOtherTypesAreRefusedByName() {
        record HasDate(Date when) {}
        record HasObject(Object what) {}
        record HasInterface(Open open) {}
        record HasArray(int[] numbers) {}
        record HasRawList(List list) {}
        record HasRawOptional(Optional optional) {}
        record HasCollection(Collection<String> names) {}
        record HasArrayList(ArrayList<String> names) {}
        record HasOptionalTwice(Optional<Optional<String>> twice) {}
        record HasDateInside(List<Map<String, Optional<Date>>> dates) {}
        record HasOtherKey(Map<Double, String> map) {}
        record HasRecordKey(Map<Current, String> map) {}
        record HasLower(List<? super String> list) {}
        record HasAny(Set<?> any) {}

        unsupported(HasDate.class, "when", "java.util.Date");
        unsupported(HasObject.class, "what", "java.lang.Object");
        unsupported(HasInterface.class, "open", Open.class.getName());
        unsupported(HasArray.class, "numbers", "int[]");
        unsupported(HasRawList.class, "list", "java.util.List");
        unsupported(HasRawOptional.class, "optional", "java.util.Optional");
        unsupported(HasCollection.class, "names", "java.util.Collection<java.lang.String>");
        unsupported(HasArrayList.class, "names", "java.util.ArrayList<java.lang.String>");
        unsupported(HasOptionalTwice.class, "twice", "java.util.Optional<java.util.Optional<java.lang.String>>");
        unsupported(HasDateInside.class, "dates", "java.util.Date");
        unsupported(HasOtherKey.class, "map", "java.lang.Double");
        unsupported(HasRecordKey.class, "map", Current.class.getName());
        unsupported(HasLower.class, "list", "? super java.lang.String");
        unsupported(HasAny.class, "any", "java.lang.Object");
    }

    @Test
    void unsupportedTypeFarInsideIsRefusedWhereItStands() {
        record Deep(Date date) {}
        record Middle(List<Deep> deep) {}
        record Top(Optional<Middle> middle) {}

        refused(Top.class).hasMessageContaining("record=" + Deep.class.getName() + " component=date");
    }

    @Test
    void namesThatCannotBeStoredAreRefused() {
        record Größe(int x) {}

        @EventType("has space")
        record Spaced(int x) {}

        @EventType(version = 0)
        record Zeroth(int x) {}

        refused(Größe.class).hasMessageContaining(Größe.class.getName()).hasMessageContaining("@EventType");
        refused(Spaced.class).hasMessageContaining(Spaced.class.getName());
        refused(Zeroth.class).hasMessageContaining(Zeroth.class.getName()).hasMessageContaining("version");
    }

    @Test
    void twoComponentsWithOneStoredNameAreRefused() {
        record Swapped(@EventType.Was("b") int a, int b) {}
        record Twice(
                @EventType.Was("x") int a,
                @EventType.Was("x") int b) {}

        refused(Swapped.class).hasMessageContaining("record=" + Swapped.class.getName() + " component=a name=b");
        refused(Twice.class).hasMessageContaining("component=b name=x");
    }

    @Test
    void recordWithMoreComponentsThanAHandleTakesIsRefused(@TempDir Path directory) throws Exception {
        var components = IntStream.range(0, 253).mapToObj(i -> "int c" + i).toList();
        Path source = directory.resolve("Large.java");
        Files.writeString(
                source,
                "record Large(" + String.join(",", components) + ") {} record Larger(" + String.join(",", components)
                        + ", int one) {}");
        assertThat(ToolProvider.getSystemJavaCompiler()
                        .run(null, null, null, "-proc:none", "-d", directory.toString(), source.toString()))
                .isZero();
        try (var loader = new URLClassLoader(new URL[] {directory.toUri().toURL()})) {
            Class<?> large = loader.loadClass("Large");
            Class<?> larger = loader.loadClass("Larger");

            assertThat(codec(large)).hasToString("Codec.records(Large)");
            refused(larger)
                    .hasMessageContaining("too many components")
                    .hasMessageContaining("record=Larger places=254")
                    .hasMessageContaining("limit=253");
        }
    }

    @Test
    void dataOfAForeignClassIsRefused() {
        @SuppressWarnings("unchecked")
        var codec = (Codec<Object>) (Codec<?>) codec(Current.class);

        assertThatThrownBy(() -> codec.schema(new Former(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("class=" + Former.class.getName())
                .hasMessageContaining("root=" + Current.class.getName());
        assertThatThrownBy(() -> encode(codec, "text")).hasMessageContaining("class=java.lang.String");
        assertThatThrownBy(() -> codec.schema(null)).isInstanceOf(NullPointerException.class);
    }

    record Line(String item) {}

    record Order(
            String id,
            Integer count,
            Optional<String> note,
            List<String> names,
            Map<String, Line> lines,
            List<Optional<String>> maybe) {}

    private static final Order GOOD = new Order("", 1, Optional.empty(), List.of(), Map.of(), List.of());

    @Test
    void nullComponentsAreRefusedByName() {
        nullAt("id", new Order(null, 1, GOOD.note, GOOD.names, GOOD.lines, GOOD.maybe));
        nullAt("count", new Order("", null, GOOD.note, GOOD.names, GOOD.lines, GOOD.maybe));
        nullAt("note", new Order("", 1, null, GOOD.names, GOOD.lines, GOOD.maybe));
        nullAt("names", new Order("", 1, GOOD.note, null, GOOD.lines, GOOD.maybe));
    }

    @Test
    void nullsInCollectionsAreRefusedByName() {
        nullAt("names", new Order("", 1, GOOD.note, Arrays.asList("a", null), GOOD.lines, GOOD.maybe));
        nullAt("lines", new Order("", 1, GOOD.note, GOOD.names, Collections.singletonMap("k", null), GOOD.maybe));
        nullAt(
                "lines",
                new Order("", 1, GOOD.note, GOOD.names, Collections.singletonMap(null, new Line("")), GOOD.maybe));
        nullAt("maybe", new Order("", 1, GOOD.note, GOOD.names, GOOD.lines, Collections.singletonList(null)));
        var lines = new java.util.LinkedHashMap<String, Line>();
        lines.put("a", new Line(""));
        lines.put("b", null);
        nullAt("lines", new Order("", 1, GOOD.note, GOOD.names, lines, GOOD.maybe));
    }

    @Test
    void nullFarInsideIsRefusedWhereItStands() {
        var order = new Order("", 1, GOOD.note, GOOD.names, Map.of("k", new Line(null)), GOOD.maybe);

        assertThatThrownBy(() -> encode(codec(Order.class), order))
                .isInstanceOf(NullPointerException.class)
                .hasMessageContaining("record=" + Line.class.getName() + " component=item");
    }

    record Chain(Optional<Chain> next) {}

    @Test
    void sixtyFourRecordsInsideEachOtherComeBackAndOneMoreIsRefused() {
        var codec = codec(Chain.class);
        var chain = new Chain(Optional.empty());
        for (int depth = 2; depth <= 64; depth++) {
            chain = new Chain(Optional.of(chain));
        }
        assertThat(Payloads.roundTrip(codec, chain)).isEqualTo(chain);

        var deeper = new Chain(Optional.of(chain));
        assertThatThrownBy(() -> encode(codec, deeper))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("record=" + Chain.class.getName())
                .hasMessageContaining("limit=64");
    }

    @Test
    void codecWorksOnAfterARefusal() {
        var codec = codec(Order.class);
        for (int i = 0; i < 10; i++) {
            assertThatThrownBy(() -> encode(codec, new Order(null, 1, GOOD.note, GOOD.names, GOOD.lines, GOOD.maybe)))
                    .isInstanceOf(NullPointerException.class);
            assertThat(Payloads.roundTrip(codec, GOOD)).isEqualTo(GOOD);
        }
    }

    private static void nullAt(String component, Order order) {
        assertThatThrownBy(() -> encode(codec(Order.class), order))
                .isInstanceOf(NullPointerException.class)
                .hasMessageContaining("record=" + Order.class.getName() + " component=" + component)
                .hasMessageContaining("Optional");
    }

    private static void unsupported(Class<?> root, String component, String type) {
        refused(root)
                .hasMessageContaining("record=" + root.getName() + " component=" + component + " ")
                .hasMessageContaining("type=" + type)
                .hasMessageContaining("Codec.records");
    }

    private static AbstractThrowableAssert<?, ?> refused(Class<?> root, Upcast<?, ?>... upcasts) {
        return assertThatThrownBy(() -> codec(root, upcasts)).isInstanceOf(IllegalArgumentException.class);
    }
}
