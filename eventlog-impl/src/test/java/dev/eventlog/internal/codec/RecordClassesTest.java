package dev.eventlog.internal.codec;

import static dev.eventlog.internal.codec.Payloads.codec;
import static dev.eventlog.internal.codec.Payloads.encode;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.eventlog.Codec;
import dev.eventlog.Codec.Schema;
import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReader;
import java.lang.module.ModuleReference;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which classes a codec touches: those that were declared, however private, and never one that bytes name. */
final class RecordClassesTest {

    static boolean evilInitialised;

    /** Would tell if somebody asked for it by its name. */
    static final class Evil {
        static {
            evilInitialised = true;
        }
    }

    sealed interface Shape {}

    record Circle(int radius) implements Shape {}

    record Holder(Shape shape, String text) {}

    @Test
    void payloadThatNamesAClassDoesNotInitialiseIt() {
        var codec = codec(Holder.class);
        String evil = Evil.class.getName();
        byte[] payload = encode(codec, new Holder(new Circle(1), evil));
        assertThat(Payloads.decode(codec, codec.schema(new Holder(new Circle(1), "")), payload)
                        .text())
                .isEqualTo(evil);

        for (byte[] hostile : List.of(
                named("@type", 0xB8, evil), // the type of a sealed component
                named("@type", 0xB6, evil), // chronicle-wire's type prefix
                named("@type", 0xBC, evil), // its type literal
                prefixed(0xB6, evil),
                prefixed(0xBC, evil))) {
            assertThatThrownBy(() -> Payloads.decode(codec, codec.schema(new Holder(new Circle(1), "")), hostile))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> Payloads.decode(codec, new Schema(evil, 1, PayloadDescriptor.CONTENT_TYPE), payload))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(codec.decodes(new Schema(evil, 1, PayloadDescriptor.CONTENT_TYPE)))
                .isFalse();
        assertThat(evilInitialised).isFalse();
    }

    private static byte[] named(String name, int code, String text) {
        byte[] value = prefixed(code, text);
        byte[] field = concat(new byte[] {(byte) (0xC0 + name.length())}, ascii(name), value);
        return concat(new byte[] {(byte) 0xC5}, ascii("shape"), new byte[] {(byte) 0x80, (byte) field.length}, field);
    }

    private static byte[] prefixed(int code, String text) {
        return concat(new byte[] {(byte) code, (byte) text.length()}, ascii(text));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] concat(byte[]... parts) {
        var out = new java.io.ByteArrayOutputStream();
        Stream.of(parts).forEach(out::writeBytes);
        return out.toByteArray();
    }

    private record Hidden(Secret secret) {
        private record Secret(int x) {}
    }

    @Test
    void privateNestedAndLocalRecordsWork() {
        record Local(long x) {}
        var hidden = new Hidden(new Hidden.Secret(3));

        assertThat(Payloads.roundTrip(codec(Hidden.class), hidden)).isEqualTo(hidden);
        assertThat(Payloads.roundTrip(codec(Local.class), new Local(4))).isEqualTo(new Local(4));
    }

    @Test
    void recordLockedInItsModuleIsRefusedWithTheLineToAdd() throws Exception {
        Class<?> locked = inModule("acme.orders", false, Circle.class);

        assertThat(locked.getModule().getName()).isEqualTo("acme.orders");
        assertThatThrownBy(() -> codec(locked))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("record=" + Circle.class.getName())
                .hasMessageContaining("module=acme.orders")
                .hasMessageContaining("opens dev.eventlog.internal.codec;");
    }

    @Test
    void recordInAModuleThatOpensItsPackageWorks() throws Exception {
        Class<?> open = inModule("acme.orders", true, Circle.class);
        @SuppressWarnings("unchecked")
        var codec = (Codec<Object>) codec(open);
        var constructor = open.getDeclaredConstructor(int.class);
        constructor.setAccessible(true);
        Object circle = constructor.newInstance(5);

        assertThat(Payloads.roundTrip(codec, circle)).isEqualTo(circle);
    }

    /** Defines the class once more, in a named module of its own with the same package. */
    private static Class<?> inModule(String name, boolean isOpen, Class<?> type) throws Exception {
        var builder = ModuleDescriptor.newModule(name).packages(Set.of(type.getPackageName()));
        if (isOpen) {
            builder.opens(type.getPackageName());
        }
        var finder = new OneModule(builder.build());
        var parent = ModuleLayer.boot();
        var configuration = parent.configuration().resolve(finder, ModuleFinder.of(), Set.of(name));
        return parent.defineModulesWithOneLoader(configuration, ClassLoader.getPlatformClassLoader())
                .findLoader(name)
                .loadClass(type.getName());
    }

    private static final class OneModule implements ModuleFinder {

        private final ModuleReference module;

        OneModule(ModuleDescriptor descriptor) {
            module = new ModuleReference(descriptor, URI.create("test:" + descriptor.name())) {
                @Override
                public ModuleReader open() {
                    return new OwnClasses();
                }
            };
        }

        @Override
        public Optional<ModuleReference> find(String name) {
            return name.equals(module.descriptor().name()) ? Optional.of(module) : Optional.empty();
        }

        @Override
        public Set<ModuleReference> findAll() {
            return Set.of(module);
        }
    }

    private static final class OwnClasses implements ModuleReader {

        @Override
        public Optional<URI> find(String name) throws IOException {
            var url = RecordClassesTest.class.getClassLoader().getResource(name);
            return url == null ? Optional.empty() : Optional.of(URI.create(url.toString()));
        }

        @Override
        public Optional<InputStream> open(String name) {
            return Optional.ofNullable(RecordClassesTest.class.getClassLoader().getResourceAsStream(name));
        }

        @Override
        public Stream<String> list() {
            return Stream.empty();
        }

        @Override
        public void close() {}
    }

    /** Runs in a JVM of its own, in which there is no Chronicle at all. */
    static final class FirstUse {

        record Order(String id, long price, int quantity, Optional<String> note) {}

        public static void main(String[] args) {
            long start = System.nanoTime();
            var codec = RecordCodecs.records(Order.class, List.of());
            var order = new Order("o-17", 2_500, 3, Optional.empty());
            Order back = Payloads.roundTrip(codec, order);
            long millis = (System.nanoTime() - start) / 1_000_000;
            System.out.println(back.equals(order) + " " + millis + " ms");
        }
    }

    @Test
    void firstUseInAJvmNeedsNeitherChronicleNorFlags(@TempDir Path directory) throws Exception {
        Path output = directory.resolve("output");
        String classPath = Stream.of(FirstUse.class, RecordCodecs.class, Codec.class)
                .map(type -> type.getProtectionDomain().getCodeSource().getLocation())
                .map(location -> Path.of(URI.create(location.toString())).toString())
                .distinct()
                .collect(java.util.stream.Collectors.joining(java.io.File.pathSeparator));
        Process jvm = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        classPath,
                        FirstUse.class.getName())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();

        assertThat(jvm.waitFor()).as(Files.readString(output)).isZero();
        assertThat(Files.readString(output)).matches("true \\d+ ms\\R");
        System.out.print("first use of a records codec: " + Files.readString(output));
    }
}
