package dev.eventlog;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Pins the name and version under which a record is stored, so that the class may be renamed and moved. Without it a
 * record is stored under its simple name, as version 1.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface EventType {

    /** The stored name; empty: the class's simple name. */
    String value() default "";

    /** The stored version, 1 or more. Raise it, with an {@link Codec.Upcast}, when old payloads cannot be read as new. */
    int version() default 1;

    /** Names under which the type was stored before; payloads of them with this version are still read. */
    String[] was() default {};

    /** Names under which a record's component was stored before. */
    @Documented
    @Retention(RetentionPolicy.RUNTIME)
    @Target(ElementType.RECORD_COMPONENT)
    @interface Was {

        /** The earlier names. */
        String[] value();
    }
}
