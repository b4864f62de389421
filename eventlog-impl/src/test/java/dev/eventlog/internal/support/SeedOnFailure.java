package dev.eventlog.internal.support;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/**
 * Adds to the failure of a random test how to repeat it.
 *
 * <p><b>Threading:</b> Immutable.
 */
public final class SeedOnFailure implements TestExecutionExceptionHandler {

    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
        Seed seed = Seed.last();
        if (seed != null && context.getRequiredTestClass().getSimpleName().equals(seed.test())) {
            failure.addSuppressed(new Repeat(seed));
        }
        throw failure;
    }

    /** Only a message. */
    private static final class Repeat extends Throwable {
        private static final long serialVersionUID = 1;

        Repeat(Seed seed) {
            super(seed.toString(), null, false, false);
        }
    }
}
