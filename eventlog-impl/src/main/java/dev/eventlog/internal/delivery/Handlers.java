package dev.eventlog.internal.delivery;

import dev.eventlog.EventHandler;
import dev.eventlog.ViewHandler;

/**
 * Takes handlers of a wider type. Safe: an event only gives data out, so an event of T is an event of each type above T;
 * Java cannot say so.
 *
 * <p><b>Threading:</b> Thread-safe: without state.
 */
final class Handlers {

    private Handlers() {}

    @SuppressWarnings("unchecked")
    static <T> EventHandler<T> owned(EventHandler<? super T> handler) {
        return (EventHandler<T>) handler;
    }

    @SuppressWarnings("unchecked")
    static <T> ViewHandler<T> borrowed(ViewHandler<? super T> handler) {
        return (ViewHandler<T>) handler;
    }

    /** Whether a handler does something in {@code onBatchEnd}. */
    static boolean flushes(EventHandler<?> handler) {
        try {
            return !handler.getClass()
                    .getMethod("onBatchEnd", int.class)
                    .getDeclaringClass()
                    .equals(EventHandler.class);
        } catch (NoSuchMethodException e) {
            return true;
        }
    }
}
