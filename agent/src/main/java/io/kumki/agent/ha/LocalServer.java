package io.kumki.agent.ha;

import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.ParameterChange;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The local PostgreSQL as observed at one moment.
 *
 * @param data the data directory
 * @param postmaster the server process
 * @param answer what the server said; empty if it isn't running, is starting, or didn't answer in
 *     time ("not known", never "no")
 * @param pendingRestart parameters that wait for a restart
 * @param slotsReady logical slots of a standby, and whether a promotion now would lose nothing of
 *     each
 * @param health its volumes, and what it died of
 * @param clientsHeldOff whether the server's access file lets in only the cluster's own roles
 */
public record LocalServer(
        DataDirectory data,
        Postmaster postmaster,
        Optional<Answer> answer,
        SortedMap<String, ParameterChange> pendingRestart,
        SortedMap<String, Boolean> slotsReady,
        Health health,
        boolean clientsHeldOff) {

    public LocalServer {
        pendingRestart = Collections.unmodifiableSortedMap(new TreeMap<>(pendingRestart));
        slotsReady = Collections.unmodifiableSortedMap(new TreeMap<>(slotsReady));
    }

    /** Without logical slots. */
    public LocalServer(
            DataDirectory data,
            Postmaster postmaster,
            Optional<Answer> answer,
            SortedMap<String, ParameterChange> pendingRestart) {
        this(data, postmaster, answer, pendingRestart, new TreeMap<>(), Health.UNKNOWN, false);
    }

    /** The same with this health. */
    public LocalServer withHealth(Health other) {
        return new LocalServer(
                data, postmaster, answer, pendingRestart, slotsReady, other, clientsHeldOff);
    }

    /** The same, with the answer whether clients are held off. */
    public LocalServer withClientsHeldOff(boolean heldOff) {
        return new LocalServer(
                data, postmaster, answer, pendingRestart, slotsReady, health, heldOff);
    }

    /** The same with these logical slots. */
    public LocalServer withSlotsReady(SortedMap<String, Boolean> ready) {
        return new LocalServer(
                data, postmaster, answer, pendingRestart, ready, health, clientsHeldOff);
    }

    /** The state of the postmaster. */
    public enum Postmaster {
        /** No process of the server. */
        STOPPED,
        /** No postmaster, but processes that it left behind: a session may go on and commit. */
        ORPHANED,
        /** A postmaster that doesn't accept connections yet. */
        STARTING,
        /**
         * A postmaster that accepts connections (or did a moment ago: see {@link
         * LocalServer#answer}).
         */
        RUNNING,
        /** A postmaster that is shutting down. */
        STOPPING
    }

    /** The data directory. */
    public sealed interface DataDirectory {
        /** Missing or empty. */
        record Empty() implements DataDirectory {}

        /** There is something, but it can't be read or is no data directory: never overwritten. */
        record Unreadable(String why) implements DataDirectory {}

        /** Work has begun in it and not ended: it must never be started. */
        record Unfinished(UnfinishedWork work) implements DataDirectory {}

        /** A data directory. */
        record Initialized(ControlData control) implements DataDirectory {}
    }

    /** What left its marker in the data directory. */
    public enum UnfinishedWork {
        CLONE,
        REWIND,
        /** A new cluster whose creation broke off. */
        BOOTSTRAP
    }

    /**
     * The control file, as {@code pg_controldata} prints it.
     *
     * @param standbySignal whether a recovery configuration is there: it would start as a standby
     * @param alone whether that names nobody to stream from
     * @param backupLabel whether a {@code backup_label} file is there
     * @param canRewind {@code wal_log_hints} on or data checksums: pg_rewind can work with it
     * @param checkpointLsn latest checkpoint's location
     * @param minRecoveryEnd minimum recovery ending location, zero if none
     */
    public record ControlData(
            String systemIdentifier,
            ClusterState state,
            int timeline,
            Lsn checkpointLsn,
            Lsn minRecoveryEnd,
            int minRecoveryEndTimeline,
            boolean standbySignal,
            boolean alone,
            boolean backupLabel,
            boolean canRewind) {

        /** The same without a recovery configuration. */
        ControlData asPrimary() {
            return new ControlData(
                    systemIdentifier,
                    state,
                    timeline,
                    checkpointLsn,
                    minRecoveryEnd,
                    minRecoveryEndTimeline,
                    false,
                    false,
                    backupLabel,
                    canRewind);
        }
    }

    /** {@code Database cluster state} of the control file. */
    public enum ClusterState {
        STARTING_UP,
        SHUT_DOWN,
        SHUT_DOWN_IN_RECOVERY,
        SHUTTING_DOWN,
        IN_CRASH_RECOVERY,
        IN_ARCHIVE_RECOVERY,
        IN_PRODUCTION,
        UNKNOWN;

        /** The server was (or is) writing as a primary and did not finish cleanly. */
        public boolean unclean() {
            return this == IN_PRODUCTION || this == SHUTTING_DOWN || this == IN_CRASH_RECOVERY;
        }
    }

    /** What the running server answered to the monitoring query. */
    public sealed interface Answer {
        ServerInfo info();

        /** Not in recovery. {@code flushedLsn} is the end of what is safe on disk. */
        record Primary(ServerInfo info, int timeline, Lsn flushedLsn, List<Slot> slots)
                implements Answer {
            public Primary {
                slots = List.copyOf(slots);
            }
        }

        /**
         * In recovery.
         *
         * @param timeline the timeline it replays, 0 if not known
         * @param receivedLsn larger of received and written position; zero if nothing was received
         *     since the start
         * @param replayedLsn zero if nothing was replayed yet
         * @param replayedTimestamp ISO 8601 with offset
         * @param receiver the WAL receiver, if it runs
         * @param restoreCommand whether WAL may come from an archive
         * @param delayed whether it waits before it applies ({@code recovery_min_apply_delay}).
         *     PostgreSQL then opens a lost stream again only when it has applied what it has
         */
        record Standby(
                ServerInfo info,
                int timeline,
                Lsn receivedLsn,
                Lsn replayedLsn,
                Optional<String> replayedTimestamp,
                boolean replayPaused,
                Optional<Receiver> receiver,
                boolean restoreCommand,
                boolean delayed,
                List<Slot> slots)
                implements Answer {
            public Standby {
                slots = List.copyOf(slots);
            }

            /** How far this standby's log goes. */
            public Lsn position() {
                return receivedLsn.max(replayedLsn);
            }
        }
    }

    /**
     * @param postmasterStartTime {@code YYYY-MM-DD HH:MM:SS.ffffff+HH:MM}, as the wire has it
     * @param version such as 150020
     * @param senders WAL senders
     * @param sync what it demands of them
     * @param memoryStart when its processes began, which is later than the postmaster if a
     *     backend's crash made it start them anew; empty if unknown
     */
    public record ServerInfo(
            String postmasterStartTime,
            int version,
            List<Sender> senders,
            SyncSetting sync,
            String memoryStart) {
        public ServerInfo {
            senders = List.copyOf(senders);
        }

        /** Of which it isn't known whether its processes began with the postmaster. */
        public ServerInfo(
                String postmasterStartTime, int version, List<Sender> senders, SyncSetting sync) {
            this(postmasterStartTime, version, senders, sync, "");
        }

        /** A server that demands nothing of its standbys. */
        public ServerInfo(String postmasterStartTime, int version, List<Sender> senders) {
            this(postmasterStartTime, version, senders, SyncSetting.NONE);
        }
    }

    /**
     * {@code synchronous_standby_names}.
     *
     * @param inForce the value as a session sees it
     * @param checkpointerIdle whether the checkpointer waited for work at that moment, and so has
     *     read what it was told before; false if that isn't known
     */
    public record SyncSetting(String inForce, boolean checkpointerIdle) {
        public static final SyncSetting NONE = new SyncSetting("", false);
    }

    /**
     * A WAL receiver.
     *
     * @param status PostgreSQL's word; {@code streaming} when WAL flows
     * @param senderHost host of its connection string, empty if unknown
     * @param senderPort port of its connection string, 0 if unknown
     * @param slotName the slot it uses, empty if none
     * @param latestEndLsn the leader's latest position that it reported; zero if none
     */
    public record Receiver(
            String status, String senderHost, int senderPort, String slotName, Lsn latestEndLsn) {

        public boolean streaming() {
            return status.equals("streaming");
        }
    }

    /**
     * One row of {@code pg_stat_replication}; positions zero if null.
     *
     * @param slotName the slot that this connection uses, empty if none
     */
    public record Sender(
            String usename,
            String applicationName,
            Optional<String> clientAddr,
            String state,
            String syncState,
            int syncPriority,
            Lsn writtenLsn,
            Lsn flushedLsn,
            Lsn replayedLsn,
            String slotName) {}

    /**
     * A replication slot; neither temporary ones nor those that PostgreSQL synchronises itself are
     * listed.
     *
     * @param database of a logical slot, else empty
     * @param plugin of a logical slot, else empty
     * @param restartLsn zero if no WAL is reserved
     * @param xmin whether a physical slot holds back vacuum
     * @param walStatus PostgreSQL's word, empty if unknown; {@code lost} means that the slot is
     *     useless
     * @param leftover a logical slot on a standby that isn't a synchronised one, though PostgreSQL
     *     synchronises here: if the primary has a slot of the class {@code failover} by that name,
     *     it refuses to go on
     */
    public record Slot(
            String name,
            boolean logical,
            String database,
            String plugin,
            boolean active,
            Lsn restartLsn,
            Lsn confirmedFlushLsn,
            boolean xmin,
            String walStatus,
            boolean leftover) {

        /** A physical slot. */
        public static Slot physical(
                String name, boolean active, Lsn restartLsn, boolean xmin, String walStatus) {
            return new Slot(
                    name, false, "", "", active, restartLsn, Lsn.ZERO, xmin, walStatus, false);
        }
    }

    /** Whether the server is known to be a primary: it said so. */
    public boolean primary() {
        return answer.isPresent() && answer.get() instanceof Answer.Primary;
    }

    /** Whether the server is known to be a standby: it said so. */
    public boolean standby() {
        return answer.isPresent() && answer.get() instanceof Answer.Standby;
    }

    /**
     * What is left of an observation after an operation ended: what the server said before counts
     * no more. If the operation may have made a primary of it, it counts as one that runs, and if
     * it worked on the data directory nothing is known of that, until somebody has looked.
     */
    public LocalServer unseenSince(Operation ended) {
        if (ended.makesPrimary()) {
            return new LocalServer(
                            data instanceof DataDirectory.Initialized(ControlData control)
                                    ? new DataDirectory.Initialized(control.asPrimary())
                                    : data,
                            Postmaster.RUNNING,
                            Optional.empty(),
                            pendingRestart)
                    .withHealth(health)
                    .withClientsHeldOff(clientsHeldOff);
        }
        DataDirectory left =
                ended.replacesData()
                        ? new DataDirectory.Unreadable("not looked at since " + ended.title())
                        : data;
        return new LocalServer(left, postmaster, Optional.empty(), pendingRestart)
                .withHealth(health)
                .withClientsHeldOff(clientsHeldOff);
    }

    public boolean running() {
        return postmaster == Postmaster.RUNNING;
    }

    public Optional<ControlData> control() {
        return data instanceof DataDirectory.Initialized initialized
                ? Optional.of(initialized.control())
                : Optional.empty();
    }
}
