package dev.eventlog.jmh.compare;

import dev.eventlog.jmh.Fork;
import dev.eventlog.jmh.ScratchDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Takes the samples of a row. Both sides live at the same time, each in a JVM of its own so that neither is compiled with
 * the other's profile, and work in turn: one sample of ours, one of the peer, the order changing from pair to pair. What
 * disturbs the machine for longer than a sample so disturbs both.
 *
 * <p><b>Threading:</b> One thread at a time: who made it.
 */
final class PairRunner {

    private static final int MIN_WARMUP_SAMPLES = 3;
    private static final int MAX_WARMUP_SAMPLES = 200;

    private final Path parent;
    private final Effort effort;
    private final Runnable afterPair;

    /**
     * @param parent where the rows' directories are made, and deleted
     * @param afterPair told of each pair, for progress
     */
    PairRunner(Path parent, Effort effort, Runnable afterPair) {
        this.parent = parent;
        this.effort = effort;
        this.afterPair = afterPair;
    }

    /** Pairs that a row will have. */
    static int pairs(Row row, Effort effort) {
        return row.freshJvm() ? effort.pairs() : effort.forks() * effort.pairs();
    }

    /** Takes all pairs of a row. */
    List<Pair> run(Row row) throws IOException {
        var pairs = new ArrayList<Pair>();
        if (row.freshJvm()) {
            runFresh(row, pairs);
        } else {
            for (int fork = 0; fork < effort.forks(); fork++) {
                runFork(row, fork, pairs);
            }
        }
        return pairs;
    }

    private void runFork(Row row, int fork, List<Pair> pairs) throws IOException {
        try (var scratch = new ScratchDirectory(parent);
                Party ours = new Party(row, true, scratch.path());
                Party peer = new Party(row, false, scratch.path())) {
            ours.start();
            peer.start();
            ours.warmUp(effort.warmupSeconds());
            peer.warmUp(effort.warmupSeconds());
            for (int i = 0; i < effort.pairs(); i++) {
                pairs.add(pair(fork, (fork + i) % 2 == 0, ours, peer));
            }
        }
    }

    /** One new JVM for each sample; a first one, not counted, leaves what the others find. */
    private void runFresh(Row row, List<Pair> pairs) throws IOException {
        try (var scratch = new ScratchDirectory(parent)) {
            for (int i = -1; i < effort.pairs(); i++) {
                try (Party ours = new Party(row, true, scratch.path());
                        Party peer = new Party(row, false, scratch.path())) {
                    ours.start();
                    peer.start();
                    if (i >= 0) {
                        pairs.add(pair(i, i % 2 == 0, ours, peer));
                    }
                }
            }
        }
    }

    private Pair pair(int fork, boolean oursFirst, Party ours, Party peer) throws IOException {
        Double ourFigure = oursFirst ? ours.sample() : null;
        Double peerFigure = peer.sample();
        if (!oursFirst) {
            ourFigure = ours.sample();
        }
        afterPair.run();
        return new Pair(fork, ourFigure, peerFigure);
    }

    /** One side of a row while it runs, or nobody, if the row has no such side. */
    private final class Party implements AutoCloseable {

        private final Row row;
        private final boolean isOurs;
        private final Path directory;
        private @Nullable Fork fork;

        Party(Row row, boolean isOurs, Path parentDirectory) {
            this.row = row;
            this.isOurs = isOurs;
            directory = parentDirectory.resolve(isOurs ? "ours" : "peer");
        }

        void start() throws IOException {
            if (row.side(isOurs) != null) {
                Files.createDirectories(directory);
                fork = new Fork(
                        directory.resolve("errors.txt"),
                        List.of(
                                "fork",
                                row.name(),
                                isOurs ? "ours" : "peer",
                                directory.toString(),
                                Integer.toString(effort.logEvents())));
            }
        }

        @Nullable
        Double sample() throws IOException {
            return fork == null ? null : row.unit().figure(Double.parseDouble(fork.ask("sample")));
        }

        void warmUp(double seconds) throws IOException {
            long begin = System.nanoTime();
            for (int i = 0; i < MAX_WARMUP_SAMPLES && sample() != null; i++) {
                if (i + 1 >= MIN_WARMUP_SAMPLES && System.nanoTime() - begin > seconds * 1e9) {
                    return;
                }
            }
        }

        @Override
        public void close() {
            if (fork != null) {
                fork.close();
            }
        }
    }
}
