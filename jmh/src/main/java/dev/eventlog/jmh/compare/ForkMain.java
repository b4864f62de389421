package dev.eventlog.jmh.compare;

import dev.eventlog.jmh.Fork;
import dev.eventlog.jmh.work.Setting;
import dev.eventlog.jmh.work.Workload;
import java.nio.file.Path;

/**
 * The child's end of a {@link Fork}: opens one side of a row and takes a sample at each line that it reads. Its arguments are
 * the row's name, {@code ours} or {@code peer}, the directory and the events of its logs.
 */
public final class ForkMain {

    private ForkMain() {}

    /** Serves until the parent closes its end. */
    public static void main(String[] args) throws Exception {
        Row row = Rows.named(args[0]);
        Side side = row.side("ours".equals(args[1]));
        if (side == null) {
            throw new IllegalArgumentException("row " + args[0] + " has no side " + args[1]);
        }
        Path directory = Path.of(args[2]);
        try (Workload workload = side.opener().open(new Setting(directory, Integer.parseInt(args[3])))) {
            workload.settle();
            Fork.serve(command -> {
                workload.prepare();
                double total = row.meter().measure(workload, side.operations(), directory);
                workload.settle();
                return Double.toString(total / side.operations());
            });
        }
    }
}
