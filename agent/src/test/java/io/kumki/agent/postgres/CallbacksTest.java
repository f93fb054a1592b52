package io.kumki.agent.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.kumki.agent.config.PostgresConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CallbacksTest {

    @TempDir private Path directory;

    private Callbacks callbacks(String script) throws IOException {
        Path file = Files.writeString(directory.resolve("callback"), "#!/bin/sh\n" + script);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
        TreeMap<String, String> commands = new TreeMap<>();
        for (String name :
                List.of("on_start", "on_stop", "on_restart", "on_reload", "on_role_change")) {
            commands.put(name, file + " word");
        }
        PostgresConfig config =
                ServerFixture.withScripts(
                        new ServerFixture(directory, "pg-1").config,
                        new PostgresConfig.Scripts(commands, Optional.empty(), Optional.empty()));
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
    void oneThatIgnoresItsEndIsKilledWithItsChildrenBeforeTheNextBegins() throws IOException {
        Path log = directory.resolve("log");
        Path child = directory.resolve("child");
        try (Callbacks callbacks =
                callbacks(
                        "trap '' TERM; [ $2 = on_role_change ] && { grep -q 'State:.[^Z]' /proc/$(cat "
                                + child
                                + ")/status && echo overlap >> "
                                + log
                                + "; echo next >> "
                                + log
                                + "; exit; }\n(trap '' TERM; sleep 3600) & echo $! > "
                                + child
                                + "; wait; sleep 3600")) {
            callbacks.call("on_start", "replica");
            await().untilAsserted(() -> assertThat(child).content().isNotBlank());
            callbacks.call("on_role_change", "primary");
            await().untilAsserted(() -> assertThat(log).hasContent("next"));
        }
    }

    @Test
    void stopsAndReloadsAreToldInTheLastRoleAndNotWhileTheClusterIsMade() throws IOException {
        Path log = directory.resolve("log");
        try (Callbacks callbacks = callbacks("echo $2 $3 >> " + log)) {
            callbacks.stopped();
            callbacks.reloaded();
            callbacks.unlessRoleChanges("on_restart", false);
            callbacks.call("on_start", "replica");
            await().untilAsserted(() -> assertThat(log).hasContent("on_start replica"));
            callbacks.unlessRoleChanges("on_restart", true);
            callbacks.unlessRoleChanges("on_reload", false);
            await().untilAsserted(() ->
                    assertThat(log).hasContent("on_start replica\non_reload replica"));
            callbacks.stopped();
            await().untilAsserted(() -> assertThat(log).content().endsWith("on_stop replica\n"));
        }
    }

    @Test
    void aReloadEndsNoOtherCallback() throws IOException {
        Path log = directory.resolve("log");
        Path go = directory.resolve("go");
        try (Callbacks callbacks =
                callbacks(
                        "[ $2 = on_reload ] && touch "
                                + go
                                + "\nwhile [ ! -e "
                                + go
                                + " ]; do sleep 0.02; done; echo $2 >> "
                                + log)) {
            callbacks.call("on_start", "replica");
            callbacks.reloaded();
            await().untilAsserted(() ->
                    assertThat(log).content().contains("on_start").contains("on_reload"));
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
