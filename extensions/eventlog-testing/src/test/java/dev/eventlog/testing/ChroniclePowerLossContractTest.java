package dev.eventlog.testing;

import dev.eventlog.Durability;
import dev.eventlog.EventLogConfig;
import java.nio.file.Path;

/** The contract, kept by a log on disk whose appends survive a power cut. */
class ChroniclePowerLossContractTest extends ChronicleEventLogContractTest {

    @Override
    EventLogConfig.Builder settings(Path where) {
        return super.settings(where).durability(Durability.POWER_LOSS);
    }
}
