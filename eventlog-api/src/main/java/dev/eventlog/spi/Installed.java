package dev.eventlog.spi;

import java.util.ArrayList;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/** Finds the engine once for each class loader that is asked with. */
final class Installed {

    private static volatile @Nullable EventLogProvider besideApi;

    private Installed() {}

    static EventLogProvider provider() {
        EventLogProvider known = besideApi;
        if (known != null) {
            return known;
        }
        List<EventLogProvider> found = load(EventLogProvider.class.getClassLoader());
        if (!found.isEmpty()) {
            EventLogProvider only = exactlyOne(found);
            besideApi = only;
            return only;
        }
        return exactlyOne(load(Thread.currentThread().getContextClassLoader()));
    }

    private static List<EventLogProvider> load(ClassLoader loader) {
        var found = new ArrayList<EventLogProvider>();
        try {
            ServiceLoader.load(EventLogProvider.class, loader).forEach(found::add);
        } catch (ServiceConfigurationError e) {
            throw new IllegalStateException("an eventlog engine could not be loaded: " + e.getMessage(), e);
        }
        return found;
    }

    private static EventLogProvider exactlyOne(List<EventLogProvider> found) {
        if (found.isEmpty()) {
            throw new IllegalStateException(
                    "no eventlog engine on the class path or module path; add the dependency dev.eventlog:eventlog-impl");
        }
        if (found.size() > 1) {
            throw new IllegalStateException("more than one eventlog engine: "
                    + found.stream().map(p -> p.getClass().getName()).toList() + "; keep one of their dependencies");
        }
        return found.get(0);
    }
}
