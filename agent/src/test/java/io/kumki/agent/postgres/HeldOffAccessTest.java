package io.kumki.agent.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(10)
class HeldOffAccessTest {

    static Stream<Arguments> lines() {
        return Stream.of(
                argumentSet(
                        "everybody becomes ours",
                        "host all all 10.0.0.0/8 scram-sha-256",
                        "host all \"all\",\"postgres\",\"repl\" 10.0.0.0/8 scram-sha-256"),
                argumentSet("a client", "host app app 10.0.0.0/8 md5", ""),
                argumentSet(
                        "ours by name",
                        "local all postgres peer map=root",
                        "local all \"postgres\" peer map=root"),
                argumentSet(
                        "ours among others",
                        "hostssl all app, \"postgres\",x 0.0.0.0/0 cert",
                        "hostssl all \"postgres\" 0.0.0.0/0 cert"),
                argumentSet(
                        "a role whose name is a word",
                        "host all \"all\" 10.0.0.0/8 trust",
                        "host all \"all\" 10.0.0.0/8 trust"),
                argumentSet(
                        "standbys, whoever they are",
                        "host replication all samenet md5",
                        "host replication all samenet md5"),
                argumentSet(
                        "standbys and clients in one line",
                        "host replication,app all samenet md5",
                        "host replication all samenet md5\n"
                                + "host app \"all\",\"postgres\",\"repl\" samenet md5"),
                argumentSet("a database of that name", "host \"replication\" app samenet md5", ""),
                argumentSet(
                        "a refusal",
                        "host all +staff 1.2.3.4 255.255.255.255 reject # no",
                        "host all +staff 1.2.3.4 255.255.255.255 reject"),
                argumentSet("by membership", "host all +staff all md5", ""),
                argumentSet("by expression", "host all /^p.* all md5", ""),
                argumentSet("from a file", "host all @roles all md5", ""),
                argumentSet("an included file", "include other.conf", ""),
                argumentSet("a comment", "# host all all all trust", ""),
                argumentSet(
                        "a hash in quotes",
                        "local \"a#b\" postgres trust",
                        "local \"a#b\" \"postgres\" trust"),
                argumentSet("too short", "host all all", ""),
                argumentSet("nonsense", "all your base", ""));
    }

    @ParameterizedTest
    @MethodSource("lines")
    void onlyOursAreLeft(String line, String left) {
        assertThat(String.join("\n", HeldOffAccess.of(List.of(line), roles()))).isEqualTo(left);
    }

    @Test
    void aLineMayGoOnInTheNext() {
        assertThat(HeldOffAccess.of(List.of("host all \\", "postgres all md5"), roles()))
                .containsExactly("host all \"postgres\" all md5");
    }

    private static SortedSet<String> roles() {
        return new TreeSet<>(List.of("postgres", "repl", "all"));
    }
}
