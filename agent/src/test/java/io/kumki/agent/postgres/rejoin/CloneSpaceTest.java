package io.kumki.agent.postgres.rejoin;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CloneSpaceTest {

    private static final long EXABYTE = 1L << 60;

    @TempDir Path base;

    private Source.Sizes sizes(Map<String, Long> bytes) {
        return new Source.Sizes(new TreeMap<>(bytes));
    }

    @Test
    void aSmallCopyHasRoom() throws IOException {
        TestServer server = TestServer.at(base, "missing/data");

        assertThat(CloneSpace.lacking(server.config(), sizes(Map.of("", 1000L)), List.of()))
                .isEmpty();
    }

    @Test
    void aCopyWithoutRoomIsRefusedWithNumbersAndRemedy() throws IOException {
        TestServer server = TestServer.at(base, "data");
        Files.createDirectories(server.dataDir);

        assertThat(CloneSpace.lacking(server.config(), sizes(Map.of("", EXABYTE)), List.of()))
                .get()
                .asString()
                .contains("1048576.0 TB")
                .contains(server.dataDir.toString())
                .contains("nothing was removed")
                .contains("postgresql.data_dir");
    }

    @Test
    void tablespacesCountWhereTheyAreMappedTo() throws IOException {
        TestServer server = TestServer.at(base, "data");

        assertThat(
                        CloneSpace.lacking(
                                server.config(),
                                sizes(Map.of("", 1L, "/far/away", EXABYTE)),
                                List.of("--tablespace-mapping=/far/away=" + base.resolve("near"))))
                .get()
                .asString()
                .contains("1048576.0 TB");
    }

    @Test
    void measuresWhatLiesInADirectory() throws IOException {
        Path tree = Files.createDirectories(base.resolve("tree/deep"));
        Files.writeString(tree.resolve("file"), "12345");
        Files.createSymbolicLink(base.resolve("tree/link"), base);

        assertThat(CloneSpace.bytes(base.resolve("tree"))).isEqualTo(5);
        assertThat(CloneSpace.bytes(base.resolve("nowhere"))).isZero();
        assertThat(CloneSpace.text(1536)).isEqualTo("1.5 kB");
    }
}
