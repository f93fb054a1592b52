package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kumki.agent.postgres.TestKeys;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Two nodes whose servers let nobody in without a client certificate: superuser, standby and
 * rewinder each show one of their own, with keys in three forms. The agents, too, answer only each
 * other and whoever shows a certificate.
 */
@Timeout(150)
class TlsIT {

    @Test
    void rolesWithoutPasswordsRunAClusterByTheirCertificates() throws Exception {
        try (TestCluster cluster = TestCluster.prepare(2, TestCluster.Settings.USUAL)) {
            TestKeys keys = keys(cluster);
            for (TestNode node : cluster.nodes) {
                node.writeConfig(restByCertificate(byCertificate(cluster.yaml(node), keys), keys));
                node.asksOverTls(keys.context("postgres"));
                node.jdbcOptions =
                        "&sslmode=verify-full&sslfactory=io.kumki.agent.postgres.socket.LibpqTls"
                                + "&sslrootcert=%s&sslcert=%s&sslkey=%s"
                                        .formatted(
                                                keys.file("ca.crt"),
                                                keys.file("postgres.crt"),
                                                keys.file("postgres.key"));
                node.start();
            }
            cluster.awaitHealthy();
            TestNode first = cluster.leader().orElseThrow();
            assertThat(switchover(first, cluster.others(first).getFirst()))
                    .as("the leader can ask the candidate how it is")
                    .contains("Successfully switched over");
            cluster.awaitHealthy();
            TestNode old = cluster.leader().orElseThrow();
            TestNode next = cluster.others(old).getFirst();

            assertThatThrownBy(() -> byPassword(old)).hasMessageContaining("client certificate");
            assertThat(
                            old.query(
                                    "SELECT string_agg(DISTINCT usename || ssl || client_dn, ' '"
                                            + " ORDER BY usename || ssl || client_dn)"
                                            + " FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)"))
                    .isEqualTo("postgrestrue/CN=postgres replicatortrue/CN=replicator");

            old.killAll();
            cluster.awaitLeaderOtherThan(old, Duration.ofSeconds(60));
            diverge(old);
            old.start();
            cluster.awaitHealthy();
            assertThat(cluster.leader()).contains(next);
            assertThat(old.logText()).contains("rewound to").doesNotContain("creating replica\"");
            assertThat(Files.readString(next.data().resolve("log/server.log")))
                    .contains("connection authenticated: identity=\"CN=rewinder\"");
        }
    }

    private static TestKeys keys(TestCluster cluster) {
        TestKeys keys = new TestKeys(cluster.home().resolve("keys"));
        keys.certificate("server", "server", "-newkey", "rsa:2048")
                .certificate("postgres", "postgres", "-newkey", "rsa:2048")
                .certificate("replicator", "replicator", "-newkey", "rsa:2048")
                .certificate(
                        "rewinder",
                        "rewinder",
                        "-newkey",
                        "ec",
                        "-pkeyopt",
                        "ec_paramgen_curve:prime256v1");
        keys.openssl(
                "rsa",
                "-traditional",
                "-in",
                keys.file("postgres.key"),
                "-out",
                keys.file("postgres.pkcs1"));
        keys.openssl(
                "pkcs8",
                "-topk8",
                "-passout",
                "pass:key's pass",
                "-in",
                keys.file("replicator.key"),
                "-out",
                keys.file("replicator.locked"));
        keys.openssl("ec", "-in", keys.file("rewinder.key"), "-out", keys.file("rewinder.sec1"));
        keys.revocationList();
        return keys;
    }

    private static String switchover(TestNode leader, TestNode candidate) {
        return leader.send(
                        "POST",
                        "/switchover",
                        "{\"leader\": \"%s\", \"candidate\": \"%s\"}"
                                .formatted(leader.name, candidate.name))
                .map(HttpResponse::body)
                .orElse("no answer");
    }

    /** The key is locked, and a member calls as a client with what it serves with. */
    private static String restByCertificate(String yaml, TestKeys keys) {
        return yaml.replaceFirst(
                        "(?m)^restapi:.*\\R",
                        "$0  certfile: %1$s\n  keyfile: %2$s\n  cafile: %3$s\n  verify_client: required\n"
                                .formatted(
                                        keys.file("server.crt"),
                                        keys.file("server.key"),
                                        keys.file("ca.crt")))
                + "\nctl: {certfile: %s, keyfile: %s, keyfile_password: \"key's pass\"}\n"
                        .formatted(keys.file("replicator.crt"), keys.file("replicator.locked"));
    }

    private static String byCertificate(String yaml, TestKeys keys) {
        String tls = "sslmode: verify-full, sslrootcert: %s, ".formatted(keys.file("ca.crt"));
        return yaml.replaceAll(
                        "superuser: .*",
                        "superuser: {username: postgres, %ssslcert: %s, sslkey: %s, sslcrl: %s}"
                                .formatted(
                                        tls,
                                        keys.file("postgres.crt"),
                                        keys.file("postgres.pkcs1"),
                                        keys.file("ca.crl")))
                .replaceAll(
                        "replication: \\{.*",
                        "replication: {username: replicator, %ssslcert: %s, sslkey: %s, sslpassword: \"key's pass\", gssencmode: disable}"
                                .formatted(
                                        tls,
                                        keys.file("replicator.crt"),
                                        keys.file("replicator.locked")))
                .replaceAll(
                        "rewind: \\{.*",
                        "rewind: {username: rewinder, %ssslcert: %s, sslkey: %s, channel_binding: disable}"
                                .formatted(
                                        tls, keys.file("rewinder.crt"), keys.file("rewinder.sec1")))
                .replace(
                        "host all all 127.0.0.1/32 scram-sha-256",
                        "hostssl all postgres,rewinder 127.0.0.1/32 cert")
                .replace(
                        "host replication replicator 127.0.0.1/32 scram-sha-256",
                        "hostssl replication replicator 127.0.0.1/32 cert")
                .replace(
                        "    shared_buffers: 16MB\n",
                        """
                            shared_buffers: 16MB
                            ssl: true
                            ssl_ca_file: %s
                            ssl_cert_file: %s
                            ssl_key_file: %s
                            logging_collector: true
                            log_connections: true
                            log_filename: server.log
                        """
                                .formatted(
                                        keys.file("ca.crt"),
                                        keys.file("server.crt"),
                                        keys.file("server.key")));
    }

    private static void byPassword(TestNode node) throws SQLException {
        DriverManager.getConnection(
                        "jdbc:postgresql://127.0.0.1:" + node.pgPort + "/postgres?sslmode=require",
                        "postgres",
                        TestNode.PASSWORD)
                .close();
    }

    /** Writes to the dead primary what nobody got. */
    static void diverge(TestNode node) throws Exception {
        Process single =
                new ProcessBuilder(
                                "/usr/lib/postgresql/15/bin/postgres",
                                "--single",
                                "-D",
                                node.data().toString(),
                                "postgres")
                        .redirectErrorStream(true)
                        .start();
        try (var input = single.getOutputStream()) {
            input.write(
                    "CREATE TABLE of_nobody AS SELECT generate_series(1, 1000)\n"
                            .getBytes(StandardCharsets.US_ASCII));
        }
        String said = new String(single.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(single.waitFor()).as(said).isZero();
    }
}
