package io.kumki.ctl.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.ctl.CommandLineUnderTest;
import io.kumki.ctl.CommandLineUnderTest.Result;
import io.kumki.ctl.FakeStore;
import io.kumki.ctl.Views;
import io.kumki.dcs.cluster.ClusterView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EditConfigCommandTest {

    @TempDir private Path directory;

    private final FakeStore store = new FakeStore();
    private final CommandLineUnderTest kumkictl = new CommandLineUnderTest((_, _, _, _) -> store);

    @BeforeEach
    void aConfiguration() {
        store.set(
                Views.batman()
                        .config(
                                Map.of(
                                        "ttl",
                                        30,
                                        "loop_wait",
                                        10,
                                        "postgresql",
                                        Map.of("parameters", Map.of("work_mem", "8MB"))))
                        .build());
    }

    private Map<String, Object> stored() {
        return store.view().config().orElseThrow().values();
    }

    private String file(String text) throws IOException {
        return Files.writeString(directory.resolve("change.yml"), text).toString();
    }

    @Test
    void set_shows_what_changes_asks_and_writes() {
        Result result =
                kumkictl.typing("y")
                        .run(
                                "edit-config",
                                "-s",
                                "ttl=20",
                                "--pg",
                                "pg_stat_statements.max=5",
                                "-s",
                                "pause=on");
        assertThat(result.out())
                .isEqualTo(
                        """
                        ---\s
                        +++\s
                        @@ -1,5 +1,7 @@
                         loop_wait: 10
                        +pause: true
                         postgresql:
                           parameters:
                        +    pg_stat_statements.max: 5
                             work_mem: 8MB
                        -ttl: 30
                        +ttl: 20
                        Apply these changes? [y/N]: Configuration changed
                        """);
        assertThat(stored()).containsEntry("ttl", 20).containsEntry("pause", true);
    }

    @Test
    void values_that_members_will_not_take_are_told_before_the_question() {
        Result result =
                kumkictl.typing("n").run("edit-config", "-s", "ttl=-5", "-s", "loop_wait=abc");
        assertThat(result.err())
                .contains(
                        "Warning: ttl: -5 (allowed: a whole number of seconds, at least 5): members"
                                + " take the smallest allowed\n")
                .contains(
                        "Warning: loop_wait: abc (allowed: a whole number of seconds, at least 1):"
                                + " members refuse the whole new configuration");
        assertThat(stored()).containsEntry("ttl", 30);
        kumkictl.run("edit-config", "--force", "-s", "ttl=-5");
        assertThat(stored()).containsEntry("ttl", -5);
    }

    @Test
    void null_removes_and_takes_empty_parents_along() {
        kumkictl.run("edit-config", "--force", "--pg", "work_mem=null");
        assertThat(stored()).isEqualTo(Map.of("ttl", 30, "loop_wait", 10));
    }

    @Test
    void no_leaves_everything_and_ends_with_0() {
        Result result = kumkictl.typing("n").run("edit-config", "-s", "ttl=20");
        assertThat(result.exitCode()).isZero();
        assertThat(result.out()).endsWith("Apply these changes? [y/N]: ");
        assertThat(stored()).containsEntry("ttl", 30);
    }

    @Test
    void nothing_to_change_is_told_unless_quiet() {
        assertThat(kumkictl.run("edit-config", "-s", "ttl=30").out()).isEqualTo("Not changed\n");
        assertThat(kumkictl.run("edit-config", "-q", "-s", "ttl=30").out()).isEmpty();
        assertThat(kumkictl.run("edit-config", "--force", "-q", "-s", "ttl=20").out())
                .isEqualTo("Configuration changed\n");
    }

    @Test
    void set_respects_types_and_apply_compares_texts() throws IOException {
        assertThat(kumkictl.run("edit-config", "--force", "--apply", file("ttl: '30'")).out())
                .isEqualTo("Not changed\n");
        assertThat(kumkictl.run("edit-config", "--force", "-s", "ttl='30'").out())
                .contains("-ttl: 30\n+ttl: '30'\n");
    }

    @Test
    void apply_merges_and_replace_replaces() throws IOException {
        String change = file("ttl: 20\nloop_wait: null\nnew: {a: [1, 2]}\n");
        kumkictl.run("edit-config", "--force", "--apply", change);
        assertThat(stored())
                .containsOnlyKeys("ttl", "postgresql", "new")
                .containsEntry("new", Map.of("a", List.of(1, 2)));
        kumkictl.run("edit-config", "--force", "--replace", change);
        assertThat(stored()).containsOnlyKeys("ttl", "new");
    }

    @Test
    void standard_input_can_not_also_confirm() {
        assertThat(kumkictl.typing("ttl: 20").run("edit-config", "--apply", "-", "-q").out())
                .isEqualTo("Use --force option to apply changes\n");
        assertThat(
                        kumkictl.typing("ttl: 20")
                                .run("edit-config", "--apply", "-", "-q", "--force")
                                .out())
                .isEqualTo("Configuration changed\n");
    }

    @Test
    void bad_settings_files_and_missing_keys_are_errors() {
        assertThat(kumkictl.run("edit-config", "-s", "ttl").err())
                .isEqualTo("Error: Invalid parameter setting ttl\n");
        Result missing = kumkictl.run("edit-config", "--apply", "/nonexistent");
        assertThat(missing.exitCode()).isEqualTo(2);
        assertThat(missing.err()).contains("Invalid value for '--apply': '/nonexistent'");
        store.set(ClusterView.EMPTY);
        assertThat(kumkictl.run("edit-config", "-s", "ttl=20").err())
                .isEqualTo("Error: The config key does not exist in the cluster batman\n");
    }

    @Test
    void a_change_by_somebody_else_meanwhile_is_not_overwritten() {
        store.afterEachRead(view -> store.putConfig(Map.of("ttl", 25), OptionalLong.empty()));
        Result result = kumkictl.run("edit-config", "--force", "-q", "-s", "ttl=20");
        assertThat(result.err())
                .endsWith("Error: Config modification aborted due to concurrent changes\n");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(stored()).isEqualTo(Map.of("ttl", 25));
    }

    @Test
    void without_options_an_editor_makes_the_change() throws IOException {
        String editor = file("#!/bin/sh\nsed -i s/30/20/ \"$1\"\n");
        Result result = kumkictl.env("EDITOR", "sh " + editor).run("edit-config", "--force");
        assertThat(result.out()).contains("+ttl: 20\n").endsWith("Configuration changed\n");
        Result failing = kumkictl.env("EDITOR", "exit 3; echo").run("edit-config");
        assertThat(failing.err()).isEqualTo("Error: Editor exited with return code 3\n");
    }
}
