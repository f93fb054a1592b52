package io.kumki.agent.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.config.PostgresConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The access file around a custom bootstrap, with a configuration directory of its own. */
@Timeout(10)
class BootstrapAccessTest {

    @TempDir private Path directory;
    private Path data;
    private Path file;
    private Installation installation;
    private BootstrapAccess access;

    @BeforeEach
    void prepareDirectories() throws IOException {
        ServerFixture pg = new ServerFixture(directory, "pg");
        data = Files.createDirectories(pg.dataDir());
        file = Files.createDirectories(directory.resolve("etc")).resolve("pg_hba.conf");
        PostgresConfig.Files files = pg.config.files();
        installation =
                new Installation(
                        ServerFixture.changed(
                                pg.config,
                                pg.config.listen(),
                                new PostgresConfig.Files(
                                        data,
                                        directory.resolve("etc"),
                                        files.binDir(),
                                        files.binNames(),
                                        files.configBaseName(),
                                        files.customConf(),
                                        files.pgpass()),
                                pg.config.sockets(),
                                List.of(),
                                List.of()));
        access = new BootstrapAccess(installation);
    }

    @Test
    void theOriginalComesBackAlsoAfterASecondStart() throws IOException {
        Files.writeString(file, "local all all peer\n");
        access.restrict();
        new BootstrapAccess(installation).restrict();
        assertThat(file).content().contains("trust").doesNotContain("peer");
        assertThat(BootstrapAccess.runs(data)).isTrue();

        assertThat(new BootstrapAccess(installation).putBack()).isTrue();

        assertThat(file).hasContent("local all all peer\n");
        assertThat(BootstrapAccess.runs(data)).isFalse();
        assertThat(access.putBack()).isFalse();
    }

    @Test
    void oursGoesWhereNoneWasAndNoEmptyOneStays() throws IOException {
        assertThat(access.hasSuccessor()).isFalse();
        Files.createFile(file);
        assertThat(access.hasSuccessor()).isFalse();
        Files.writeString(data.resolve("pg_hba.conf"), "local all all peer\n");
        assertThat(access.hasSuccessor()).isTrue();
        access.restrict();

        access.putBack();

        assertThat(file).doesNotExist();
        assertThat(data.resolve("pg_hba.conf")).hasContent("local all all peer\n");
    }

    /** An agent was killed, and its half made cluster removed by hand. */
    @Test
    void theOriginalComesBackWithoutTheDataDirectory() throws IOException {
        Files.writeString(file, "local all all peer\n");
        access.restrict();
        BootstrapAccess.endLeftOver(installation);
        assertThat(file).as("while the bootstrap works").content().contains("trust");
        Files.delete(data.resolve("pg_hba.conf.kumki-saved"));

        BootstrapAccess.endLeftOver(installation);

        assertThat(file).hasContent("local all all peer\n");
        assertThat(directory.resolve("etc").toFile().list()).containsExactly("pg_hba.conf");
    }
}
