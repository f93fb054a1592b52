package io.kumki.dcs.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.etcd.jetcd.api.ResponseHeader;
import io.grpc.Status;
import io.kumki.dcs.cluster.ClusterSettings.Timing;
import io.kumki.dcs.etcd.Trouble.Kind;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The parts of the adapter that decide something without a network. */
class AdapterPartsTest {

    @Test
    void a_cluster_s_path_has_single_slashes_and_ends_with_one() {
        assertThat(ClusterPath.of("//service/", "batman").prefix()).isEqualTo("/service/batman/");
        assertThat(ClusterPath.of("", "batman").key("leader")).isEqualTo("/batman/leader");
        assertThat(new ClusterPath("service", "c", Optional.of("0")).key("members/a"))
                .isEqualTo("/service/c/0/members/a");
        assertThat(EtcdApi.endOf("/service/batman/").toStringUtf8()).isEqualTo("/service/batman0");
        assertThatThrownBy(() -> new ClusterPath("service", "c", Optional.of("01")))
                .hasMessageContaining("\"01\"");
    }

    static Stream<Arguments> troubles() {
        return Stream.of(
                argumentSet(
                        "refused connection",
                        Status.UNAVAILABLE,
                        "io exception",
                        false,
                        Kind.NOT_APPLIED),
                argumentSet(
                        "broken connection",
                        Status.UNAVAILABLE,
                        "io exception",
                        true,
                        Kind.IN_DOUBT),
                argumentSet(
                        "no leader",
                        Status.UNAVAILABLE,
                        "etcdserver: no leader",
                        true,
                        Kind.NOT_APPLIED),
                argumentSet(
                        "leader changed",
                        Status.UNAVAILABLE,
                        "etcdserver: leader changed",
                        true,
                        Kind.IN_DOUBT),
                argumentSet("no answer", Status.DEADLINE_EXCEEDED, "", true, Kind.IN_DOUBT),
                argumentSet(
                        "never connected", Status.DEADLINE_EXCEEDED, "", false, Kind.NOT_APPLIED),
                argumentSet(
                        "former leader",
                        Status.UNKNOWN,
                        "lease: not a primary lessor",
                        true,
                        Kind.IN_DOUBT),
                argumentSet(
                        "old token",
                        Status.UNAUTHENTICATED,
                        "etcdserver: invalid auth token",
                        true,
                        Kind.AUTHENTICATION),
                argumentSet(
                        "old auth store",
                        Status.INVALID_ARGUMENT,
                        "etcdserver: revision of auth store is old",
                        true,
                        Kind.AUTHENTICATION),
                argumentSet(
                        "wrong password",
                        Status.INVALID_ARGUMENT,
                        "etcdserver: authentication failed, invalid user ID or password",
                        true,
                        Kind.REFUSED),
                argumentSet(
                        "disk quota",
                        Status.RESOURCE_EXHAUSTED,
                        "etcdserver: mvcc: database space exceeded",
                        true,
                        Kind.REFUSED),
                argumentSet(
                        "overload",
                        Status.RESOURCE_EXHAUSTED,
                        "etcdserver: too many requests",
                        true,
                        Kind.NOT_APPLIED));
    }

    @ParameterizedTest
    @MethodSource("troubles")
    void what_a_failed_try_means(Status code, String text, boolean sent, Kind expected) {
        assertThat(Trouble.of(code.withDescription(text), sent).kind()).isEqualTo(expected);
    }

    @Test
    void a_dead_lease_is_recognised() {
        Status gone = Status.NOT_FOUND.withDescription("etcdserver: requested lease not found");
        assertThat(Trouble.of(gone, true).leaseNotFound()).isTrue();
    }

    @Test
    void every_endpoint_gets_its_try_within_the_budget() {
        Timing shortest =
                new Timing(Duration.ofSeconds(5), Duration.ofSeconds(1), Duration.ofSeconds(2));
        for (Timing timing : List.of(Timing.DEFAULT, shortest)) {
            Duration left = timing.retryTimeout();
            for (int notAskedYet = 2; notAskedYet >= 0; notAskedYet--) {
                Duration cold = CallTimes.tryTime(timing, 0, false, notAskedYet, left);
                assertThat(cold).isGreaterThanOrEqualTo(Duration.ofMillis(500));
                left = left.minus(cold);
            }
            assertThat(left).isGreaterThanOrEqualTo(Duration.ZERO);
        }
        assertThat(CallTimes.tryTime(Timing.DEFAULT, 0, true, 2, Duration.ofSeconds(10)))
                .isEqualTo(Duration.ofSeconds(1));
        assertThat(CallTimes.tryTime(Timing.DEFAULT, 2, true, 0, Duration.ofSeconds(6)))
                .as("later tries are longer")
                .isEqualTo(Duration.ofSeconds(4));
        assertThat(CallTimes.pauseBefore(9)).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void an_answer_of_a_lower_raft_term_is_out_of_date_until_the_cluster_changes() {
        Endpoints endpoints = endpoints("http://10.0.0.1:2379", "http://10.0.0.2:2379");
        Endpoint any = endpoints.preferred();

        assertThat(endpoints.upToDate(any, header(1, 7))).isTrue();
        assertThat(endpoints.upToDate(any, header(1, 6))).isFalse();
        assertThat(endpoints.upToDate(any, header(1, 7))).isTrue();
        assertThat(endpoints.upToDate(any, header(2, 3))).isTrue();
        assertThat(endpoints.upToDate(any, header(2, 2))).isFalse();
    }

    @Test
    void the_endpoint_that_answered_last_is_asked_first() {
        Endpoints endpoints = endpoints("http://10.0.0.1:2379", "http://10.0.0.2:2379");
        Endpoint first = endpoints.preferred();

        endpoints.failed(first);
        assertThat(endpoints.inOrder().getLast()).isSameAs(first);
        endpoints.answered(first);
        assertThat(endpoints.preferred()).isSameAs(first);
    }

    @Test
    void useless_advertised_addresses_do_not_replace_the_configured_ones() {
        Endpoints endpoints = endpoints("http://10.0.0.1:2379");

        endpoints.discovered(
                List.of(
                        "http://localhost:2379",
                        "http://127.0.0.1:2379",
                        "http://0.0.0.0:2379",
                        "",
                        "unix://x",
                        "http://10.0.0.1:2379/",
                        "http://10.0.0.1:2379",
                        "http://10.0.0.2:2379"));

        assertThat(endpoints.inOrder())
                .extracting(Endpoint::toString)
                .containsExactly("http://10.0.0.1:2379", "http://10.0.0.2:2379");
    }

    @Test
    void a_password_never_appears_in_a_text() {
        EtcdConfig config =
                new EtcdConfig(
                        List.of(URI.create("http://h:2379")),
                        Optional.of(new EtcdConfig.Credentials("root", "secret")),
                        EtcdConfig.Tls.NONE,
                        true);
        assertThat(config.toString()).contains("root").doesNotContain("secret");
    }

    @Test
    void an_endpoint_must_be_a_url_without_user() {
        for (String wrong : List.of("h:2379", "ftp://h:1", "http://u:p@h:1", "http:///x")) {
            assertThatThrownBy(() -> EtcdConfig.of(List.of(URI.create(wrong))))
                    .hasMessageContaining("http(s)://HOST:PORT");
        }
        assertThatThrownBy(() -> EtcdConfig.of(List.of())).hasMessageContaining("endpoint");
    }

    private static Endpoints endpoints(String... uris) {
        return new Endpoints(
                Stream.of(uris).map(URI::create).toList(),
                uri -> {
                    throw new AssertionError("no connection in this test: " + uri);
                });
    }

    private static ResponseHeader header(long cluster, long term) {
        return ResponseHeader.newBuilder().setClusterId(cluster).setRaftTerm(term).build();
    }
}
