package io.kumki.dcs.cluster;

import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a member publishes about itself.
 *
 * @param name unique in the cluster
 * @param addresses where its server and its REST API are reached
 * @param status what its server does
 * @param wal how far its server's log is; missing values are normal
 * @param tags effective tags
 * @param leaseId the etcd lease its key hangs on; 0 if it isn't stored yet
 * @param volumes the room it has, roughly; unknown for members of other software
 */
public record Member(
        MemberName name,
        Addresses addresses,
        Status status,
        WalProgress wal,
        Tags tags,
        long leaseId,
        Volumes volumes) {

    /** One that says nothing about its volumes. */
    public Member(
            MemberName name,
            Addresses addresses,
            Status status,
            WalProgress wal,
            Tags tags,
            long leaseId) {
        this(name, addresses, status, wal, tags, leaseId, Volumes.UNKNOWN);
    }

    /** The same with these volumes. */
    public Member withVolumes(Volumes other) {
        return new Member(name, addresses, status, wal, tags, leaseId, other);
    }

    /**
     * @param connUrl {@code postgres://HOST:PORT/DATABASE}, without user and password
     * @param apiUrl {@code http(s)://HOST:PORT/patroni}
     * @param proxyUrl like {@code connUrl}, if clients should go through a proxy
     */
    public record Addresses(
            Optional<String> connUrl, Optional<String> apiUrl, Optional<String> proxyUrl) {

        public static final Addresses NONE =
                new Addresses(Optional.empty(), Optional.empty(), Optional.empty());
    }

    /**
     * @param state one of the state texts of the wire contract, such as {@code running}; empty if
     *     unknown
     * @param role {@code primary}, {@code standby_leader}, {@code replica}, {@code promoted},
     *     {@code demoted}, {@code uninitialized}; empty if unknown ({@code master} is read as
     *     {@code primary})
     * @param version the agent's version, dotted integers; empty if unknown
     * @param checkpointAfterPromoteDue a leader that hasn't completed a checkpoint on its timeline
     *     yet: no source for pg_rewind
     * @param pendingRestart parameters that wait for a restart. Empty if none does
     * @param pause whether this member has seen the pause
     */
    public record Status(
            String state,
            String role,
            String version,
            boolean checkpointAfterPromoteDue,
            boolean restartPending,
            SortedMap<String, ParameterChange> pendingRestart,
            Optional<ScheduledRestart> scheduledRestart,
            boolean pause) {

        public Status {
            pendingRestart = Collections.unmodifiableSortedMap(new TreeMap<>(pendingRestart));
        }

        public static Status of(String state, String role, String version) {
            return new Status(
                    state, role, version, false, false, new TreeMap<>(), Optional.empty(), false);
        }
    }

    /**
     * @param location primary: flushed position; standby: the larger of received and replayed
     * @param received standby only
     * @param replayed standby only
     * @param replicationState standby only: {@code streaming} or {@code in archive recovery}
     * @param timeline 0 if unknown
     */
    public record WalProgress(
            Optional<Lsn> location,
            Optional<Lsn> received,
            Optional<Lsn> replayed,
            Optional<String> replicationState,
            int timeline) {

        public static final WalProgress UNKNOWN =
                new WalProgress(
                        Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), 0);
    }

    /** The same at this position of its log. */
    public Member at(Lsn location) {
        return new Member(
                name,
                addresses,
                status,
                new WalProgress(
                        Optional.of(location),
                        wal.received(),
                        wal.replayed(),
                        wal.replicationState(),
                        wal.timeline()),
                tags,
                leaseId,
                volumes);
    }

    /** A member of which only the REST address is known. */
    public static Member reachedBy(MemberName name, String apiUrl) {
        return new Member(
                name,
                new Addresses(Optional.empty(), Optional.of(apiUrl), Optional.empty()),
                Status.of("", "", ""),
                WalProgress.UNKNOWN,
                Tags.NONE,
                0);
    }

    /** A member known by name only: it holds a key but published nothing (readable). */
    public static Member nameOnly(MemberName name) {
        return new Member(
                name, Addresses.NONE, Status.of("", "", ""), WalProgress.UNKNOWN, Tags.NONE, 0);
    }
}
