package io.kumki.restapi;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.restapi.Api.Reply;
import io.kumki.restapi.NodeControl.Candidacy;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FailoverTest {

    private static final String N1_TO_N2 = "{'leader': 'n1', 'candidate': 'n2'}";

    private Api api;

    @BeforeEach
    void start() {
        api = Api.start();
    }

    @AfterEach
    void stop() {
        api.close();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "/failover; {'x': 1}; 400; Failover could be performed only to a specific candidate",
                "/switchover; {'candidate': 'n2'}; 400; Switchover could be performed only from a"
                        + " specific leader",
                "/failover; {'candidate': 'n2', 'scheduled_at': '2030-01-01T00:00Z'}; 400; Failover"
                        + " can't be scheduled",
                "/switchover; {'leader': 'n1', 'scheduled_at': '2030-01-01T00:00'}; 400; Timezone"
                        + " information is mandatory for the scheduled switchover",
                "/switchover; {'leader': 'n1', 'scheduled_at': '2020-01-01T00:00Z'}; 422; Cannot"
                        + " schedule switchover in the past",
                "/switchover; {'leader': 'n1', 'scheduled_at': 'soon'}; 422; Unable to parse scheduled"
                        + " timestamp. It should be in an unambiguous format, e.g. ISO 8601",
                "/switchover; {'leader': 'n1', 'scheduled_at': []}; 422; Unable to parse scheduled"
                        + " timestamp. It should be in an unambiguous format, e.g. ISO 8601",
                "/switchover; {'leader': 'n1', 'scheduled_at': '2030-02-30T00:00Z'}; 422; Unable to"
                        + " parse scheduled timestamp. It should be in an unambiguous format, e.g."
                        + " ISO 8601",
                "/switchover; {'leader': 'n1', 'candidate': 'n1'}; 400; Switchover target and source"
                        + " are the same",
                "/switchover;"
                        + " {'leader': 'n1', 'candidate': 'n1', 'scheduled_at': '2030-01-01T00:00Z'}; 400;"
                        + " Switchover target and source are the same",
                "/switchover; {'leader': 'n2'}; 412; leader name does not match",
                "/switchover; {'leader': 'a/b'}; 412; leader name does not match",
                "/failover; {'leader': 'n2', 'candidate': 'n1'}; 412; leader name does not match",
                "/switchover; {'leader': 'n1', 'candidate': 'n9'}; 412; candidate does not exists",
                "/failover; {'candidate': 'n9'}; 412; candidate does not exists",
                "/switchover; {'leader': 7}; 400; \"leader\" must be a string",
            })
    void refusesWithTheContractsTexts(String path, String body, int status, String text) {
        assertAnswer(post(path, body), status, text);
        assertThat(api.node.asked).isEmpty();
    }

    @Test
    void pauseAllowsOnlyNamedCandidatesNow() {
        api.node.store = Optional.of(Nodes.withConfig(Nodes.cluster(), Map.of("pause", true)));
        assertAnswer(
                post("/switchover", "{'leader': 'n1', 'scheduled_at': '2030-01-01T00:00Z'}"),
                400,
                "Can't schedule switchover in the paused state");
        assertAnswer(
                post("/switchover", "{'leader': 'n1'}"),
                400,
                "Switchover is possible only to a specific candidate in a paused state");
    }

    @Test
    void synchronousModeAllowsOnlySynchronousStandbys() {
        ClusterView on = Nodes.withConfig(Nodes.cluster(), Map.of("synchronous_mode", true));
        api.node.store = Optional.of(on);
        assertAnswer(
                post("/switchover", N1_TO_N2),
                412,
                "candidate name does not match with sync_standby");
        assertAnswer(
                post("/switchover", "{'leader': 'n1'}"),
                412,
                "switchover is not possible: can not find sync_standby");
        api.node.store = Optional.of(Nodes.withSync(on, Nodes.N2));
        api.node.afterRequest = Nodes.leaderIs(Nodes.N2);
        assertAnswer(post("/switchover", N1_TO_N2), 200, "Successfully switched over to \"n2\"");
    }

    @Test
    void somebodyMustBeThere() {
        api.node.store =
                Optional.of(
                        Nodes.withMembers(
                                Nodes.cluster(),
                                Nodes.member(Nodes.N1, "primary", Optional.empty())));
        assertAnswer(
                post("/switchover", "{'leader': 'n1'}"),
                412,
                "switchover is not possible: cluster does not have members except leader");
    }

    @Test
    void aRefusalNamesEachMemberAndWhy() {
        api.node.candidacies =
                List.of(
                        new Candidacy(Nodes.N2, Optional.of("nofailover tag")),
                        new Candidacy(Nodes.N3, Optional.of("not reachable")));
        assertAnswer(
                post("/switchover", "{'leader': 'n1'}"),
                412,
                "switchover is not possible: no good candidates have been found (n2: nofailover"
                        + " tag; n3: not reachable)");
        assertAnswer(
                post("/failover", "{'candidate': 'n2'}"),
                412,
                "failover is not possible: no good candidates have been found (n2: nofailover tag;"
                        + " n3: not reachable)");
    }

    @Test
    void writesWakesAndSaysWhoLeads() {
        api.node.afterRequest = Nodes.leaderIs(Nodes.N2);
        assertAnswer(
                post("/switchover", "{'leader': 'n1', 'member': 'n2'}"),
                200,
                "Successfully switched over to \"n2\"");
        assertThat(api.node.asked)
                .containsExactly(
                        List.of(Nodes.N2),
                        new FailoverRequest(
                                Optional.of(Nodes.N1), Optional.of(Nodes.N2), Optional.empty(), 0),
                        "wake");
    }

    @Test
    void saysWhenAnotherOneTookOver() {
        api.node.afterRequest = Nodes.leaderIs(Nodes.N3);
        assertAnswer(
                post("/switchover", N1_TO_N2), 200, "Switched over to \"n3\" instead of \"n2\"");
    }

    @Test
    void aFailoverHasItsOwnTexts() {
        api.node.store = Optional.of(Nodes.led(Nodes.cluster(), Optional.empty()));
        api.node.afterRequest = Nodes.leaderIs(Nodes.N2);
        assertAnswer(
                post("/failover", "{'candidate': 'n2'}"),
                200,
                "Successfully failed over to \"n2\"");
        api.node.store = Optional.of(Nodes.led(Nodes.cluster(), Optional.empty()));
        api.node.afterRequest = Nodes.leaderIs(Nodes.N1);
        assertAnswer(
                post("/failover", "{'candidate': 'n2'}"),
                200,
                "Failed over to \"n1\" instead of \"n2\"");
    }

    @Test
    void aClearedRequestHasFailed() {
        api.node.afterRequest = view -> Nodes.with(FailoverRequest.NONE).apply(view);
        assertAnswer(post("/switchover", N1_TO_N2), 503, "Switchover failed");
        assertAnswer(post("/failover", "{'candidate': 'n2'}"), 503, "Failover failed");
    }

    @Test
    void afterTwentySecondsTheOutcomeIsUnknown() {
        api.node.nanosPerRead = 7_000_000_000L;
        assertAnswer(post("/switchover", N1_TO_N2), 503, "Switchover status unknown");
    }

    @Test
    void aWriteThatFailsIsSaid() {
        api.node.writeOutcome = new WriteOutcome.Rejected("revision");
        assertAnswer(post("/switchover", N1_TO_N2), 503, "failed to write failover key into DCS");
    }

    /** It may stand in the store, and be done by the time that the caller tries again. */
    @Test
    void aWriteWithoutAnswerIsSaidToBeUnknown() {
        api.node.writeOutcome = new WriteOutcome.Unknown("time-out");
        Reply reply = post("/switchover", N1_TO_N2);
        assertThat(reply.status()).isEqualTo(503);
        assertThat(reply.body()).startsWith("Switchover status unknown: ").contains("/cluster");
    }

    @Test
    void withoutTheStoreNothingIsTried() {
        api.node.store = Optional.empty();
        assertThat(post("/switchover", N1_TO_N2).status()).isEqualTo(503);
        assertThat(api.call("DELETE", "/switchover", null).status()).isEqualTo(503);
    }

    @Test
    void aScheduledOneIsStoredAndDeleted() {
        assertAnswer(api.call("DELETE", "/switchover", null), 404, "no switchover is scheduled");
        assertAnswer(
                post("/switchover", "{'leader': 'nobody', 'scheduled_at': '2030-01-01T10+05:30'}"),
                202,
                "Switchover scheduled");
        assertThat(api.node.asked)
                .containsExactly(
                        new FailoverRequest(
                                Optional.of(new MemberName("nobody")),
                                Optional.empty(),
                                Optional.of("2030-01-01T10:00:00+05:30"),
                                0),
                        "wake");
        assertThat(api.get("/cluster").body())
                .contains(
                        "\"scheduled_switchover\": {\"at\": \"2030-01-01T10:00:00+05:30\", \"from\": \"nobody\"}");
        api.node.writeOutcome = new WriteOutcome.Rejected("changed");
        assertThat(api.call("DELETE", "/switchover", null).status()).isEqualTo(409);
        api.node.writeOutcome = new WriteOutcome.Applied(1);
        assertAnswer(api.call("DELETE", "/switchover", null), 200, "scheduled switchover deleted");
    }

    private Reply post(String path, String body) {
        return api.call("POST", path, body.replace('\'', '"'));
    }

    private static void assertAnswer(Reply reply, int status, String text) {
        assertThat(reply.body()).isEqualTo(text);
        assertThat(reply.status()).isEqualTo(status);
    }
}
