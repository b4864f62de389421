package dev.eventlog.internal.log;

import dev.eventlog.Consumer;
import dev.eventlog.ConsumerConfig;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.internal.file.FileOps;
import dev.eventlog.internal.support.Clock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;

/**
 * The process that {@link RequiredTest} kills: appends to a log whose appends wait for room, which two required consumers
 * make, one of them by a read-only open beside it. Whatever is wrong ends it.
 */
final class RequiredChild {

    private static final long LIMIT = 4 << 20;

    private final Numbered numbered;

    private RequiredChild(Numbered numbered) {
        this.numbered = numbered;
    }

    /** @param arguments directory, file for the position that was reached, seed */
    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[0]);
        var child = new RequiredChild(new Numbered(Long.parseLong(arguments[2]), 30_000));
        FileChannel reached =
                FileChannel.open(Path.of(arguments[1]), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        EventLogConfig config = Numbered.config(directory)
                .limit(LIMIT, EventLogConfig.WhenFull.BLOCK)
                .build();
        EventLog log = LocalEventLog.open(config, FileOps.system(), Clock.system());
        EventLog beside = EventLog.open(EventLogConfig.at(directory).readOnly().build());
        child.start(() -> child.consume(log, "here", reached));
        child.start(() -> child.consume(beside, "beside", null));
        System.out.println("open");
        child.start(() -> child.numbered.appendTo(log, Long.MAX_VALUE));
    }

    private void start(Runnable work) {
        new Thread(() -> {
                    try {
                        work.run();
                    } catch (Throwable wrong) {
                        wrong.printStackTrace();
                        Runtime.getRuntime().halt(1);
                    }
                })
                .start();
    }

    private void consume(EventLog log, String name, FileChannel reached) {
        try (Consumer<ByteBuffer> consumer =
                log.consumer(ConsumerConfig.named(name).required().build(), Numbered.CODEC)) {
            long expected = consumer.position();
            while (true) {
                for (Event<ByteBuffer> event : consumer.poll(Duration.ofSeconds(1))) {
                    if (event.position() != expected || !numbered.isRight(event)) {
                        throw new AssertionError("wrong event: position=" + event.position() + " expected=" + expected
                                + " " + numbered.difference(event));
                    }
                    expected++;
                }
                consumer.commit();
                if (reached != null) {
                    reached.write(ByteBuffer.allocate(Long.BYTES).putLong(0, expected), 0);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
