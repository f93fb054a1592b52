package io.kumki.agent.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.cluster.SettingsCheck;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What the writer of a configuration is told must be what members then do. */
class ControlledParametersTest {

    private static final List<String> NAMES =
            List.of(
                    "max_connections",
                    "max_wal_senders",
                    "max_replication_slots",
                    "max_worker_processes",
                    "max_prepared_transactions",
                    "max_locks_per_transaction",
                    "wal_keep_segments",
                    "wal_keep_size",
                    "wal_level",
                    "wal_log_hints",
                    "track_commit_timestamp",
                    "hot_standby");

    private static final List<Object> VALUES =
            List.of(
                    -1,
                    0,
                    1,
                    2,
                    3,
                    4,
                    24,
                    25,
                    31,
                    32,
                    100,
                    2147483648L,
                    "15MB",
                    "16MB",
                    "1GB",
                    true,
                    false,
                    "on",
                    "off",
                    "maybe",
                    "minimal",
                    "replica",
                    "Logical",
                    "");

    @Test
    void limitsAreTheOnesThatTheCheckOfSettingsTells() {
        for (String name : NAMES) {
            assertThat(ControlledParameters.controlled(name)).as(name).isTrue();
            for (Object value : VALUES) {
                List<String> replaced = new ArrayList<>();
                String taken = ControlledParameters.read(Map.of(name, value), replaced).get(name);
                List<String> told =
                        SettingsCheck.findings(
                                Map.of("postgresql", Map.of("parameters", Map.of(name, value))));
                assertThat(told).as("%s: %s", name, value).hasSameSizeAs(replaced);
                if (!told.isEmpty()) {
                    assertThat(told.getFirst())
                            .endsWith(
                                    "members take "
                                            + ("hot_standby".equals(taken) ? "replica" : taken));
                }
            }
        }
    }
}
