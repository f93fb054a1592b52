package io.kumki.agent.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.json.ConfigPatch;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StrictValidatorTest {

    private static final String VALID =
            """
            scope: main
            name: pg-1
            restapi: {listen: '10.0.0.1:8008', connect_address: '10.0.0.1:8008'}
            etcd3: {hosts: ['10.0.0.9:2379']}
            bootstrap: {dcs: {ttl: 30}}
            postgresql:
              listen: 10.0.0.1:5432
              connect_address: 10.0.0.1:5432
              data_dir: DIR/data
              bin_dir: DIR/bin
              authentication:
                superuser: {username: postgres, password: x}
                replication: {username: repl, password: x}
            """;

    @TempDir Path directory;

    @BeforeEach
    void installPrograms() throws IOException {
        Files.createDirectory(directory.resolve("bin"));
        for (String program : DirectoryChecks.PROGRAMS) {
            Path file = Files.createFile(directory.resolve("bin").resolve(program));
            assertThat(file.toFile().setExecutable(true)).isTrue();
        }
    }

    @Test
    void saysNothingAboutAValidConfiguration() throws Exception {
        assertThat(lines("")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "scope: null | scope  is not defined.",
                "name: 5 | name 5 is not a string",
                "restapi: null | restapi  is not defined.",
                "restapi: {connect_address: null} | restapi.connect_address  is not defined.",
                "log: {level: info} | log.level info didn't pass validation: Wrong value",
                "log: {mode: 0o7} | log.mode 0o7 is not an integer",
                "log: {mode: 512} | log.mode 512 didn't pass validation: Wrong value",
                "log: {format: []} | log.format [] didn't pass validation: should contain at least one item",
                "log: {format: 5} | log.format 5 didn't pass validation: Should be a string or a list",
                "ctl: {insecure: 'on'} | ctl.insecure on is not a boolean",
                "ctl: [] | ctl [] is not a dictionary",
                "restapi: {allowlist: []} | restapi.allowlist [] is an empty list",
                "restapi: {allowlist: [1]} | restapi.allowlist.0 1 is not a string",
                "restapi: {authentication: {username: a}} | restapi.authentication.password  is not defined.",
                "restapi: {listen: 'x:y'} | restapi.listen x:y didn't pass validation: contains a wrong value",
                "restapi: {connect_address: 'localhost:1'} | restapi.connect_address localhost:1 didn't pass validation: must not contain \"127.0.0.1\", \"0.0.0.0\", \"*\", \"::1\", \"localhost\"",
                "postgresql: {listen: '*,a:5432'} | postgresql.listen *,a:5432 didn't pass validation: expecting '*' alone",
                "postgresql: {listen: '10.0.0.2,used:5432'} | postgresql.listen 10.0.0.2,used:5432 didn't pass validation: Port 5432 is already in use.",
                "etcd3: {hosts: 'dead'} | etcd3.hosts.0 dead didn't pass validation: dead:2379 is not reachable",
                "bootstrap: {dcs: {ttl: 4}} | bootstrap.dcs.ttl 4 didn't pass validation: Wrong value",
                "bootstrap: {dcs: null} | bootstrap.dcs  is not defined.",
                "postgresql: {data_dir: ''} | postgresql.data_dir  didn't pass validation: is an empty string",
                "postgresql: {bin_dir: /no/where} | postgresql.bin_dir /no/where didn't pass validation: Directory '/no/where' does not exist.",
                "watchdog: {mode: Off} | watchdog.mode Off didn't pass validation: Wrong value",
                "tags: {nosync: 1} | tags.nosync 1 is not a boolean",
                "tags: {nosync: true, sync_priority: 0} | tags {nosync=true, sync_priority=0} Multiple of ('nosync', 'sync_priority') provided"
            })
    void printsOneLineForEachFinding(String yaml, String line) throws Exception {
        assertThat(lines(yaml.replace("Off", "'Off'"))).containsExactly(line);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "log: {file_num: true}",
                "watchdog: {mode: off}",
                "bootstrap: {dcs: {ttl: 5}}",
                "bootstrap: {dcs: {synchronous_mode: quorum, member_slots_ttl: 30min}}",
                "restapi: {connect_address: 'h'}"
            })
    void accepts(String yaml) throws Exception {
        assertThat(lines(yaml)).isEmpty();
    }

    @Test
    void tellsWhatToDoAboutTheOldApiOfEtcd() throws Exception {
        assertThat(lines("etcd3: null\netcd: {host: h}"))
                .singleElement()
                .asString()
                .contains("rename the section to etcd3");
    }

    @Test
    void looksIntoTheDataDirectory() throws Exception {
        Path data = Files.createDirectory(directory.resolve("data"));
        assertThat(lines("")).isEmpty();

        Files.createFile(data.resolve("x"));
        assertThat(lines("")).singleElement().asString().endsWith("valid data directory");

        Files.writeString(data.resolve("PG_VERSION"), "14\n");
        assertThat(lines("")).singleElement().asString().contains("doesn't contain \"pg_wal\"");

        Files.createDirectory(data.resolve("pg_wal"));
        assertThat(lines(""))
                .singleElement()
                .asString()
                .endsWith("version (14) doesn't match with 'postgres --version' output (15)");

        Files.writeString(data.resolve("PG_VERSION"), "15\n");
        assertThat(lines("")).isEmpty();
    }

    @Test
    void missesPrograms() throws Exception {
        Files.delete(directory.resolve("bin/initdb"));

        assertThat(lines("postgresql: {bin_name: {pg_ctl: mine}}"))
                .hasSize(2)
                .first()
                .asString()
                .contains("postgresql.bin_name.pg_ctl mine")
                .contains("does not contain 'mine' in '");
        assertThat(lines("postgresql: {bin_dir: null}"))
                .containsExactly(
                        "postgresql.bin_dir  didn't pass validation: does not contain 'initdb' in"
                                + " '$PATH'");
    }

    @Test
    void noticesAPortThatIsReallyInUse() throws Exception {
        Surroundings real = Surroundings.real("");
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String listen = "127.0.0.1:" + socket.getLocalPort();

            assertThat(new AddressChecks(real, false).listen(listen, false))
                    .containsExactly("Port " + socket.getLocalPort() + " is already in use.");
            assertThat(new AddressChecks(real, true).listen(listen, false)).isEmpty();
        }
    }

    private List<String> lines(String yaml) throws InvalidConfigException {
        Map<String, @Nullable Object> tree =
                ConfigPatch.apply(
                        Configs.tree(VALID.replace("DIR", directory.toString())),
                        Configs.tree(yaml));
        return StrictValidator.validate(tree, false, new Machine()).stream()
                .map(Problem::line)
                .toList();
    }

    /** Where etcd answers, PostgreSQL is 15, and one port is taken. */
    private final class Machine implements Surroundings {
        @Override
        public boolean answers(HostPort address) {
            return Set.of("10.0.0.9", "used").contains(address.host());
        }

        @Override
        public Optional<String> version(Path program) {
            return Optional.of("postgres (PostgreSQL) 15.9 (Debian 15.9-1)");
        }

        @Override
        public String searchPath() {
            return "/nowhere:" + directory.resolve("bin") + ":" + directory.resolve("bin");
        }
    }
}
