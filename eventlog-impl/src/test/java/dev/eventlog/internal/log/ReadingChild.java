package dev.eventlog.internal.log;

import dev.eventlog.Consumer;
import dev.eventlog.Event;
import dev.eventlog.EventLog;
import dev.eventlog.EventLogConfig;
import dev.eventlog.StartAt;
import dev.eventlog.error.PositionExpiredException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;

/**
 * A process of {@link ReadingProcessTest} that reads: follows a log with a named consumer and holds each event against what
 * must stand at its position. Tells in a file how far it came, before it commits. Whatever is wrong ends it.
 */
final class ReadingChild {

    private final Numbered numbered;
    private final FileChannel reached;

    private ReadingChild(Numbered numbered, FileChannel reached) {
        this.numbered = numbered;
        this.reached = reached;
    }

    /**
     * @param arguments directory, name of the consumer, file for the position that was reached, seed
     */
    public static void main(String[] arguments) throws IOException {
        try (FileChannel reached =
                FileChannel.open(Path.of(arguments[2]), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            new ReadingChild(new Numbered(Long.parseLong(arguments[3]), 16 << 10), reached)
                    .run(Path.of(arguments[0]), arguments[1]);
        } catch (Throwable wrong) {
            wrong.printStackTrace();
            // not the exit of a JVM that waits for something
            Runtime.getRuntime().halt(1);
        }
    }

    private void run(Path directory, String name) throws IOException {
        EventLogConfig config = EventLogConfig.at(directory).readOnly().build();
        try (EventLog log = EventLog.open(config);
                Consumer<ByteBuffer> consumer = log.consumer(name, Numbered.CODEC)) {
            System.out.println("open at " + consumer.position());
            long expected = consumer.position();
            while (true) {
                try {
                    expected = take(consumer, expected);
                } catch (PositionExpiredException expired) {
                    if (expired.firstPosition() <= expected) {
                        throw new AssertionError("expired at " + expected, expired);
                    }
                    consumer.seek(StartAt.earliest());
                    consumer.commit();
                    expected = consumer.position();
                }
            }
        }
    }

    private long take(Consumer<ByteBuffer> consumer, long from) throws IOException {
        long expected = from;
        for (Event<ByteBuffer> event : consumer.poll(Duration.ofSeconds(1))) {
            if (event.position() != expected) {
                throw new AssertionError("gap: position=" + event.position() + " expected=" + expected);
            }
            if (!numbered.isRight(event)) {
                throw new AssertionError("wrong event: position=" + expected + " " + numbered.difference(event));
            }
            expected++;
        }
        reached.write(ByteBuffer.allocate(Long.BYTES).putLong(0, expected), 0);
        consumer.commit();
        return expected;
    }
}
