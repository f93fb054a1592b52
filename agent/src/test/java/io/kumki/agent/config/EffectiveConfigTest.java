package io.kumki.agent.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EffectiveConfigTest {

    @Test
    void startsFromTheDefaultsOfControlledParameters() throws Exception {
        assertThat(merge("", "").postgres().parameters())
                .isEqualTo(
                        Map.of(
                                "max_connections", "100",
                                "max_wal_senders", "10",
                                "max_replication_slots", "10",
                                "max_worker_processes", "8",
                                "max_prepared_transactions", "0",
                                "max_locks_per_transaction", "64",
                                "wal_level", "hot_standby",
                                "wal_log_hints", "on",
                                "track_commit_timestamp", "off",
                                "hot_standby", "on"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "max_connections: 24 | max_connections | 100 | true",
                "max_connections: 25 | max_connections | 25 | false",
                "max_connections: '200' | max_connections | 200 | false",
                "max_connections: many | max_connections | 100 | true",
                "max_connections: 99999999999 | max_connections | 100 | true",
                "max_wal_senders: 2 | max_wal_senders | 10 | true",
                "max_replication_slots: 4 | max_replication_slots | 4 | false",
                "max_worker_processes: 1 | max_worker_processes | 8 | true",
                "max_locks_per_transaction: 31 | max_locks_per_transaction | 64 | true",
                "WAL_LEVEL: Logical | wal_level | logical | false",
                "wal_level: minimal | wal_level | hot_standby | true",
                "hot_standby: off | hot_standby | on | true",
                "wal_log_hints: off | wal_log_hints | off | false",
                "wal_keep_size: 16MB | wal_keep_size | 16MB | false",
                "wal_keep_size: 1GB | wal_keep_size | 1024MB | false",
                "wal_keep_size: 15 | wal_keep_size | 128MB | true",
                "wal_keep_segments: 0 | wal_keep_segments | 8 | true"
            })
    void checksControlledParameters(String yaml, String name, String value, boolean warns)
            throws Exception {
        EffectiveConfig config = merge("", "postgresql: {parameters: {" + yaml + "}}");

        assertThat(config.postgres().parameters()).containsEntry(name, value);
        assertThat(config.warnings()).hasSize(warns ? 1 : 0);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "on | on",
                "'yes' | yes",
                "1000 | 1000",
                "1.5 | 1.5",
                "64MB | 64MB",
                "[a, b] | a,b",
                "0644 | 420"
            })
    void writesValuesAsTheServerReadsThem(String yaml, String text) throws Exception {
        assertThat(
                        merge("postgresql: {parameters: {x.y: " + yaml + "}}", "")
                                .postgres()
                                .parameters())
                .containsEntry("x.y", text);
    }

    @Test
    void putsLocalParametersOverDynamicOnesExceptControlledOnes() throws Exception {
        EffectiveConfig config =
                merge(
                        "postgresql: {parameters: {Work_Mem: 8MB, max_connections: 500, port: 1}}",
                        "postgresql: {parameters: {work_mem: 4MB, fsync: off, port: 2, jit: null}}");

        assertThat(config.postgres().parameters())
                .containsEntry("work_mem", "8MB")
                .containsEntry("fsync", "off")
                .containsEntry("max_connections", "100")
                .doesNotContainKeys("port", "Work_Mem", "jit");
        assertThat(config.warnings()).singleElement().asString().contains("port is ignored");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{synchronous_mode: on, synchronous_mode_strict: on} | off",
                "{synchronous_mode: quorum, synchronous_mode_strict: on} | off",
                "{synchronous_mode: on, synchronous_mode_strict: on, pause: on} | on",
                "{synchronous_mode: on} | on",
                "{synchronous_mode_strict: on} | on"
            })
    void inStrictModeAServerDoesNotRecoverByItself(String dynamic, String value) throws Exception {
        assertThat(
                        merge("postgresql: {parameters: {restart_after_crash: on}}", dynamic)
                                .postgres()
                                .parameters())
                .containsEntry("restart_after_crash", value);
    }

    @Test
    void replacesOtherKeysAsAWholeAndKeepsEachSidesOwn() throws Exception {
        PostgresConfig postgres =
                merge(
                                "postgresql: {pg_hba: [local], use_slots: false, use_pg_rewind: true}",
                                "postgresql: {pg_hba: [a, b], pg_ident: [c], data_dir: /x, listen: 'x:1',"
                                        + " authentication: {superuser: {username: evil}}, pg_ctl_timeout: 2min}")
                        .postgres();

        assertThat(postgres.pgHba()).containsExactly("local");
        assertThat(postgres.pgIdent()).containsExactly("c");
        assertThat(postgres.useSlots()).isTrue();
        assertThat(postgres.rejoin().usePgRewind()).isTrue();
        assertThat(postgres.files().dataDir()).hasToString("/data/pg");
        assertThat(postgres.listen().port()).isEqualTo(5432);
        assertThat(postgres.superuser().username()).contains("postgres");
        assertThat(postgres.rewind()).isEqualTo(postgres.superuser());
        assertThat(postgres.pgCtlTimeout()).hasSeconds(120);
        assertThat(merge("", "postgresql: {use_slots: off}").postgres().useSlots()).isFalse();
    }

    @Test
    void saysOfEachValueThatSteersTheLoopWhatIsTakenInstead() throws Exception {
        assertThat(merge("", "maximum_lag_on_failover: -1\npause: maybe\nttl: 1e12").warnings())
                .containsExactly(
                        "maximum_lag_on_failover: -1 (allowed: a whole number, at least 0):"
                                + " members take 0",
                        "pause: maybe (allowed: true or false (on, off, yes, no, 1, 0)): members"
                                + " take it for false",
                        "ttl=1000000000000 can't be larger than 316224000, adjusting...");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'*' | * | localhost:5432",
                "'*:6000' | * | localhost:6000",
                "'10.0.0.1,127.0.0.1:6000' | 10.0.0.1,127.0.0.1 | localhost:6000",
                "10.0.0.1:6000 | 10.0.0.1 | 10.0.0.1:6000",
                "'[fe80::1]:6000' | fe80::1 | [fe80::1]:6000",
                "'::1:6000' | ::1 | [::1]:6000",
                "'::1' | ::1 | [::1]:5432",
                "'fe80::1' | fe80::1 | [fe80::1]:5432",
                "host | host | host:5432"
            })
    void readsListenAddresses(String yaml, String addresses, String connect) throws Exception {
        PostgresConfig.Listen listen =
                merge("postgresql: {listen: " + yaml + "}", "").postgres().listen();

        assertThat(listen.addresses()).isEqualTo(addresses);
        assertThat(new HostPort(listen.connectHost(), listen.connectPort())).hasToString(connect);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "ttl: abc | ttl = abc must be an integer",
                "loop_wait: 5min | loop_wait = 5min",
                "retry_timeout: [1] | retry_timeout",
                "postgresql: {parameters: [a]} | postgresql.parameters must be a mapping",
                "postgresql: x | postgresql must be a mapping"
            })
    void refusesADynamicConfigurationAsAWhole(String yaml, String message) {
        assertThatThrownBy(() -> merge("", yaml))
                .isInstanceOf(RefusedConfigException.class)
                .hasMessageContaining(message);
    }

    @Test
    void adjustsTheThreeTimesAndSaysSo() throws Exception {
        EffectiveConfig config = merge("", "{ttl: 30, loop_wait: 10, retry_timeout: '20', x: 1}");

        assertThat(config.dynamic())
                .isEqualTo(Map.of("ttl", 30, "loop_wait", 1L, "retry_timeout", 14L, "x", 1));
        assertThat(config.warnings())
                .singleElement()
                .asString()
                .startsWith(
                        "Violated the rule \"loop_wait + 2*retry_timeout <= ttl\", where ttl=30");
        assertThat(merge("", "{ttl: 30, loop_wait: 10, retry_timeout: 10}").warnings()).isEmpty();
        assertThat(merge("", "").warnings()).isEmpty();
    }

    @Test
    void readsReplicaMethods() throws Exception {
        PostgresConfig postgres =
                merge(
                                "",
                                "postgresql: {create_replica_methods: [wal_e, basebackup], wal_e:"
                                        + " {command: x}, basebackup: [verbose]}")
                        .postgres();

        assertThat(postgres.createReplicaMethods()).containsExactly("wal_e", "basebackup");
        assertThat(postgres.replicaMethods())
                .isEqualTo(
                        Map.of("wal_e", Map.of("command", "x"), "basebackup", List.of("verbose")));
    }

    private static EffectiveConfig merge(String local, String dynamic) throws Exception {
        return EffectiveConfig.merge(Configs.readingWith(local).config(), Configs.tree(dynamic));
    }
}
