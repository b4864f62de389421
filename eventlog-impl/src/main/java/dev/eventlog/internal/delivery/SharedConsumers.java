package dev.eventlog.internal.delivery;

import dev.eventlog.Codec;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.EventHandler;
import dev.eventlog.error.LockedException;
import dev.eventlog.internal.cursor.Cursors;
import dev.eventlog.internal.journal.ReadJournal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The shared consumers of one log that are open, by name: a member finds the others here, or opens the name.
 *
 * <p><b>Threading:</b> Thread-safe.
 */
final class SharedConsumers {

    private final ReadJournal journal;
    private final Cursors cursors;
    private final Statuses statuses;
    private final Set<Thread> threads;
    private final Function<ConsumerConfig, Place> places;
    private final Map<String, SharedConsumer> open = new ConcurrentHashMap<>();

    /**
     * @param threads where consumers tell which threads they run on, as long as they do
     * @param places opens a name; throws {@link LockedException} while another has it
     */
    SharedConsumers(
            ReadJournal journal,
            Cursors cursors,
            Statuses statuses,
            Set<Thread> threads,
            Function<ConsumerConfig, Place> places) {
        this.journal = journal;
        this.cursors = cursors;
        this.statuses = statuses;
        this.threads = threads;
        this.places = places;
    }

    /** A new member, which is not started. */
    <T> MemberSubscription<T> join(ConsumerConfig config, Codec<T> codec, EventHandler<? super T> handler) {
        String name = Objects.requireNonNull(config.name());
        while (true) {
            SharedConsumer consumer;
            synchronized (this) {
                consumer = open.get(name);
                if (consumer == null) {
                    return opened(name, config, codec, handler);
                }
                var member = new MemberSubscription<>(consumer, journal, statuses, config, codec, handler);
                if (consumer.join(member)) {
                    return member;
                }
            }
            // its last member has left, and it commits and gives the name free
            if (!consumer.awaitEnd(Waits.nanos(config.closeTimeout()))) {
                throw new LockedException(
                        "shared consumer is being closed: name=" + name + "; try again when it is",
                        consumer.place().owner());
            }
        }
    }

    private <T> MemberSubscription<T> opened(
            String name, ConsumerConfig config, Codec<T> codec, EventHandler<? super T> handler) {
        Place place = places.apply(config);
        MemberSubscription<T> member = null;
        try {
            var parts = new SharedConsumer.Parts(place, cursors, threads, () -> open.remove(name));
            var consumer = new SharedConsumer(journal, config, parts);
            var made = new MemberSubscription<>(consumer, journal, statuses, config, codec, handler);
            boolean unused = consumer.join(made);
            open.put(name, consumer);
            member = made;
            return made;
        } finally {
            if (member == null) {
                place.close();
            }
        }
    }

    /** Throws if a member would not agree with the others. */
    static void requireSame(ConsumerConfig present, ConsumerConfig config) {
        var differing = new ArrayList<String>();
        differ(differing, "query", present.query(), config.query());
        differ(
                differing,
                "pollLimit",
                List.of((long) present.pollEvents(), present.pollBytes()),
                List.of((long) config.pollEvents(), config.pollBytes()));
        differ(differing, "stopAtEnd", present.isStopAtEnd(), config.isStopAtEnd());
        differ(differing, "attempts", present.attempts(), config.attempts());
        differ(differing, "backOff", present.backOff(), config.backOff());
        differ(differing, "stopOnFailure", present.isStopOnFailure(), config.isStopOnFailure());
        differ(differing, "visibility", present.visibility(), config.visibility());
        differ(differing, "required", present.isRequired(), config.isRequired());
        differ(differing, "onDamage", present.onDamage() != null, config.onDamage() != null);
        if (!differing.isEmpty()) {
            throw new IllegalArgumentException("members of a shared consumer differ: name=" + config.name() + " "
                    + String.join(", ", differing) + "; give all members the same, or close the others first");
        }
    }

    private static void differ(
            List<String> differing, String option, @Nullable Object present, @Nullable Object wanted) {
        if (!Objects.equals(present, wanted)) {
            differing.add(option + " is " + present + " there and " + wanted + " here");
        }
    }
}
