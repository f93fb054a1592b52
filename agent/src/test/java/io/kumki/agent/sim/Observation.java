package io.kumki.agent.sim;

import io.kumki.agent.ha.Health;
import io.kumki.agent.ha.LocalServer;
import io.kumki.agent.ha.LocalServer.Answer;
import io.kumki.agent.ha.LocalServer.DataDirectory;
import io.kumki.agent.sim.SimServer.Phase;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Volumes;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/** What an agent sees of its simulated server. */
final class Observation {

    private static final int VERSION = 150_020;

    private Observation() {}

    /**
     * @param answers whether the server answers in time
     */
    static LocalServer of(SimNode node, boolean answers) {
        SimServer server = node.server();
        Optional<Answer> answer =
                answers && server.runs(Phase.RUNNING)
                        ? Optional.of(answer(node, server))
                        : Optional.empty();
        return new LocalServer(data(node, server), postmaster(server), answer, new TreeMap<>())
                .withHealth(health(server))
                .withClientsHeldOff(server.gate());
    }

    private static Health health(SimServer server) {
        Volumes.Volume volume = new Volumes.Volume(server.diskFull() ? 0 : 1L << 30, 1L << 32);
        boolean died = server.diskFull() && server.runs(Phase.STOPPED);
        return new Health(
                new Volumes(Optional.of(volume), Optional.of(volume)),
                died
                        ? Optional.of(
                                new Health.Cause(
                                        Health.Cause.Kind.NO_ROOM, "No space left on device"))
                        : Optional.empty());
    }

    private static LocalServer.Postmaster postmaster(SimServer server) {
        return switch (server.process()) {
            case STOPPED -> LocalServer.Postmaster.STOPPED;
            case STARTING -> LocalServer.Postmaster.STARTING;
            case RUNNING -> LocalServer.Postmaster.RUNNING;
            case STOPPING -> LocalServer.Postmaster.STOPPING;
        };
    }

    private static DataDirectory data(SimNode node, SimServer server) {
        if (server.unfinished().isPresent()) {
            return new DataDirectory.Unfinished(server.unfinished().get());
        }
        if (!server.initialized()) {
            return new DataDirectory.Empty();
        }
        boolean recovers = server.standbySignal() || server.backupLabel();
        return new DataDirectory.Initialized(
                new LocalServer.ControlData(
                        server.systemIdentifier(),
                        server.state(),
                        server.checkpointTimeline(),
                        new Lsn(server.checkpointAt()),
                        recovers ? new Lsn(server.replayed()) : Lsn.ZERO,
                        recovers ? server.branch().timeline() : 0,
                        server.standbySignal(),
                        server.standbySignal() && server.upstream().isEmpty(),
                        server.backupLabel(),
                        node.parts().scenario().canRewind()));
    }

    private static Answer answer(SimNode node, SimServer server) {
        List<LocalServer.Slot> slots =
                server.slots().entrySet().stream()
                        .map(slot ->
                                LocalServer.Slot.physical(
                                        slot.getKey(), false, slot.getValue(), false, ""))
                        .toList();
        LocalServer.ServerInfo info =
                new LocalServer.ServerInfo(
                        startTime(server.startedAt()),
                        VERSION,
                        senders(node, server),
                        new LocalServer.SyncSetting(server.syncNames(), true),
                        startTime(server.memoryAt()));
        if (server.primary()) {
            return new Answer.Primary(info, server.branch().timeline(), server.position(), slots);
        }
        Replication replication = node.replication();
        Optional<LocalServer.Receiver> receiver =
                replication
                        .streamingFrom()
                        .map(source ->
                                new LocalServer.Receiver(
                                        "streaming", source, 5432, "", server.position()));
        return new Answer.Standby(
                info,
                server.branch().timeline(),
                replication.received() ? server.position() : Lsn.ZERO,
                new Lsn(server.replayed()),
                Optional.empty(),
                false,
                receiver,
                false,
                false,
                slots);
    }

    private static String startTime(long worldNanos) {
        long micros = worldNanos / 1_000;
        return "2026-01-01 "
                + digits(2, micros / 3_600_000_000L % 24)
                + ":"
                + digits(2, micros / 60_000_000L % 60)
                + ":"
                + digits(2, micros / 1_000_000L % 60)
                + "."
                + digits(6, micros % 1_000_000L)
                + "+00:00";
    }

    private static String digits(int count, long number) {
        String digits = Long.toString(number);
        return "0".repeat(count - digits.length()) + digits;
    }

    /** The standbys that stream from here. */
    private static List<LocalServer.Sender> senders(SimNode node, SimServer server) {
        return node.parts().cluster().nodes().stream()
                .filter(other ->
                        other.replication()
                                .streamingFrom()
                                .filter(server.name()::equals)
                                .isPresent())
                .map(other -> sender(server, other))
                .toList();
    }

    private static LocalServer.Sender sender(SimServer server, SimNode other) {
        String state = SimCommits.state(server.syncNames(), other.name());
        return new LocalServer.Sender(
                "replicator",
                other.name(),
                Optional.empty(),
                "streaming",
                state,
                state.equals("async") ? 0 : 1,
                other.server().position(),
                other.server().position(),
                new Lsn(other.server().replayed()),
                other.name());
    }

    static LocalServer.Sender sender(String name) {
        return new LocalServer.Sender(
                "replicator",
                name,
                Optional.empty(),
                "streaming",
                "async",
                0,
                Lsn.ZERO,
                Lsn.ZERO,
                Lsn.ZERO,
                name);
    }
}
