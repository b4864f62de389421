package dev.eventlog.examples.market;

import static org.assertj.core.api.Assertions.assertThat;

import dev.eventlog.examples.market.OrderEvent.Delete;
import dev.eventlog.examples.market.OrderEvent.Halt;
import dev.eventlog.examples.market.OrderEvent.NewOrder;
import dev.eventlog.examples.market.OrderEvent.Phase;
import dev.eventlog.examples.market.OrderEvent.Side;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class AuditTest {

    private static final Message FIRST = new Message(1, new NewOrder(7, Side.BUY, 18, 500));
    private static final Message SECOND = new Message(2, new Halt(Phase.HALTED));

    private static String checksum(Message... messages) {
        var audit = new Audit();
        List.of(messages).forEach(audit::apply);
        return audit.checksum();
    }

    @Test
    void everyDifferenceChangesTheChecksum() {
        var checksums = new HashSet<String>();
        checksums.add(checksum());
        checksums.add(checksum(FIRST));
        checksums.add(checksum(FIRST, SECOND));
        checksums.add(checksum(SECOND, FIRST));
        checksums.add(checksum(FIRST, FIRST));
        checksums.add(checksum(new Message(2, new NewOrder(7, Side.BUY, 18, 500))));
        checksums.add(checksum(new Message(1, new Delete(7, Side.BUY, 18, 500))));
        checksums.add(checksum(new Message(1, new NewOrder(8, Side.BUY, 18, 500))));
        checksums.add(checksum(new Message(1, new NewOrder(7, Side.SELL, 18, 500))));
        checksums.add(checksum(new Message(1, new NewOrder(7, Side.BUY, 19, 500))));
        checksums.add(checksum(new Message(1, new NewOrder(7, Side.BUY, 18, 501))));
        checksums.add(checksum(FIRST, new Message(2, new Halt(Phase.TRADING))));
        assertThat(checksums).hasSize(12);
    }

    @Test
    void askingForTheChecksumDoesNotChangeIt() {
        var audit = new Audit();
        audit.apply(FIRST);
        assertThat(audit.checksum()).isEqualTo(audit.checksum());
        audit.apply(SECOND);
        assertThat(audit.checksum()).isEqualTo(checksum(FIRST, SECOND));
    }

    @Test
    void countsByType() {
        var audit = new Audit();
        List.of(FIRST, SECOND, FIRST).forEach(audit::apply);
        assertThat(audit.count(NewOrder.class)).isEqualTo(2);
        assertThat(audit.count(Halt.class)).isEqualTo(1);
        assertThat(audit.count(Delete.class)).isZero();
    }
}
