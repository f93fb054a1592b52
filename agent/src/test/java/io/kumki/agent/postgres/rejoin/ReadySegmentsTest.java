package io.kumki.agent.postgres.rejoin;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.postgres.Cancellation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a stopped server hasn't archived, before pg_rewind may delete it. */
@Timeout(30)
class ReadySegmentsTest {

    private static final String FIRST = "000000010000000000000001";
    private static final String SECOND = "000000010000000000000002";

    @TempDir private Path data;
    @TempDir private Path archive;

    @BeforeEach
    void twoSegmentsAreDue() throws IOException {
        Files.createDirectories(status());
        for (String segment : List.of(SECOND, FIRST)) {
            Files.writeString(data.resolve("pg_wal").resolve(segment), segment);
            Files.createFile(status().resolve(segment + ".ready"));
        }
        Files.createFile(status().resolve("00000002.history.ready"));
    }

    @Test
    void goIntoTheArchiveOldestFirst() throws IOException {
        String command = "cp %p " + archive + "/%f && echo %f >> " + archive + "/order";
        assertThat(ReadySegments.archive(data, command, new Cancellation())).isZero();
        assertThat(Files.readAllLines(archive.resolve("order"))).containsExactly(FIRST, SECOND);
        assertThat(archive.resolve(SECOND)).hasContent(SECOND);
        assertThat(names()).contains(FIRST + ".done", SECOND + ".done");
        assertThat(ReadySegments.archive(data, command, new Cancellation())).isZero();
        assertThat(Files.readAllLines(archive.resolve("order"))).hasSize(2);
    }

    @Test
    void stayDueWhenTheArchiveIsDown() throws IOException {
        assertThat(ReadySegments.archive(data, "false", new Cancellation())).isEqualTo(2);
        assertThat(names()).contains(FIRST + ".ready", SECOND + ".ready");
    }

    private Path status() {
        return data.resolve("pg_wal").resolve("archive_status");
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(status())) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }
}
