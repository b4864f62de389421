package dev.eventlog.internal.support;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Constructor;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.StringJoiner;

/**
 * Opens to Chronicle the three JDK packages that it reaches into, so that a plain {@code java -cp} runs it without
 * flags. To be called before the first class of Chronicle is initialised: it decides in static initialisers what it can
 * reach, and falls back silently to something lesser, a read-only queue for one.
 *
 * <p>The JDK has no API for this. The way used here: {@code sun.reflect.ReflectionFactory}, the JDK's supported door for
 * serialization libraries, makes objects without the access check of their constructor; with it a {@link
 * MethodHandles.Lookup} is made that the JVM trusts, and that lookup finds the method behind {@code --add-opens}. No
 * {@code Unsafe}, no native code, no agent; silent on 17 and on 25. It may stop working in any later JDK: then {@link
 * #open} says which flags to pass.
 *
 * <p>Opt-out: whoever passes those flags gets no trick, since everything is accessible already.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
public final class JvmOpener {

    /** One class of each jar of Chronicle: on the module path each jar is a module of its own. */
    private static final String[] CHRONICLE = {
        "net.openhft.chronicle.core.Jvm",
        "net.openhft.chronicle.bytes.Bytes",
        "net.openhft.chronicle.wire.Wire",
        "net.openhft.chronicle.threads.Pauser",
        "net.openhft.chronicle.queue.ChronicleQueue",
        "net.openhft.posix.PosixAPI",
    };

    /** The banner at start, the report to an analytics service, and the thread that watches free space. */
    private static final String[] SILENCED = {
        "chronicle.announcer.disable", "chronicle.analytics.disable", "chronicle.disk.monitor.disable",
    };

    private static final Module JAVA_BASE = Object.class.getModule();

    /** Package of java.base that Chronicle reflects into: must be open. */
    private static final String OPENED = "java.lang.reflect";

    /** Packages of java.base that Chronicle links to: exported is enough. */
    private static final String[] EXPORTED = {"sun.nio.ch", "jdk.internal.ref"};

    /** The mode of a lookup that may see everything: {@code Lookup.TRUSTED} in the JDK's source. */
    private static final int TRUSTED = -1;

    private static volatile boolean opened; // written by the first caller, read by all; published by volatile

    private JvmOpener() {}

    /**
     * Opens what Chronicle needs and silences what it would print, unless the user has set those system properties.
     * Calls after the first one that succeeded do nothing.
     *
     * @throws IllegalStateException if the JVM refuses; the message has the flags to start it with
     */
    public static void open() {
        if (!opened) {
            openOnce();
        }
    }

    private static synchronized void openOnce() {
        if (opened) {
            return;
        }
        for (String property : SILENCED) {
            if (System.getProperty(property) == null) {
                System.setProperty(property, "true");
            }
        }
        Set<Module> modules = chronicleModules();
        if (!modules.stream().allMatch(JvmOpener::reachesAll)) {
            try {
                openWithTrustedLookup(modules);
            } catch (Throwable refusal) { // InternalError and LinkageError are refusals too
                throw refused(modules, refusal);
            }
        }
        opened = true;
    }

    /** Finds Chronicle's modules; loads a class of each, but initialises none. */
    private static Set<Module> chronicleModules() {
        var modules = new LinkedHashSet<Module>();
        for (String name : CHRONICLE) {
            try {
                modules.add(Class.forName(name, false, JvmOpener.class.getClassLoader())
                        .getModule());
            } catch (ClassNotFoundException | LinkageError absent) {
                // A jar that is not there needs nothing opened; who needs the jar will say so.
            }
        }
        return modules;
    }

    private static boolean reachesAll(Module module) {
        return JAVA_BASE.isOpen(OPENED, module)
                && JAVA_BASE.isExported(EXPORTED[0], module)
                && JAVA_BASE.isExported(EXPORTED[1], module);
    }

    private static void openWithTrustedLookup(Set<Module> modules) throws Throwable {
        MethodHandle addOpens = trustedLookup()
                .findVirtual(
                        Module.class, "implAddOpens", MethodType.methodType(void.class, String.class, Module.class));
        for (Module module : modules) {
            addOpens.invoke(JAVA_BASE, OPENED, module);
            for (String exported : EXPORTED) {
                addOpens.invoke(JAVA_BASE, exported, module);
            }
            if (!reachesAll(module)) {
                throw new IllegalAccessException(module + " is still locked out");
            }
        }
    }

    /** By name: with {@code --release 17} the compiler hides {@code sun.reflect}. */
    private static MethodHandles.Lookup trustedLookup() throws ReflectiveOperationException {
        Class<?> factoryClass = Class.forName("sun.reflect.ReflectionFactory");
        Object factory = factoryClass.getMethod("getReflectionFactory").invoke(null);
        Constructor<?> hidden = MethodHandles.Lookup.class.getDeclaredConstructor(Class.class, Class.class, int.class);
        Object constructor = factoryClass
                .getMethod("newConstructorForSerialization", Class.class, Constructor.class)
                .invoke(factory, MethodHandles.Lookup.class, hidden);
        return (MethodHandles.Lookup) ((Constructor<?>) constructor).newInstance(Object.class, null, TRUSTED);
    }

    private static IllegalStateException refused(Set<Module> modules, Throwable refusal) {
        var targets = new StringJoiner(",");
        for (Module module : modules) {
            targets.add(module.isNamed() ? module.getName() : "ALL-UNNAMED");
        }
        // on the module path only modules that somebody requires are there
        String module = refusal instanceof ClassNotFoundException
                ? "; add \"requires jdk.unsupported;\" to your module-info, or start java with --add-modules jdk.unsupported,"
                        + " or"
                : ";";
        return new IllegalStateException(
                "the JVM does not let eventlog open JDK packages to Chronicle: java=" + Runtime.version() + " refusal="
                        + refusal + module + " start java with --add-opens java.base/" + OPENED + "=" + targets
                        + " --add-exports java.base/" + EXPORTED[0] + "=" + targets + " --add-exports java.base/"
                        + EXPORTED[1] + "=" + targets,
                refusal);
    }
}
