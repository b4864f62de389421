package dev.eventlog;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * User code that takes owned events, for {@link EventLog#subscribe}.
 *
 * @param <T> the data of the events
 */
@FunctionalInterface
public interface EventHandler<T> {

    /** Handles one event. Returning normally says that it is done; throwing says that it is not. */
    void onEvent(Event<T> event) throws Exception;

    /**
     * Called after some events were handled, <em>before</em> the checkpoint is written: the place to flush. If it
     * throws, the subscription stops and the checkpoint stays.
     *
     * @param count events handled since the last call
     */
    default void onBatchEnd(int count) throws Exception {}

    /**
     * A handler that hands each event on by the class of its data.
     *
     * <pre>{@code
     * EventHandler.dispatch(OrderEvent.class)
     *         .on(Placed.class, e -> reserve(e.data()))
     *         .on(Paid.class, e -> ship(e.data()))
     *         .ignoreOthers()
     * }</pre>
     *
     * @param root the data's common type
     */
    static <T> Dispatcher<T> dispatch(Class<T> root) {
        return new Dispatcher<>(Objects.requireNonNull(root, "root"), List.of(), false);
    }

    /**
     * Hands each event to the first handler whose class its data is of; fails for others unless told to ignore them.
     *
     * <p><b>Threading:</b> Immutable.
     *
     * @param <T> the data's common type
     */
    final class Dispatcher<T> implements EventHandler<T> {

        private final Class<T> root;
        private final List<Route<? extends T>> routes;
        private final boolean ignoresOthers;

        private Dispatcher(Class<T> root, List<Route<? extends T>> routes, boolean ignoresOthers) {
            this.root = root;
            this.routes = routes;
            this.ignoresOthers = ignoresOthers;
        }

        /** A dispatcher that also hands on data of this class. */
        public <S extends T> Dispatcher<T> on(Class<S> type, EventHandler<S> handler) {
            var more = new ArrayList<Route<? extends T>>(routes);
            more.add(new Route<>(Objects.requireNonNull(type, "type"), Objects.requireNonNull(handler, "handler")));
            return new Dispatcher<>(root, List.copyOf(more), ignoresOthers);
        }

        /** A dispatcher that passes over data of other classes instead of failing. */
        public Dispatcher<T> ignoreOthers() {
            return new Dispatcher<>(root, routes, true);
        }

        @Override
        public void onEvent(Event<T> event) throws Exception {
            for (Route<? extends T> route : routes) {
                if (route.type().isInstance(event.data())) {
                    route.handle(event);
                    return;
                }
            }
            if (!ignoresOthers) {
                throw new IllegalStateException(
                        "no handler for " + event.data().getClass().getName() + ": position=" + event.position()
                                + " root=" + root.getName() + "; add on(…) for it, or ignoreOthers()");
            }
        }

        @Override
        public void onBatchEnd(int count) throws Exception {
            for (Route<? extends T> route : routes) {
                route.handler().onBatchEnd(count);
            }
        }

        private record Route<S>(Class<S> type, EventHandler<S> handler) {

            /** Safe: the caller has seen that the data is an instance of the type, and events only give data out. */
            @SuppressWarnings("unchecked")
            void handle(Event<?> event) throws Exception {
                handler.onEvent((Event<S>) event);
            }
        }
    }
}
