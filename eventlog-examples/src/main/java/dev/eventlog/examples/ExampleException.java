package dev.eventlog.examples;

/** An example cannot go on. The message is for the user: what is wrong, where, and what to do. */
public final class ExampleException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int exitCode;

    private ExampleException(int exitCode, String message) {
        super(message);
        this.exitCode = exitCode;
    }

    /** The command line makes no sense. */
    public static ExampleException usage(String message) {
        return new ExampleException(2, message);
    }

    /** The work failed. */
    public static ExampleException failed(String message) {
        return new ExampleException(1, message);
    }

    /** What the program ends with: 1 failed, 2 the command line makes no sense. */
    public int exitCode() {
        return exitCode;
    }
}
