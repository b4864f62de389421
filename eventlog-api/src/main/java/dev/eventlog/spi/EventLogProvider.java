package dev.eventlog.spi;

import dev.eventlog.Codec;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import java.util.List;
import java.util.ServiceLoader;

/**
 * An engine for local logs, found with {@link ServiceLoader}.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
public interface EventLogProvider {

    /** Opens a log as {@link EventLog#open(EventLogConfig)} says. */
    EventLog open(EventLogConfig config);

    /** Makes a codec as {@link Codec#records} says. */
    <T> Codec<T> records(Class<T> root, List<Codec.Upcast<?, ?>> upcasts);

    /**
     * The one engine that is installed: looked for beside this interface's class first, then with the thread's context
     * class loader.
     *
     * @throws IllegalStateException if there is none or more than one
     */
    static EventLogProvider installed() {
        return Installed.provider();
    }
}
