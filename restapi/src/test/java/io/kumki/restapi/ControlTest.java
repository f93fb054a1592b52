package io.kumki.restapi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.argumentSet;

import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.ScheduledRestart;
import io.kumki.restapi.Api.Reply;
import io.kumki.restapi.NodeControl.FailsafeAnswer;
import io.kumki.restapi.NodeControl.FailsafeCall;
import io.kumki.restapi.NodeControl.ReinitializeResult;
import io.kumki.restapi.NodeControl.RestartResult;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Configuration, restart, reinitialize, failsafe and the small commands. */
class ControlTest {

    private Api api;

    @BeforeEach
    void start() {
        api = Api.start();
    }

    @AfterEach
    void stop() {
        api.close();
    }

    @Test
    void aPatchIsMergedAndComparedWithTheRevisionRead() {
        Reply reply = api.call("PATCH", "/config", "{\"pause\": true, \"ttl\": null}");
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.body()).isEqualTo("{\"pause\": true}");
        assertThat(api.node.asked)
                .containsExactly(Map.of("pause", true), OptionalLong.of(55), "wake");
    }

    @Test
    void whatMembersWillNotTakeAsWrittenIsStoredAndTold() {
        Reply reply = api.call("PATCH", "/config", "{\"ttl\": -5, \"pause\": \"\\\"ä\"}");
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.header("warning"))
                .startsWith("299 - \"ttl: -5 (allowed: a whole number of seconds, at least 5)")
                .contains("pause: ??");
        assertThat(api.call("PATCH", "/config", "{\"ttl\": 30}").header("warning")).isEmpty();
    }

    @Test
    void aPatchThatChangesNothingIsNotWritten() {
        Reply reply = api.call("PATCH", "/config", "{\"ttl\": \"30\"}");
        assertThat(reply.body()).isEqualTo("{\"ttl\": 30}");
        assertThat(api.node.asked).containsExactly("wake");
    }

    @Test
    void aPatchThatLosesTheRaceIsA409Page() {
        api.node.writeOutcome = new WriteOutcome.Rejected("revision changed");
        Reply reply = api.call("PATCH", "/config", "{\"ttl\": 20}");
        assertThat(reply.status()).isEqualTo(409);
        assertThat(reply.header("content-type")).isEqualTo("text/html;charset=utf-8");
    }

    @Test
    void aPatchWithoutAnswerSaysThatItMayHaveHappened() {
        api.node.writeOutcome = new WriteOutcome.Unknown("time-out");
        Reply reply = api.call("PATCH", "/config", "{\"ttl\": 20}");
        assertThat(reply.status()).isEqualTo(503);
        assertThat(reply.body()).contains("may have been changed");
    }

    @Test
    void aPatchOfNothingIsA503Page() {
        api.node.store = Optional.of(Nodes.withoutConfig(Nodes.cluster()));
        assertThat(api.call("PATCH", "/config", "{\"ttl\": 20}").status()).isEqualTo(503);
        assertThat(api.call("PUT", "/config", "{\"ttl\": 20}").status()).isEqualTo(200);
    }

    @Test
    void aPutReplacesWithoutComparison() {
        Reply reply = api.call("PUT", "/config", "{\"loop_wait\": 5, \"x\": null}");
        assertThat(reply.body()).isEqualTo("{\"loop_wait\": 5, \"x\": null}");
        Map<String, Object> written = new LinkedHashMap<>();
        written.put("loop_wait", 5);
        written.put("x", null);
        assertThat(api.node.asked).containsExactly(written, OptionalLong.empty());
    }

    @Test
    void aPutOfTheSameTextIsNotWritten() {
        assertThat(api.call("PUT", "/config", "{\"ttl\": \"30\"}").status()).isEqualTo(200);
        assertThat(api.node.asked).isEmpty();
    }

    @Test
    void aPutThatFailsIsA502Page() {
        api.node.writeOutcome = new WriteOutcome.Rejected("no right");
        assertThat(api.call("PUT", "/config", "{\"ttl\": 20}").status()).isEqualTo(502);
    }

    @Test
    void aPutWithoutAnswerSaysThatItMayHaveHappened() {
        api.node.writeOutcome = new WriteOutcome.Unknown("time-out");
        Reply reply = api.call("PUT", "/config", "{\"ttl\": 20}");
        assertThat(reply.status()).isEqualTo(503);
        assertThat(reply.body()).contains("may have been changed");
    }

    /** The name of a promised leader stands in reasons and logs. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"name\": \"n1\\nERROR forged\"}",
                "{\"name\": \"n\\u001b[2J\"}",
                "{\"name\": \"n1\", \"api_url\": \"http://a\\r\\n/\"}",
                "{\"name\": \"n1\", \"conn_url\": \"\\u202e\"}"
            })
    void aFailsafeCallWithControlCharactersIsRefused(String body) {
        api.node.snapshot = Nodes.with(Nodes.standby(), Map.of("failsafe_mode", true));
        assertThat(api.call("POST", "/failsafe", body).status()).isEqualTo(400);
        assertThat(api.node.asked).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "{", "[]", "5", "\"x\"", "null", "{}", "{\"a\": 1} x", "\u0000\u0001"})
    void aBodyThatIsNoObjectIsA400Page(String body) {
        Reply reply = api.call("PATCH", "/config", body);
        assertThat(reply.status()).isIn(400, 411);
        assertThat(reply.body()).contains("Error code: ");
        assertThat(api.node.asked).isEmpty();
    }

    @Test
    void deepNestingIsRefusedNotFollowed() {
        String body = "{\"a\": " + "[".repeat(100_000) + "]".repeat(100_000) + "}";
        assertThat(api.call("PATCH", "/config", body).status()).isEqualTo(400);
    }

    @Test
    void aRequiredBodyNeedsALength() {
        assertThat(api.raw("PATCH /config HTTP/1.1\r\nHost: x\r\n\r\n"))
                .startsWith("HTTP/1.1 411 Length Required");
    }

    @Test
    void chunkedBodiesCount() {
        assertThat(
                        api.raw(
                                """
                                POST /restart HTTP/1.1
                                Host: x
                                Connection: close
                                Transfer-Encoding: chunked

                                12
                                {"role":"replica"}
                                0

                                """
                                        .replace("\n", "\r\n")))
                .startsWith("HTTP/1.1 200 OK");
        assertThat(api.node.asked)
                .containsExactly(
                        new ScheduledRestart.Conditions(
                                Optional.of("replica"),
                                Optional.empty(),
                                OptionalInt.empty(),
                                false));
    }

    static Stream<Arguments> restartResults() {
        return Stream.of(
                argumentSet("done", new RestartResult.Restarted(), 200, "restarted successfully"),
                argumentSet(
                        "filtered",
                        new RestartResult.ConditionsNotMet(),
                        503,
                        "restart conditions are not satisfied"),
                argumentSet(
                        "busy",
                        new RestartResult.Busy("reinitialize"),
                        503,
                        "reinitialize already in progress"),
                argumentSet(
                        "starting",
                        new RestartResult.StillStarting(),
                        503,
                        "postgres is still starting"),
                argumentSet("failed", new RestartResult.Failed("no"), 503, "restart failed"));
    }

    @ParameterizedTest
    @MethodSource("restartResults")
    void aRestartWaitsForItsEnd(RestartResult result, int status, String text) {
        api.node.restartResult = Future.succeededFuture(result);
        Reply reply = api.call("POST", "/restart", null);
        assertThat(reply.status()).isEqualTo(status);
        assertThat(reply.body()).isEqualTo(text);
        assertThat(reply.header("content-type")).isEqualTo("text/html");
    }

    @Test
    void anUnexpectedFailureOfARestartIs400() {
        api.node.restartResult = Future.failedFuture(new IllegalStateException("secret"));
        Reply reply = api.call("POST", "/restart", "{}");
        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.body()).isEqualTo("restart failed");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "{'role': 'master'}; 400; PostgreSQL role should be either primary, standby_leader,"
                        + " or replica",
                "{'postgres_version': 'x'}; 400; Invalid PostgreSQL version: x",
                "{'postgres_version': 15}; 400; Invalid PostgreSQL version: 15",
                "{'postgres_version': '15'}; 400; Invalid PostgreSQL version format: X.Y or X.Y.Z is"
                        + " accepted: 15",
                "{'postgres_version': '9.6'}; 400; Invalid PostgreSQL version format: X.Y or X.Y.Z"
                        + " is accepted: 9.6",
                "{'timeout': 0}; 400; Timeout should be a positive number of seconds",
                "{'timeout': '-5s'}; 400; Timeout should be a positive number of seconds",
                "{'timeout': 'soon'}; 400; Timeout should be a positive number of seconds",
                "{'restart_now': 1}; 400; Unknown filter for the scheduled restart: restart_now",
                "{'x': 1, 'role': 'no'}; 400; Unknown filter for the scheduled restart: x",
                "{'role': 'no', 'x': 1}; 400; PostgreSQL role should be either primary,"
                        + " standby_leader, or replica",
                "{'schedule': '2030-01-01T00:00'}; 400; Timezone information is mandatory for the"
                        + " scheduled restart",
                "{'schedule': '2020-01-01T00:00Z'}; 422; Cannot schedule restart in the past",
                "{'schedule': 'tomorrow'}; 422; Unable to parse scheduled timestamp. It should be in"
                        + " an unambiguous format, e.g. ISO 8601",
                "{'schedule': ''}; 422; Unable to parse scheduled timestamp. It should be in an"
                        + " unambiguous format, e.g. ISO 8601",
                "{'schedule': null}; 422; Unable to parse scheduled timestamp. It should be in an"
                        + " unambiguous format, e.g. ISO 8601",
                "{'schedule': 7}; 422; Unable to parse scheduled timestamp. It should be in an"
                        + " unambiguous format, e.g. ISO 8601",
            })
    void badRestartsAreRefused(String body, int status, String text) {
        Reply reply = api.call("POST", "/restart", body.replace('\'', '"'));
        assertThat(reply.status()).isEqualTo(status);
        assertThat(reply.body()).isEqualTo(text);
        assertThat(api.node.asked).isEmpty();
    }

    @Test
    void conditionsAreHandedOn() {
        api.call(
                "POST",
                "/restart",
                "{\"role\": \"primary\", \"postgres_version\": \"15.4\", \"timeout\": \"2min\","
                        + "\"restart_pending\": true}");
        api.call(
                "POST",
                "/restart",
                "{\"restart_pending\": false, \"postgres_version\": \"9.6.3\"}");
        assertThat(api.node.asked)
                .containsExactly(
                        new ScheduledRestart.Conditions(
                                Optional.of("primary"),
                                Optional.of("15.4"),
                                OptionalInt.of(120),
                                true),
                        new ScheduledRestart.Conditions(
                                Optional.empty(),
                                Optional.of("9.6.3"),
                                OptionalInt.empty(),
                                false));
    }

    @Test
    void aRestartCanBeScheduledOnceAndDeleted() {
        String body = "{\"schedule\": \"2030-01-01 00:00+02\"}";
        Reply scheduled = api.call("POST", "/restart", body);
        assertThat(scheduled.status()).isEqualTo(202);
        assertThat(scheduled.body()).isEqualTo("Restart scheduled");
        assertThat(api.node.asked)
                .containsExactly(
                        new ScheduledRestart(
                                "2030-01-01T00:00:00+02:00",
                                Optional.of("2026-07-01 10:00:00.123456+00:00"),
                                ScheduledRestart.Conditions.NONE));
        assertThat(api.call("DELETE", "/restart", null).body())
                .isEqualTo("scheduled restart deleted");
        api.node.restartScheduled = Future.succeededFuture(false);
        Reply second = api.call("POST", "/restart", body);
        assertThat(second.status()).isEqualTo(409);
        assertThat(second.body()).isEqualTo("Another restart is already scheduled");
        Reply none = api.call("DELETE", "/restart", null);
        assertThat(none.status()).isEqualTo(404);
        assertThat(none.body()).isEqualTo("no restarts are scheduled");
    }

    @Test
    void aPausedClusterTakesNoScheduledRestart() {
        api.node.store = Optional.of(Nodes.withConfig(Nodes.cluster(), Map.of("pause", true)));
        Reply reply = api.call("POST", "/restart", "{\"schedule\": \"2030-01-01T00:00Z\"}");
        assertThat(reply.status()).isEqualTo(500);
        assertThat(reply.body()).isEqualTo("Can't schedule restart in the paused state");
        assertThat(api.call("POST", "/restart", "{}").status()).isEqualTo(200);
    }

    static Stream<Arguments> reinitializeResults() {
        return Stream.of(
                argumentSet(
                        "started", new ReinitializeResult.Started(), 200, "reinitialize started"),
                argumentSet(
                        "no leader",
                        new ReinitializeResult.NoLeader(),
                        503,
                        "Cluster has no leader, can not reinitialize"),
                argumentSet(
                        "leader",
                        new ReinitializeResult.IsLeader(),
                        503,
                        "I am the leader, can not reinitialize"),
                argumentSet(
                        "busy",
                        new ReinitializeResult.Busy("restart"),
                        503,
                        "restart already in progress"));
    }

    @ParameterizedTest
    @MethodSource("reinitializeResults")
    void reinitializeIsAnsweredBeforeTheWork(ReinitializeResult result, int status, String text) {
        api.node.reinitializeResult = result;
        Reply reply =
                api.call("POST", "/reinitialize", "{\"force\": \"yes\", \"from_leader\": false}");
        assertThat(reply.status()).isEqualTo(status);
        assertThat(reply.body()).isEqualTo(text);
        assertThat(api.node.asked).containsExactly("reinitialize force=true fromLeader=false");
    }

    @Test
    void anUnreadableReinitializeDoesNotStart() {
        assertThat(api.call("POST", "/reinitialize", "{").status()).isEqualTo(400);
        assertThat(api.node.asked).isEmpty();
        api.call("POST", "/reinitialize", null);
        assertThat(api.node.asked).containsExactly("reinitialize force=false fromLeader=false");
    }

    @Test
    void smallCommands() {
        assertThat(api.call("POST", "/reload", null))
                .extracting(Reply::status, Reply::body)
                .containsExactly(202, "reload scheduled");
        assertThat(api.node.asked).containsExactly("reload");
        assertThat(api.call("POST", "/sigterm", "{}"))
                .extracting(Reply::status, Reply::body)
                .containsExactly(202, "shutdown scheduled");
        assertThat(api.call("POST", "/citus", "{\"type\": \"before_demote\"}").body())
                .isEqualTo("OK");
        assertThat(api.call("POST", "/mpp", "{\"type\": \"x\"}").body()).isEqualTo("OK");
        assertThat(api.call("POST", "/mpp", null).status()).isIn(400, 411);
    }

    @Test
    void failsafeIsRefusedWhileTheModeIsOff() {
        assertThat(api.call("POST", "/failsafe", "{").status()).isEqualTo(502);
    }

    @Test
    void failsafeIsAcceptedWithTheOwnPosition() {
        api.node.snapshot = Nodes.with(Nodes.standby(), Map.of("failsafe_mode", true));
        api.node.failsafeAnswer =
                new FailsafeAnswer.Accepted(Optional.of(new Lsn(4711)), Duration.ofSeconds(30));
        Reply reply =
                api.call(
                        "POST",
                        "/failsafe",
                        "{\"name\": \"n1\", \"conn_url\": \"c\", \"api_url\": \"a\", \"slots\": {\"n2\": 12}}");
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.body()).isEqualTo("Accepted");
        assertThat(reply.header("lsn")).isEqualTo("4711");
        assertThat(api.node.asked)
                .containsExactly(
                        new FailsafeCall(
                                Nodes.N1,
                                "c",
                                "a",
                                Optional.of(new TreeMap<>(Map.of("n2", new Lsn(12))))));
        api.node.failsafeAnswer = new FailsafeAnswer.RunningAsLeader();
        Reply refused = api.call("POST", "/failsafe", "{\"name\": \"n1\"}");
        assertThat(refused.status()).isEqualTo(500);
        assertThat(refused.body()).isEqualTo("Running as a leader");
        assertThat(api.call("POST", "/failsafe", "{\"name\": \"a/b\"}").status()).isEqualTo(400);
        assertThat(
                        api.call("POST", "/failsafe", "{\"name\": \"n1\", \"slots\": {\"a\":-1}}")
                                .status())
                .isEqualTo(400);
    }
}
