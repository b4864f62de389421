package dev.eventlog.torture;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Durability;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.NewEvent;
import dev.eventlog.Producer;
import dev.eventlog.StartAt;
import dev.eventlog.Subscription;
import dev.eventlog.internal.log.Engine;
import dev.eventlog.torture.disk.DiskFileOps;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * A sound log directory of some shape and all that must be read from it; damaged copies of it are looked at.
 *
 * @param directory the log
 * @param older the same log some time before
 * @param ledger its events
 * @param durable everything below must be there
 * @param checkpoints what the checkpoint of {@link Oracle#PULLING} was at last and before
 * @param parked positions on the list of {@link Oracle#PUSHING}
 */
record Golden(Path directory, Path older, Ledger ledger, long durable, Set<Long> checkpoints, Set<Long> parked) {

    /** Shapes that there are. */
    static final int SHAPES = 8;

    /**
     * Makes one.
     *
     * @param shape 0 to {@link #SHAPES}: small, batches, closed or as a power cut left it, with large events, pruned
     */
    static Golden make(Path base, int shape, SplittableRandom random) throws IOException {
        return new Maker(base.resolve("golden-" + shape), base.resolve("older-" + shape), shape, random).make();
    }

    /** Makes one. */
    private static final class Maker {

        private final Path directory;
        private final Path older;
        private final int shape;
        private final SplittableRandom random;
        private final Ledger ledger = new Ledger();
        private final List<Long> committed = new ArrayList<>(List.of(0L));
        private final Set<Long> parked = new HashSet<>();
        private long durable;

        Maker(Path directory, Path older, int shape, SplittableRandom random) {
            this.directory = directory;
            this.older = older;
            this.shape = shape;
            this.random = random;
        }

        Golden make() throws IOException {
            Path writing = directory.resolveSibling("writing");
            int lives = shape == 0 ? 1 : 3;
            for (int life = 1; life <= lives; life++) {
                boolean last = life == lives;
                var config = Oracle.config(writing)
                        .durability(shape == 5 ? Durability.POWER_LOSS : Durability.PROCESS_CRASH);
                if (shape == 7) {
                    config.retainBytes(1 << 20);
                }
                try (EventLog log = Engine.open(config.build(), DiskFileOps.inBoot(1))) {
                    fill(log);
                    consume(log);
                    if (life == 2) {
                        park(log);
                    }
                    if (life == lives - 1) {
                        log.force();
                        Trees.copy(writing, older);
                    }
                    if (last && shape % 2 == 1) {
                        // as a kill left it
                        log.force();
                        durable = log.durablePosition();
                        append(log, 3, 200);
                        Trees.copy(writing, directory);
                    }
                    ledger.first(log.firstPosition());
                }
            }
            if (shape % 2 == 0) {
                durable = ledger.intendedEnd();
                Trees.copy(writing, directory);
                try (EventLog log = Engine.open(Oracle.config(writing).build(), DiskFileOps.inBoot(1))) {
                    ledger.first(log.firstPosition());
                }
            }
            Run.delete(writing);
            if (shape == 0) {
                Trees.copy(directory, older);
            }
            // for what is asked of a log once nothing was found wrong with it
            ledger.pulled(ledger.intendedEnd());
            for (long position = 0; position < ledger.intendedEnd(); position++) {
                if (!parked.contains(position)) {
                    ledger.pushed().add(position);
                }
            }
            Set<Long> last = new HashSet<>(committed.subList(Math.max(0, committed.size() - 2), committed.size()));
            return new Golden(directory, older, ledger, durable, last, parked);
        }

        private void fill(EventLog log) {
            switch (shape) {
                case 2, 3 -> batches(log);
                case 6, 7 -> append(log, 30, 100_000);
                default -> append(log, 25, 300);
            }
        }

        private void append(EventLog log, int count, int mostLength) {
            Producer<ByteBuffer> producer = log.producer("torture", Expected.CODEC);
            for (int i = 0; i < count; i++) {
                Expected event = Expected.random(random, mostLength);
                ledger.intend(event);
                producer.append(event.toAppend());
            }
        }

        private void batches(EventLog log) {
            Producer<ByteBuffer> producer = log.producer("torture", Expected.CODEC);
            for (int i = 0; i < 6; i++) {
                var batch = new ArrayList<NewEvent<ByteBuffer>>();
                for (int count = 1 + random.nextInt(12); count > 0; count--) {
                    Expected event = Expected.random(random, 500);
                    ledger.intend(event);
                    batch.add(event.toAppend());
                }
                producer.appendAll(batch);
            }
        }

        private void consume(EventLog log) {
            log.force();
            try (Consumer<ByteBuffer> consumer = log.consumer(Oracle.PULLING, Expected.CODEC)) {
                if (consumer.position() < log.firstPosition()) {
                    consumer.seek(StartAt.earliest());
                    committed.add(consumer.position());
                }
                for (int i = 0; i < 2; i++) {
                    List<Event<ByteBuffer>> events = consumer.poll(Duration.ZERO);
                    if (!events.isEmpty()) {
                        consumer.commit(events.get(random.nextInt(events.size())));
                        committed.add(consumer.status().checkpoint());
                    }
                }
            }
        }

        private void park(EventLog log) {
            log.force();
            var config = ConsumerConfig.named(Oracle.PUSHING)
                    .startAt(StartAt.latest())
                    .attempts(1, Duration.ZERO)
                    .build();
            try (Subscription subscription = log.subscribe(config, Expected.CODEC, event -> {
                throw new IllegalStateException("refused");
            })) {
                long from = log.endPosition();
                append(log, 4, 100);
                // all of them: one with the key of another is parked behind it without an attempt
                for (long position = from; position < log.endPosition(); position++) {
                    parked.add(position);
                }
                log.force();
                subscription.awaitCaughtUp(Duration.ofSeconds(30));
            }
        }
    }
}
