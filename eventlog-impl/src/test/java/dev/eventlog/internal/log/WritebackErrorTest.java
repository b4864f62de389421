package dev.eventlog.internal.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.eventlog.Codec;
import dev.eventlog.Durability;
import dev.eventlog.EventLog;
import dev.eventlog.error.LogFailedException;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.support.Clock;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.MappedByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A disk that loses a page tells it once to each open file: to the first force through it, and to none after that. Of two
 * forces at once through one open file only one learns of it; the other must not take its silence for success.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WritebackErrorTest {

    @TempDir
    private Path temporary;

    private final AtomicInteger errors = new AtomicInteger();
    private final CountDownLatch told = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);
    private final Map<MappedByteBuffer, OpenFileState> mapped = Collections.synchronizedMap(new IdentityHashMap<>());

    /** What the kernel keeps for an open file, and for the mappings made through it. */
    private final class OpenFileState {
        int seen = errors.get();

        synchronized boolean learns() {
            boolean learns = seen != errors.get();
            seen = errors.get();
            return learns;
        }
    }

    private FileOps files() {
        FileOps system = FileOps.system();
        return proxy(FileOps.class, (method, arguments) -> {
            Object result = method.invoke(system, arguments);
            return result instanceof FileOps.OpenFile file ? openFile(file) : result;
        });
    }

    private FileOps.OpenFile openFile(FileOps.OpenFile file) {
        var state = new OpenFileState();
        return proxy(FileOps.OpenFile.class, (method, arguments) -> {
            if (method.getName().equals("force")) {
                OpenFileState asked = arguments == null ? state : mapped.get((MappedByteBuffer) arguments[0]);
                if (asked.learns()) {
                    if (Thread.currentThread().getName().equals("eventlog-io")) {
                        told.countDown();
                        goOn.await();
                    }
                    throw new IOException("Input/output error, on purpose");
                }
            }
            Object result = method.invoke(file, arguments);
            if (result instanceof MappedByteBuffer mapping) {
                mapped.put(mapping, state);
            }
            return result;
        });
    }

    /** A call. */
    private interface Call {
        Object on(java.lang.reflect.Method method, Object[] arguments) throws Exception;
    }

    private static <T> T proxy(Class<T> type, Call call) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
                    try {
                        return call.on(method, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }

    @Test
    void waiterDoesNotReturnWhereTheBackgroundForceWasToldOfTheError() throws Exception {
        var config = Numbered.config(temporary.resolve("log"))
                .forceInterval(Duration.ofMillis(1))
                .build();
        EventLog log = LocalEventLog.open(config, files(), Clock.system());
        var weak = log.producer("test", Codec.utf8());
        var strong = weak.withDurability(Durability.POWER_LOSS);
        strong.append("durable");
        errors.incrementAndGet();
        weak.append("lost");
        told.await();
        // the background force knows, and has not said so yet
        LogFailedException failed = catchThrowableOfType(LogFailedException.class, () -> strong.append("lost too"));
        goOn.countDown();
        assertThat(failed).isNotNull();
        assertThat(failed.isOutcomeUnknown()).isTrue();
        assertThat(log.durablePosition()).isOne();
        assertThatThrownBy(log::close).isInstanceOf(LogFailedException.class);
    }
}
