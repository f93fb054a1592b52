package io.kumki.ctl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.kumki.ctl.CommandLineUnderTest.Result;
import io.kumki.ctl.session.EtcdStores;
import io.kumki.dcs.etcd.EtcdProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** kumkictl on a real etcd, beside Debian's patronictl on the same keys. */
class KumkictlIT {

    private static final Path PATRONICTL = Path.of("/usr/bin/patronictl");
    private static final ObjectMapper JSON = new ObjectMapper();

    private static EtcdProcess etcd;

    @TempDir private Path directory;

    private FakeApi api;
    private EtcdStores stores;
    private CommandLineUnderTest kumkictl;
    private Path configFile;

    @BeforeAll
    static void startEtcd() {
        etcd = EtcdProcess.single();
    }

    @AfterAll
    static void stopEtcd() {
        etcd.close();
    }

    @BeforeEach
    void aClusterInEtcd() throws IOException {
        api = new FakeApi();
        stores = new EtcdStores();
        kumkictl = new CommandLineUnderTest(stores);
        configFile = directory.resolve("ctl.yml");
        Files.writeString(
                configFile,
                "scope: batman\nnamespace: /service/\netcd3:\n  host: %s\n"
                        .formatted(etcd.endpoint(0).getAuthority()));
        etcd.ctl("del", "--prefix", "/service/");
        put("initialize", "7277694203142172922");
        put("leader", "postgresql0");
        put(
                "config",
                """
                {"ttl":30,"loop_wait":1,"retry_timeout":10,"pause":true,"f":1.5,"l":[],"empty":{},
                "postgresql":{"parameters":{"x":"on","y":"5","multi":"a\\nb\\n","z":null,
                "archive_command":"test ! -f /x/%f && cp %p \\u00e9","work_mem":"8MB"},
                "pg_hba":["local all all trust"]}}\
                """);
        put("status", "{\"optime\":67110120}");
        put(
                "history",
                """
                [[1,25623960,"no recovery target specified","2026-07-01T10:00:00.1+00:00","n1"],
                [2,25623999,"no recovery target specified"]]\
                """);
        member("postgresql0", 5432, "\"role\":\"primary\",\"timeline\":5");
        member(
                "postgresql1",
                5433,
                "\"role\":\"replica\",\"timeline\":5,\"receive_lsn\":67110120,"
                        + "\"replay_lsn\":67110120,\"xlog_location\":67110120,"
                        + "\"tags\":{\"nofailover\":true}");
        member(
                "postgresql2",
                5434,
                "\"role\":\"replica\",\"timeline\":4,\"xlog_location\":67110120,"
                        + "\"tags\":{\"replicatefrom\":\"postgresql1\"}");
    }

    @AfterEach
    void stop() {
        api.close();
        stores.close();
    }

    private static void put(String key, String value) {
        etcd.ctl("put", "--", "/service/batman/" + key, value.replace("\n", ""));
    }

    private void member(String name, int port, String rest) {
        put(
                "members/" + name,
                ("{\"conn_url\":\"postgres://127.0.0.1:%d/postgres\",\"api_url\":\"%s/patroni\","
                                + "\"state\":\"running\",\"version\":\"4.1.4\",%s}")
                        .formatted(port, api.url(), rest));
    }

    private Result kumkictl(String... arguments) {
        List<String> all = new ArrayList<>(List.of("-c", configFile.toString()));
        all.addAll(List.of(arguments));
        return kumkictl.env("PATRONI_ETCD3_HOST", etcd.endpoint(0).getAuthority())
                .run(all.toArray(String[]::new));
    }

    private String patronictl(String... arguments) {
        assumeThat(PATRONICTL).as("Debian's package patroni").isExecutable();
        List<String> command = new ArrayList<>();
        command.add(PATRONICTL.toString());
        command.addAll(List.of("-c", configFile.toString()));
        command.addAll(List.of(arguments));
        try {
            Process process =
                    new ProcessBuilder(command)
                            .redirectError(directory.resolve("patronictl.err").toFile())
                            .start();
            process.getOutputStream().close();
            String out =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            return out;
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException("cannot run " + command, e);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "show-config",
                "history",
                "history -f tsv",
                "history -f json",
                "history -f yaml",
                "dsn",
                "dsn -r replica",
                "dsn -m postgresql2"
            })
    void output_is_that_of_patronictl(String command) {
        String[] arguments = command.split(" ", -1);
        assertThat(kumkictl(arguments).out()).isEqualTo(patronictl(arguments));
    }

    @Test
    void members_are_those_patronictl_sees() throws IOException {
        JsonNode ours = JSON.readTree(kumkictl("list", "-f", "json").out());
        JsonNode theirs = JSON.readTree(patronictl("list", "-f", "json"));
        assertThat(ours).hasSize(3).hasSameSizeAs(theirs);
        for (int i = 0; i < ours.size(); i++) {
            for (String key : List.of("Cluster", "Member", "Host", "Role", "State", "TL", "Tags")) {
                assertThat(ours.get(i).get(key)).as(key).isEqualTo(theirs.get(i).get(key));
            }
        }
        assertThat(kumkictl("topology").out().lines().map(KumkictlIT::firstCell).toList())
                .containsSequence("| postgresql0    ", "| + postgresql1  ", "|   + postgresql2");
        assertThat(patronictl("topology").lines().map(KumkictlIT::firstCell).toList())
                .containsSequence("| postgresql0    ", "| + postgresql1  ", "|   + postgresql2");
    }

    private static String firstCell(String line) {
        return line.substring(0, Math.min(line.length(), 17));
    }

    @Test
    void the_table_has_positions_and_service_lines() {
        assertThat(kumkictl("list").out())
                .startsWith("+ Cluster: batman (7277694203142172922) ")
                .contains(
                        "| postgresql1 | 127.0.0.1:5433 | Replica | running |  5 |   0/40004E8 |"
                                + "   0 |  0/40004E8 |   0 | ")
                .endsWith("\n Maintenance mode: on\n");
    }

    @Test
    void an_edit_shows_and_stores_what_patronictls_does() throws IOException {
        String[] edit = {
            "edit-config",
            "--force",
            "-s",
            "ttl=20",
            "--pg",
            "work_mem=null",
            "-s",
            "l=[1, x]",
            "-s",
            "a.b.c=off",
            "-s",
            "postgresql.parameters.a.b=1"
        };
        String before = etcd.ctl("get", "--print-value-only", "/service/batman/config");
        String ours = kumkictl(edit).out();
        JsonNode storedByUs = storedConfig();
        put("config", before);
        assertThat(ours).isEqualTo(patronictl(edit)).endsWith("Configuration changed\n");
        assertThat(storedByUs).isEqualTo(storedConfig());
    }

    private static JsonNode storedConfig() throws IOException {
        return JSON.readTree(etcd.ctl("get", "--print-value-only", "/service/batman/config"));
    }

    @Test
    void commands_reach_members_and_the_store() {
        api.answers("PATCH /config", 200, "{}").answers("POST /reload", 202, "");
        assertThat(kumkictl("resume").out()).isEqualTo("Success: cluster management is resumed\n");
        assertThat(kumkictl("reload", "batman", "postgresql1", "--force").out())
                .endsWith(
                        "Reload request received for member postgresql1 and will be processed within"
                                + " 1 seconds\n");
        api.close();
        assertThat(kumkictl("failover", "--force", "--candidate", "postgresql2").out())
                .contains(" Could not failover using Patroni api, falling back to DCS\n");
        assertThat(etcd.ctl("get", "--print-value-only", "/service/batman/failover"))
                .isEqualTo("{\"member\":\"postgresql2\"}\n");
        kumkictl.typing("batman", "Yes I am aware", "postgresql0");
        assertThat(kumkictl("remove", "batman").exitCode()).isZero();
        assertThat(etcd.ctl("get", "--prefix", "/service/batman/")).isEmpty();
        assertThat(kumkictl("list").out()).startsWith("+ Cluster: batman (uninitialized) ");
    }

    @Test
    void a_silent_etcd_ends_the_command_in_time() throws IOException {
        try (EtcdProcess other = EtcdProcess.single()) {
            String address = other.endpoint(0).getAuthority();
            other.freeze(0);
            long start = System.nanoTime();
            Result result = kumkictl.env("PATRONI_ETCD3_HOST", address).run("list");
            assertThat(result.exitCode()).isEqualTo(1);
            assertThat(result.err()).startsWith("Error: ").contains(address);
            assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(20));
        }
    }
}
