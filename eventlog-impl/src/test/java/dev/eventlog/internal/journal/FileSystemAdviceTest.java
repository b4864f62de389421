package dev.eventlog.internal.journal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FileSystemAdviceTest {

    @ParameterizedTest
    @ValueSource(strings = {"ext4", "xfs", "overlay"})
    void nothingIsSaidWhereThePromiseHolds(String type) {
        assertThat(FileSystemAdvice.concern(type)).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "nfs4, other machines",
        "CIFS, other machines",
        "fuse.sshfs, other machines",
        "9p, other machines",
        "tmpfs, power cut",
        "btrfs, full disk",
        "vfat, not tried"
    })
    void whatCannotBePromisedIsSaid(String type, String words) {
        assertThat(FileSystemAdvice.concern(type)).contains(words);
    }
}
