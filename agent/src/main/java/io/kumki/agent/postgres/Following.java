package io.kumki.agent.postgres;

import io.kumki.agent.ha.StandbyTarget;
import io.kumki.agent.ha.Upstream;
import io.kumki.agent.postgres.MonitoringQuery.Reading;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whether the standby follows whom it should.
 *
 * <p>What counts is what is in force: the connection string of the WAL receiver if one runs, else
 * the parameter; and the files that a restart would use.
 */
final class Following {

    private final Installation installation;
    private final ConfigFiles files;
    private final AtomicReference<@Nullable StandbyTarget> written = new AtomicReference<>();

    Following(Installation installation, ConfigFiles files) {
        this.installation = installation;
        this.files = files;
    }

    RecoverySettings settings(StandbyTarget target) {
        return RecoverySettings.of(
                target, installation.config(), installation.major(), files.recoverySettings());
    }

    /** Remembers that the settings for {@code target} were written by this agent. */
    void wrote(StandbyTarget target) {
        written.set(target);
    }

    /**
     * @param reading the last observation of the running server
     */
    boolean follows(StandbyTarget target, Optional<Reading> reading) {
        if (!DataDirectories.standbySignal(installation.dataDir())) {
            return false;
        }
        if (written.get() == null) {
            // an adopted standby gets our settings once
            return false;
        }
        RecoverySettings wanted = settings(target);
        if (!wanted.values().equals(files.recoverySettings())) {
            return false;
        }
        return target.upstream().isEmpty()
                || (passFileFits(wanted)
                        && reading.map(r -> inForce(r, target.upstream().get(), wanted))
                                .orElse(true));
    }

    /** Whether a restart is needed, because a reload can't bring it into force. */
    boolean needsRestart(RecoverySettings wanted, Optional<Reading> reading) {
        int major = installation.major();
        if (!DataDirectories.standbySignal(installation.dataDir())) {
            return true;
        }
        Map<String, String> before = files.recoverySettings();
        boolean upstreamChanges =
                changes(before, wanted, RecoverySettings.CONNINFO)
                        || changes(before, wanted, RecoverySettings.SLOT)
                        || reading.map(r -> !sameConninfo(r.setConninfo(), wanted)).orElse(false);
        return (major < 13 && upstreamChanges)
                || (major < 14 && changes(before, wanted, "restore_command"))
                || RecoverySettings.NAMES.stream()
                        .filter(name -> name.startsWith("recovery_target"))
                        .anyMatch(name -> changes(before, wanted, name));
    }

    private static boolean changes(
            Map<String, String> before, RecoverySettings wanted, String name) {
        return !before.getOrDefault(name, "").equals(wanted.values().getOrDefault(name, ""));
    }

    private boolean passFileFits(RecoverySettings wanted) {
        if (wanted.passLines().isEmpty()) {
            return true;
        }
        try {
            List<String> lines = Files.readAllLines(installation.config().files().pgpass());
            return lines.equals(wanted.passLines());
        } catch (IOException e) {
            // missing or unreadable: it must be written
            return false;
        }
    }

    private static boolean inForce(Reading reading, Upstream upstream, RecoverySettings wanted) {
        if (!sameConninfo(reading.setConninfo(), wanted)
                || !reading.setSlot().equals(upstream.slot().orElse(""))) {
            return false;
        }
        return reading.receiverConninfo()
                .map(MonitoringQuery::lenient)
                .flatMap(info -> info.get("host"))
                .map(host -> host.equals(upstream.host()))
                .orElse(true);
    }

    private static boolean sameConninfo(String inForce, RecoverySettings wanted) {
        Map<String, String> now = MonitoringQuery.lenient(inForce).values();
        Map<String, String> should =
                MonitoringQuery.lenient(wanted.values().getOrDefault(RecoverySettings.CONNINFO, ""))
                        .values();
        return should.entrySet().stream()
                .map(entry -> entry.getValue().equals(now.get(entry.getKey())))
                .collect(Collectors.reducing(true, Boolean::logicalAnd));
    }
}
