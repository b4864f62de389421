package dev.eventlog.internal.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.Codec;
import dev.eventlog.internal.frame.FrameBuilder;
import dev.eventlog.internal.frame.FrameDescriptor;
import dev.eventlog.internal.frame.FrameView;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class KeyCacheTest {

    private final FrameBuilder builder = new FrameBuilder(4096, 1024, 0);
    private final FrameView view = new FrameView(0);
    private final KeyCache cache = new KeyCache();

    private FrameView eventWithKey(String key) {
        builder.begin(FrameDescriptor.KIND_DATA);
        builder.add(Codec.bytes(), ByteBuffer.allocate(0), key, 1, 1);
        builder.finish();
        builder.stamp(0, 0, 0, 1, 0);
        byte[] bytes = new byte[builder.length()];
        builder.buffer().get(0, bytes);
        view.wrap(bytes, 0);
        assertThat(view.check(builder.length())).isNull();
        assertThat(view.nextEvent()).isEqualTo(FrameView.EVENT);
        return view;
    }

    @Test
    void sameKeyIsTheSameInstance() {
        String first = cache.key(eventWithKey("AAPL"));
        assertThat(first).isEqualTo("AAPL");
        assertThat(cache.key(eventWithKey("AAPL"))).isSameAs(first);
    }

    @Test
    void theMostRecentKeysStayAndTheLeastRecentGoes() {
        Map<String, String> model = new LinkedHashMap<>(2 * KeyCache.CAPACITY, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<String, String> eldest) {
                return size() > KeyCache.CAPACITY;
            }
        };
        var random = new SplittableRandom(7);
        for (int i = 0; i < 200_000; i++) {
            // mostly a set that just fits, with strangers that push others out
            String key = "key-" + (random.nextInt(10) == 0 ? random.nextInt(1 << 20) : random.nextInt(1100));
            String expected = model.get(key);
            String got = cache.key(eventWithKey(key));
            assertThat(got).isEqualTo(key);
            if (expected != null) {
                assertThat(got).as("step " + i).isSameAs(expected);
            }
            model.put(key, got);
        }
    }
}
