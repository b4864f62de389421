package dev.eventlog.error;

/** Files were written by a version of this library that this one does not know. They were left untouched. */
public final class UnknownFormatException extends EventLogException {

    private static final long serialVersionUID = 1L;

    private final int found;
    private final int supported;

    /** Made by engines. */
    public UnknownFormatException(String message, int found, int supported) {
        super(message, null);
        this.found = found;
        this.supported = supported;
    }

    /** Version, or required feature bits, that the files say. */
    public int found() {
        return found;
    }

    /** Greatest version, or feature bits, that this library knows. */
    public int supported() {
        return supported;
    }
}
