package io.kumki.agent.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.postgres.SlotCopier.Copy;
import io.kumki.agent.postgres.SlotCopier.DecodingSnapshot;
import io.kumki.dcs.cluster.Lsn;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What of a copied slot lies in a stopped server's data directory. */
@Timeout(10)
class SlotCopierTest {

    private static final byte[] STATE = {1, 2, 3};
    private static final byte[] SNAPSHOT = {4, 5};

    @TempDir private Path data;

    @BeforeEach
    void prepareDataDirectory() throws IOException {
        Files.createDirectories(data.resolve("pg_replslot"));
        Files.createDirectories(data.resolve("pg_logical/snapshots"));
        Files.writeString(data.resolve("PG_VERSION"), "15\n");
        Files.setPosixFilePermissions(
                data.resolve("PG_VERSION"), PosixFilePermissions.fromString("rw-r-----"));
    }

    @Test
    void theDecodingSnapshotComesWithTheSlotAndNothingElseIsLeft() throws IOException {
        Files.writeString(data.resolve("pg_logical/snapshots/0-AB.snap"), "of another past");
        SlotCopier.write(data, Map.of("feed", copy(Optional.of("0-AB.snap"))));
        assertThat(files())
                .containsExactly(
                        "PG_VERSION", "pg_logical/snapshots/0-AB.snap", "pg_replslot/feed/state");
        Path snapshot = data.resolve("pg_logical/snapshots/0-AB.snap");
        assertThat(snapshot).hasBinaryContent(SNAPSHOT);
        assertThat(data.resolve("pg_replslot/feed/state")).hasBinaryContent(STATE);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(snapshot)))
                .isEqualTo("rw-r-----");
    }

    @Test
    void aSlotWithoutOneIsCopiedAndOneThatIsThereStays() throws IOException {
        Files.createDirectories(data.resolve("pg_replslot/mine"));
        Files.writeString(data.resolve("pg_replslot/mine/state"), "own");
        SlotCopier.write(
                data,
                Map.of("feed", copy(Optional.empty()), "mine", copy(Optional.of("0-AB.snap"))));
        assertThat(files())
                .containsExactly("PG_VERSION", "pg_replslot/feed/state", "pg_replslot/mine/state");
        assertThat(data.resolve("pg_replslot/mine/state")).hasContent("own");
    }

    @Test
    void whatABrokenCopyLeftIsReplaced() throws IOException {
        Files.createDirectories(data.resolve("pg_replslot/feed.tmp"));
        Files.writeString(data.resolve("pg_replslot/feed.tmp/state"), "half of a longer one");
        Files.writeString(data.resolve("pg_logical/snapshots/0-AB.snap.kumki.tmp"), "half");
        SlotCopier.write(data, Map.of("feed", copy(Optional.of("0-AB.snap"))));
        assertThat(files())
                .containsExactly(
                        "PG_VERSION", "pg_logical/snapshots/0-AB.snap", "pg_replslot/feed/state");
        assertThat(data.resolve("pg_replslot/feed/state")).hasBinaryContent(STATE);
    }

    @Test
    void aSlotIsCopiedOnlyWhereTheLogBeginsThatItNeeds() throws IOException {
        Files.createDirectories(data.resolve("pg_wal/archive_status"));
        Files.createFile(data.resolve("pg_wal/00000002.history"));
        Files.createFile(data.resolve("pg_wal/000000020000000100000043"));
        assertThat(remaining()).isEmpty();
        Files.createFile(data.resolve("pg_wal/000000010000000100000042"));
        assertThat(remaining()).containsExactly("feed");
    }

    /** PostgreSQL doesn't start with more. */
    @Test
    void onlyAsManyAreCopiedAsThereArePlacesFor() throws IOException {
        Files.createDirectories(data.resolve("pg_replslot/own"));
        Files.createDirectories(data.resolve("pg_replslot/second"));
        Files.createDirectories(data.resolve("pg_replslot/broken.tmp"));
        assertThat(SlotCopier.room(data, 2)).isZero();
        assertThat(SlotCopier.room(data, 1)).isZero();
        SortedMap<String, Copy> copies = new TreeMap<>();
        for (String name : List.of("first", "second", "third")) {
            copies.put(name, copy(Optional.empty()));
        }

        assertThat(SlotCopier.withoutRoom(data, 3, copies)).containsExactly("third");

        assertThat(copies).containsOnlyKeys("first", "second");
        assertThat(SlotCopier.withoutRoom(data, 2, copies)).containsExactly("first");
    }

    private Set<String> remaining() throws IOException {
        SortedMap<String, Copy> copies = new TreeMap<>(Map.of("feed", copy(Optional.empty())));
        SortedSet<String> without = SlotCopier.withoutLog(data, 16 << 20, copies);
        assertThat(without.contains("feed")).isNotEqualTo(copies.containsKey("feed"));
        return copies.keySet();
    }

    private static Copy copy(Optional<String> snapshot) {
        return new Copy(
                ByteBuffer.wrap(STATE),
                snapshot.map(file -> new DecodingSnapshot(file, ByteBuffer.wrap(SNAPSHOT))),
                new Lsn(0x1_4200_0000L));
    }

    private List<String> files() throws IOException {
        try (Stream<Path> all = Files.walk(data)) {
            return all.filter(Files::isRegularFile)
                    .map(file -> data.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }
}
