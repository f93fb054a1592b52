package io.kumki.agent.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NodeConfigReaderTest {

    @Test
    void fillsInDefaults() throws Exception {
        NodeConfigReader.Reading reading = Configs.reading(Configs.MINIMAL);
        NodeConfig config = reading.config();

        assertThat(reading.warnings()).isEmpty();
        assertThat(config.namespace()).isEqualTo("service");
        assertThat(config.rest().connectAddress()).hasToString("127.0.0.1:8008");
        assertThat(config.rest().limits()).isEqualTo(new RestSettings.Limits(5, 5));
        assertThat(config.etcd().endpoints()).containsExactly(new HostPort("127.0.0.1", 2379));
        assertThat(config.bootstrap().present()).isFalse();
        assertThat(config.watchdog().mode()).isEqualTo(WatchdogSettings.Mode.AUTOMATIC);
        assertThat(config.log().level()).isEqualTo("INFO");
        assertThat(config.tags().isEmpty()).isTrue();
        assertThat(config.toString()).doesNotContain("secret");
    }

    @Test
    void reportsEverythingAtOnceWithPathValueAndRemedy() {
        InvalidConfigException e =
                catchThrowableOfType(
                        InvalidConfigException.class,
                        () ->
                                Configs.reading(
                                        """
                                        scope: 1
                                        thread_pool_size: 2
                                        log: {level: LOUD, mode: rw}
                                        restapi:
                                          listen: nowhere
                                          authentication: {username: x}
                                          request_queue_size: 5000
                                        etcd: {host: h}
                                        postgresql:
                                          listen: ['a:1']
                                          pg_hba: text
                                          authentication: {superuser: x}
                                        """));

        assertThat(e.problems())
                .extracting(Problem::path)
                .containsExactly(
                        "name",
                        "scope",
                        "log.level",
                        "log.mode",
                        "restapi.listen",
                        "restapi.authentication.password",
                        "restapi.request_queue_size",
                        "etcd3",
                        "postgresql.listen",
                        "postgresql.authentication.replication",
                        "postgresql.authentication.superuser",
                        "postgresql.data_dir",
                        "postgresql.pg_hba");
        assertThat(e)
                .hasMessageContaining(
                        "restapi.request_queue_size = 5000: must be an integer from 0 to 4096")
                .hasMessageContaining("scope = 1: must be a text that isn't empty")
                .hasMessageContaining("name: is missing; add it, such as name: pg-1")
                .hasMessageContaining("rename the section etcd to etcd3");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "etcd3: null | is missing",
                "etcd3: {hosts: null} | names no endpoint",
                "etcd3: {hosts: 'a:b'} | must hold addresses",
                "etcd3: {url: 'h:2379'} | must be a URL",
                "etcd3: {port: 70000} | from 1 to 65535",
                "etcd3: {protocol: ftp} | one of http, https",
                "restapi: {listen: 'h:0'} | HOST:PORT",
                "restapi: {listen: 620} | HOST:PORT",
                "restapi: [] | must be a mapping",
                "bootstrap: {dcs: {ttl: soon}} | bootstrap.dcs.ttl = soon: must be an integer",
                "bootstrap: {dcs: {member_slots_ttl: soon}} | must be seconds",
                "bootstrap: {dcs: {synchronous_mode: perhaps}} | must be on, off or quorum",
                "bootstrap: {dcs: {synchronous_mode_strict: perhaps}} | must be on or off",
                "bootstrap: {dcs: {postgresql: {use_slots: perhaps}}} | must be on or off",
                "bootstrap: {dcs: {postgresql: {parameters: {max_connections: many}}}} | max_connections = many: must be an integer from 1",
                "postgresql: {pg_ctl_timeout: soon} | seconds",
                "postgresql: {use_pg_rewind: perhaps} | on or off",
                "postgresql: {listen: 'a:b'} | port from 1 to 65535",
                "postgresql: {data_dir: \"a\\0b\"} | the path of a directory",
                "postgresql: {data_dir: ''} | postgresql.data_dir: must be the path of a directory",
                "tags: {nosync: [1]} | true or false",
                "watchdog: {safety_margin: -2} | from -1 to"
            })
    void refuses(String yaml, String message) {
        assertThatThrownBy(() -> Configs.readingWith(yaml))
                .isInstanceOf(InvalidConfigException.class)
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{hosts: 'a,b:1', port: 5} | [a:5, b:1]",
                "{hosts: ['[::1]:3', '::1']} | [[::1]:3, [::1]:2379]",
                "{hosts: null, host: h} | [h:2379]",
                "{url: 'https://u:p@h:4', host: x} | [h:4]",
                "{proxy: 'http://h'} | [h:2379]",
                "{hosts: null, srv: example.org} | []"
            })
    void readsEndpointsInTheirOrderOfPrecedence(String yaml, String endpoints) throws Exception {
        assertThat(Configs.readingWith("etcd3: " + yaml).config().etcd().endpoints())
                .hasToString(endpoints);
    }

    @Test
    void takesProtocolAndCredentialsOfAUrl() throws Exception {
        EtcdSettings etcd =
                Configs.readingWith("etcd3: {url: 'https://u:p@h:4', username: x}").config().etcd();

        assertThat(etcd.https()).isTrue();
        assertThat(etcd.username()).contains("u");
        assertThat(etcd.password()).contains("p");
        assertThat(etcd.discovery()).isTrue();
        assertThat(etcd.toString()).contains("password=***");
    }

    @Test
    void namesUnknownKeysInOneWarning() throws Exception {
        assertThat(
                        Configs.readingWith(
                                        """
                                        scopes: x
                                        consul: {whatever: 1}
                                        thread_stack_size: 64kB
                                        bootstrap: {method: mine, mine: {command: x, a: b}, dcs: {tll: 1}}
                                        postgresql: {parameters: {any: 1}, create_replica_methods: [wal_e, basebackup], wal_e: {command: x}, datadir: x}
                                        """)
                                .warnings())
                .containsExactly(
                        "unknown keys are ignored: bootstrap.dcs.tll, postgresql.datadir, scopes;"
                                + " check their spelling and place",
                        "the section consul is ignored: the store is that of etcd3");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{nofailover: false, clonefrom: false} | {}",
                "{nofailover: true, nosync: true, zone: a, free: false} | {free=false, nofailover=true, nosync=true, zone=a}",
                "{nofailover: false, failover_priority: 2} | {failover_priority=2, nofailover=false}",
                "{nostream: 'off', noloadbalance: 'false'} | {noloadbalance=false}"
            })
    void publishesOnlyTagsThatSaySomething(String yaml, String tags) throws Exception {
        assertThat(Configs.readingWith("tags: " + yaml).config().tags().values()).hasToString(tags);
    }

    @Test
    void warnsOfContradictingTags() throws Exception {
        assertThat(Configs.readingWith("tags: {nofailover: true, failover_priority: 1}").warnings())
                .containsExactly(
                        "Conflicting configuration between nofailover: true and failover_priority:"
                                + " 1. Defaulting to nofailover: true");
        assertThat(Configs.readingWith("tags: {nosync: true, sync_priority: 0}").warnings())
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{nofailover: maybe} | tags.nofailover = maybe counts as true, as any text does; write true or false, without quotes",
                "{nosync: 'false'} | tags.nosync = false counts as true, as any text does; write true or false, without quotes",
                "{clonefrom: ''} | tags.clonefrom =  counts as false; write true or false, without quotes",
                "{nostream: sometimes} | tags.nostream = sometimes counts as false; write true or false",
                "{failover_priority: high} | tags.failover_priority = high counts as 1; write a whole number; 0 excludes the member"
            })
    void saysWhatATagCountsAsThatIsNeitherTrueNorFalse(String yaml, String warning)
            throws Exception {
        assertThat(Configs.readingWith("tags: " + yaml).warnings()).containsExactly(warning);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{nofailover: on, nosync: no, noloadbalance: 1}",
                "{nostream: 'off', failover_priority: '2', sync_priority: 0, any: maybe}"
            })
    void isSilentAboutTagsThatMeanWhatTheySay(String yaml) throws Exception {
        assertThat(Configs.readingWith("tags: " + yaml).warnings()).isEmpty();
    }

    @Test
    void runsWithNumbersThatMembersRoundToTheNearestAllowed() throws Exception {
        NodeConfigReader.Reading reading =
                Configs.readingWith(
                        """
                        bootstrap:
                          dcs:
                            ttl: 5
                            loop_wait: -7
                            retry_timeout: '10'
                            member_slots_ttl: 30min
                            synchronous_mode: Quorum
                            postgresql: {use_pg_rewind: true, use_slots: 'yes', parameters: {max_wal_senders: '0x10'}}
                        """);

        assertThat(reading.warnings()).isEmpty();
        assertThat(reading.config().bootstrap().dcs()).containsEntry("loop_wait", -7);
    }

    @Test
    void readsBootstrap() throws Exception {
        NodeConfigReader.Reading reading =
                Configs.readingWith(
                        """
                        bootstrap:
                          dcs: {ttl: 20}
                          initdb: [data-checksums, encoding: UTF8, pwfile: /x]
                          post_init: /a
                          post_bootstrap: /b
                          pg_hba: [host all all all md5]
                        """);

        BootstrapConfig bootstrap = reading.config().bootstrap();
        assertThat(bootstrap.initdbOptions())
                .containsExactly("--data-checksums", "--encoding=UTF8");
        assertThat(bootstrap.postBootstrap()).contains("/b");
        assertThat(bootstrap.dcs()).isEqualTo(Map.of("ttl", 20));
        assertThat(bootstrap.method()).isEqualTo("initdb");
        assertThat(reading.warnings()).singleElement().asString().contains("pwfile");
        assertThat(bootstrap.initdbProblems()).singleElement().asString().contains("pwfile");
    }

    @Test
    void understandsTheOldPlaceOfCredentials() throws Exception {
        NodeConfig config =
                Configs.readingWith(
                                """
                                name: null
                                postgresql:
                                  name: old
                                  authentication: null
                                  superuser: {username: s}
                                  replication: {username: r}
                                  pg_rewind: {username: w}
                                """)
                        .config();

        PostgresConfig postgres = EffectiveConfig.merge(config, Map.of()).postgres();
        assertThat(config.name()).isEqualTo("old");
        assertThat(postgres.superuser().username()).contains("s");
        assertThat(postgres.rewind().username()).contains("w");
        assertThat(postgres.rejoin().usePgRewind()).isTrue();
    }

    @Test
    void anUnknownServerTokensIsAWarningThatNamesWhatIsAllowed() throws Exception {
        NodeConfigReader.Reading reading = Configs.readingWith("restapi: {server_tokens: foo}");
        assertThat(reading.config().rest().serverTokens()).isEqualTo("original");
        assertThat(reading.warnings())
                .containsExactly(
                        "restapi.server_tokens = foo; original is used, allowed are original,"
                                + " minimal, productonly");
        assertThat(
                        Configs.readingWith("restapi: {server_tokens: ProductOnly}")
                                .config()
                                .rest()
                                .serverTokens())
                .isEqualTo("productonly");
    }

    @Test
    void fallsBackWithAWarningWhereTheContractSaysSo() throws Exception {
        NodeConfigReader.Reading reading =
                Configs.readingWith(
                        "thread_pool_size: 2\nwatchdog: {mode: maybe}\nrestapi: {verify_client: x, certfile: /c}");

        assertThat(reading.config().threadPoolSize()).isEqualTo(5);
        assertThat(reading.config().watchdog().mode()).isEqualTo(WatchdogSettings.Mode.OFF);
        assertThat(reading.config().rest().tls().orElseThrow().verifyClient()).isEqualTo("none");
        assertThat(reading.warnings()).hasSize(3);
        assertThat(Configs.readingWith("watchdog: {mode: off}").warnings()).isEmpty();
        assertThat(List.of("off", "false", "disabled"))
                .allSatisfy(mode ->
                        assertThat(
                                        Configs.readingWith("watchdog: {mode: " + mode + "}")
                                                .config()
                                                .watchdog()
                                                .mode())
                                .isEqualTo(WatchdogSettings.Mode.OFF));
    }
}
