package io.kumki.agent.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.config.LocalConfigLoader;
import io.kumki.agent.config.NodeConfig;
import io.kumki.agent.config.NodeConfigReader;
import io.kumki.agent.config.PostgresConfig;
import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.DynamicConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgentConfigurationTest {

    private static AgentConfiguration configuration(Path directory) throws Exception {
        Path file = directory.resolve("node.yml");
        Files.writeString(
                file,
                """
                scope: main
                name: pg-1
                restapi: {listen: '127.0.0.1:8008'}
                etcd3: {hosts: ['127.0.0.1:2379']}
                postgresql:
                  listen: 127.0.0.1:5432
                  data_dir: %s
                  authentication:
                    superuser: {username: postgres, password: secret-1}
                    replication: {username: repl, password: secret-2}
                """
                        .formatted(directory.resolve("data")));
        NodeConfig node =
                NodeConfigReader.read(new LocalConfigLoader(Optional.of(file), Map.of()).load())
                        .config();
        return new AgentConfiguration(node, "http://127.0.0.1:8008/patroni");
    }

    @Test
    void aPauseCountsAlsoBesideAValueThatIsRefused(@TempDir Path directory) throws Exception {
        AgentConfiguration configuration = configuration(directory);
        configuration.accept(
                new DynamicConfig(
                        Map.of(
                                "ttl",
                                40,
                                "loop_wait",
                                5,
                                "postgresql",
                                Map.of("parameters", Map.of("work_mem", "7MB"))),
                        1),
                true);

        ClusterSettings paused =
                configuration.accept(
                        new DynamicConfig(
                                Map.of(
                                        "pause",
                                        true,
                                        "ttl",
                                        50,
                                        "loop_wait",
                                        "abc",
                                        "maximum_lag_on_failover",
                                        7),
                                2),
                        true);

        assertThat(paused.pause()).isTrue();
        assertThat(paused.maximumLagOnFailover()).isEqualTo(7);
        assertThat(paused.timing().loopWait()).isEqualTo(Duration.ofSeconds(5));
        assertThat(paused.timing().ttl()).isEqualTo(Duration.ofSeconds(40));
        assertThat(configuration.postgres().parameters()).containsEntry("work_mem", "7MB");
    }

    /** The server is told what follows from it, too: here the rows that logical slots need. */
    @Test
    void whatCountsOfARefusedConfigurationReachesTheServer(@TempDir Path directory)
            throws Exception {
        AgentConfiguration configuration = configuration(directory);
        configuration.accept(new DynamicConfig(Map.of("ttl", 40), 1), true);
        List<PostgresConfig> told = new ArrayList<>();
        configuration.onPostgresChange(told::add);
        Map<String, Object> feed = Map.of("database", "app", "plugin", "pgoutput");

        configuration.accept(
                new DynamicConfig(Map.of("ttl", "soon", "slots", Map.of("feed", feed)), 2), true);

        assertThat(told.getLast().parameters()).containsEntry("hot_standby_feedback", "on");
        assertThat(configuration.self(false).slots().permanent()).containsOnlyKeys("feed");
    }

    @Test
    void theServerIsToldOnlyWhenItsDataIsOurs(@TempDir Path directory) throws Exception {
        AgentConfiguration configuration = configuration(directory);
        List<PostgresConfig> told = new ArrayList<>();
        configuration.onPostgresChange(told::add);
        DynamicConfig config =
                new DynamicConfig(
                        Map.of("postgresql", Map.of("parameters", Map.of("work_mem", "7MB"))), 1);

        configuration.accept(config, false);
        assertThat(told).isEmpty();
        configuration.accept(config, true);
        assertThat(told.getFirst().parameters()).containsEntry("work_mem", "7MB");
    }
}
