package io.kumki.agent.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.kumki.agent.config.PostgresConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CallbacksTest {

    @TempDir private Path directory;

    private Callbacks callbacks(String script) throws IOException {
        Path file = Files.writeString(directory.resolve("callback"), "#!/bin/sh\n" + script);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
        TreeMap<String, String> commands =
                new TreeMap<>(Map.of("on_start", file + " word", "on_role_change", file + " word"));
        PostgresConfig base = new ServerFixture(directory, "pg-1").config;
        PostgresConfig config =
                new PostgresConfig(
                        base.clusterName(),
                        base.memberName(),
                        base.listen(),
                        base.files(),
                        base.superuser(),
                        base.replication(),
                        base.rewind(),
                        base.parameters(),
                        base.pgHba(),
                        base.pgIdent(),
                        base.recoveryConf(),
                        base.useSlots(),
                        base.rejoin(),
                        base.createReplicaMethods(),
                        base.replicaMethods(),
                        new PostgresConfig.Scripts(commands, Optional.empty(), Optional.empty()),
                        base.pgCtlTimeout(),
                        base.sockets());
        return new Callbacks(() -> config);
    }

    @Test
    void passesNameRoleAndScope() throws IOException {
        Path seen = directory.resolve("seen");
        try (Callbacks callbacks =
                callbacks("echo \"$@\" > " + seen + ".new; mv " + seen + ".new " + seen)) {
            callbacks.call("on_role_change", "promoted");
            await().untilAsserted(() ->
                    assertThat(seen).hasContent("word on_role_change primary test-cluster"));
        }
    }

    @Test
    void aNewerCallbackEndsTheRunningOne() throws IOException {
        Path log = directory.resolve("log");
        try (Callbacks callbacks =
                callbacks(
                        "trap 'echo ended >> "
                                + log
                                + "; exit' TERM; echo $2 >> "
                                + log
                                + "\n[ $2 = on_start ] && while :; do sleep 0.05; done; true")) {
            callbacks.call("on_start", "replica");
            await().untilAsserted(() -> assertThat(log).content().contains("on_start"));
            callbacks.call("on_role_change", "primary");
            await().untilAsserted(() ->
                    assertThat(log).content().contains("ended").contains("on_role_change"));
        }
    }
}
