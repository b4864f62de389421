package dev.eventlog.torture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Whatever a power cut leaves of what was not forced: nothing durable is lost, nothing wrong is read, the log goes on. */
class PowerCutTest {

    @Test
    @Tag("build")
    void imagesOfPowerCutsLoseNothingThatWasForced() throws IOException {
        var cuts = new PowerCuts(Run.of(PowerCutTest.class, 200, 5));
        cuts.run();
        assertThat(cuts.images()).isGreaterThan(5);
    }
}
