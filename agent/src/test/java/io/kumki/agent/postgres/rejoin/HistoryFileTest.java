package io.kumki.agent.postgres.rejoin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.TimelineHistory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HistoryFileTest {

    @TempDir Path dataDir;

    private Path write(String name, String content) throws IOException {
        Path wal = Files.createDirectories(dataDir.resolve("pg_wal"));
        return Files.writeString(wal.resolve(name), content);
    }

    @Test
    void givesTheNewestLineTheFilesTimeAndTheOwnName() throws IOException {
        Path file =
                write(
                        "00000003.history",
                        """
                        1\t0/186FC98\tno recovery target specified

                        2\t1/0\tbefore 2026-11-21
                        """);
        Files.setLastModifiedTime(
                file, FileTime.from(Instant.parse("2026-07-01T10:00:00.123456Z")));

        TimelineHistory history = HistoryFile.read(dataDir, 3, "node1", ZoneOffset.UTC);

        assertThat(history.clusterTimeline()).isEqualTo(3);
        assertThat(history.entries().getFirst().switchLsn()).isEqualTo(new Lsn(25623704));
        assertThat(history.entries().getFirst().newLeader()).isEmpty();
        assertThat(history.entries().getLast().time()).contains("2026-07-01T10:00:00.123456+00:00");
        assertThat(history.entries().getLast().newLeader()).contains("node1");
    }

    @Test
    void readsHistoriesOfAnyLength() {
        StringBuilder content = new StringBuilder();
        for (int timeline = 1; timeline <= 5000; timeline++) {
            content.append(timeline).append("\t0/").append(timeline).append("\tpromoted\n");
        }
        assertThat(HistoryFile.parse(content.toString())).hasSize(5000);
    }

    @Test
    void timelineOneHasNoFile() throws IOException {
        assertThat(HistoryFile.read(dataDir, 1, "node1", ZoneOffset.UTC))
                .isEqualTo(TimelineHistory.EMPTY);
    }

    @Test
    void aBrokenOrMissingFileIsNoShortHistory() throws IOException {
        write("00000002.history", "1\tnonsense\tx\n");

        assertThatThrownBy(() -> HistoryFile.read(dataDir, 2, "node1", ZoneOffset.UTC))
                .hasMessageContaining("00000002.history")
                .hasMessageContaining("nonsense");
        assertThatThrownBy(() -> HistoryFile.read(dataDir, 9, "node1", ZoneOffset.UTC))
                .isInstanceOf(IOException.class);
    }
}
