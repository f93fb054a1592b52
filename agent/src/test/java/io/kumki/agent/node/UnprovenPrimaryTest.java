package io.kumki.agent.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.agent.ha.LocalServer;
import io.kumki.agent.ha.LocalServer.Answer;
import io.kumki.agent.postgres.OperationResult;
import io.kumki.agent.postgres.PostgresServer;
import io.kumki.dcs.cluster.Lsn;
import io.vertx.core.Future;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class UnprovenPrimaryTest {

    private static final LocalServer.ServerInfo INFO =
            new LocalServer.ServerInfo("2026-01-01 00:00:00.000000+00:00", 150004, List.of());
    private static final Answer PRIMARY = new Answer.Primary(INFO, 1, new Lsn(1), List.of());
    private static final Answer STANDBY =
            new Answer.Standby(
                    INFO,
                    1,
                    new Lsn(1),
                    new Lsn(1),
                    Optional.empty(),
                    false,
                    Optional.empty(),
                    false,
                    false,
                    List.of());

    /** Whether a server that answers this is stopped. */
    private static boolean stopped(Answer answer, boolean paused) {
        AtomicBoolean stopped = new AtomicBoolean();
        LocalServer seen =
                new LocalServer(
                        new LocalServer.DataDirectory.Empty(),
                        LocalServer.Postmaster.RUNNING,
                        Optional.of(answer),
                        new TreeMap<>());
        PostgresServer server =
                (PostgresServer)
                        Proxy.newProxyInstance(
                                UnprovenPrimaryTest.class.getClassLoader(),
                                new Class<?>[] {PostgresServer.class},
                                (_, method, _) ->
                                        switch (method.getName()) {
                                            case "observe" -> Future.succeededFuture(seen);
                                            case "stop" -> {
                                                stopped.set(true);
                                                yield Future.succeededFuture(
                                                        new OperationResult.Done("stopped"));
                                            }
                                            default ->
                                                    throw new UnsupportedOperationException(
                                                            method.getName());
                                        });
        assertThat(UnprovenPrimary.stop(server, paused).succeeded()).isTrue();
        return stopped.get();
    }

    @Test
    void aPrimaryThatNoLeaseProvesIsStopped() {
        assertThat(stopped(PRIMARY, false)).isTrue();
    }

    @Test
    void aStandbyGoesOn() {
        assertThat(stopped(STANDBY, false)).isFalse();
    }

    @Test
    void inPauseAPersonDecides() {
        assertThat(stopped(PRIMARY, true)).isFalse();
    }
}
