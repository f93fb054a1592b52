package io.kumki.agent.postgres.rejoin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kumki.agent.ha.LocalServer.UnfinishedWork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnfinishedMarkerTest {

    @TempDir Path base;
    private Path dataDir = Path.of("");

    @BeforeEach
    void makeDirectory() throws IOException {
        dataDir = Files.createDirectory(base.resolve("data"));
    }

    @Test
    void eachKindOfWorkIsKnownByItsMarkerUntilItEnds() throws IOException {
        assertThat(UnfinishedMarker.read(dataDir)).isEmpty();

        UnfinishedMarker.beginClone(dataDir);
        assertThat(UnfinishedMarker.read(dataDir)).contains(UnfinishedWork.CLONE);
        UnfinishedMarker.end(dataDir);

        UnfinishedMarker.beginRewind(dataDir);
        assertThat(UnfinishedMarker.read(dataDir)).contains(UnfinishedWork.REWIND);
        UnfinishedMarker.end(dataDir);

        UnfinishedMarker.beginBootstrap(dataDir);
        assertThat(UnfinishedMarker.read(dataDir)).contains(UnfinishedWork.BOOTSTRAP);
        UnfinishedMarker.beginForeignClone(dataDir);
        assertThat(UnfinishedMarker.read(dataDir)).contains(UnfinishedWork.CLONE);
        DataRemoval.remove(dataDir);
        assertThat(UnfinishedMarker.read(dataDir))
                .as("it stands beside the directory")
                .contains(UnfinishedWork.CLONE);
        UnfinishedMarker.end(dataDir);

        assertThat(UnfinishedMarker.read(dataDir)).isEmpty();
        assertThat(base).isEmptyDirectory();
    }

    @Test
    void aMarkerThatCannotBeLookedForIsNotNone() throws IOException {
        Path loop = base.resolve("loop");
        Files.createSymbolicLink(loop, loop);
        assertThatThrownBy(() -> UnfinishedMarker.read(loop)).isInstanceOf(IOException.class);
    }

    @Test
    void removalTakesWalAndTablespacesAndKeepsTheMarkerWhenClearing() throws IOException {
        Path wal = Files.createDirectory(base.resolve("wal"));
        Path tablespace = Files.createDirectories(base.resolve("ts/PG_15_1"));
        Files.createFile(wal.resolve("000000010000000000000001"));
        Files.createFile(tablespace.resolve("1"));
        Files.createDirectory(dataDir.resolve("pg_tblspc"));
        Files.createSymbolicLink(dataDir.resolve("pg_wal"), wal);
        Files.createSymbolicLink(dataDir.resolve("pg_tblspc/16384"), base.resolve("ts"));
        Files.createFile(dataDir.resolve("PG_VERSION"));
        UnfinishedMarker.beginClone(dataDir);

        DataRemoval.clear(dataDir);

        assertThat(dataDir).isDirectoryContaining("glob:**/kumki.unfinished");
        assertThat(base.toFile().list()).containsExactly("data");
        DataRemoval.remove(dataDir);
        assertThat(base).isEmptyDirectory();
    }

    @Test
    void aLinkedDataDirectoryIsOnlyUnlinked() throws IOException {
        Files.createFile(dataDir.resolve("kept"));
        Path link = Files.createSymbolicLink(base.resolve("link"), dataDir);

        DataRemoval.remove(link);

        assertThat(link).doesNotExist();
        assertThat(dataDir.resolve("kept")).exists();
    }

    @Test
    void settingAsideMovesWhatLinksLeadToAsWell() throws IOException {
        Path wal = Files.createDirectory(base.resolve("wal"));
        Files.createFile(wal.resolve("segment"));
        Files.createSymbolicLink(dataDir.resolve("pg_wal"), wal);
        Files.createDirectories(base.resolve("data.failed/older"));

        DataRemoval.setAside(dataDir);

        assertThat(dataDir).doesNotExist();
        assertThat(base.resolve("data.failed/pg_wal/segment")).exists();
        assertThat(base.resolve("data.failed/older")).doesNotExist();
        assertThat(base.resolve("wal.failed/segment")).exists();
    }
}
