package dev.eventlog.error;

import org.jspecify.annotations.Nullable;

/**
 * An operation on a log failed. The message says what happened, where, and what to do. Sealed, so that a program can
 * tell all kinds apart.
 */
public abstract sealed class EventLogException extends RuntimeException
        permits AppendConflictException,
                CorruptLogException,
                DecodeException,
                EventTooLargeException,
                LockedException,
                LogClosedException,
                LogFailedException,
                PositionExpiredException,
                StorageFullException,
                UnknownFormatException {

    private static final long serialVersionUID = 1L;

    EventLogException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
