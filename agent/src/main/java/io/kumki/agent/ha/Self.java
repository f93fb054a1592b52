package io.kumki.agent.ha;

import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import io.kumki.dcs.cluster.Tags;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * This member as configured.
 *
 * @param mayBootstrap whether the local configuration says how to create a cluster
 * @param clonesWithoutSource a replica method works without a leader to copy from ({@code
 *     no_leader}), such as the restore of a backup
 * @param rejoin how far it may go by itself to follow again
 * @param slots what it does with replication slots
 * @param unfit why it must not be promoted now, such as a required guard that isn't there
 * @param unguarded why its server must not go on as a primary either
 * @param customBootstrap it creates a cluster by a command of the operator's
 */
public record Self(
        MemberName name,
        Member.Addresses addresses,
        Tags tags,
        boolean mayBootstrap,
        boolean clonesWithoutSource,
        RejoinPolicy rejoin,
        SlotPolicy slots,
        Optional<String> unfit,
        Optional<String> unguarded,
        boolean customBootstrap) {

    /** A member that is fit to lead. */
    public Self(
            MemberName name,
            Member.Addresses addresses,
            Tags tags,
            boolean mayBootstrap,
            boolean clonesWithoutSource,
            RejoinPolicy rejoin,
            SlotPolicy slots) {
        this(
                name,
                addresses,
                tags,
                mayBootstrap,
                clonesWithoutSource,
                rejoin,
                slots,
                Optional.empty(),
                Optional.empty(),
                false);
    }

    /** Fit to lead, without a replica method that needs no source. */
    public Self(
            MemberName name,
            Member.Addresses addresses,
            Tags tags,
            boolean mayBootstrap,
            RejoinPolicy rejoin,
            SlotPolicy slots) {
        this(name, addresses, tags, mayBootstrap, false, rejoin, slots);
    }

    /** Why it must not be promoted, and why its primary must stop. */
    public Self withUnfit(Optional<String> promotion, Optional<String> primary) {
        return new Self(
                name,
                addresses,
                tags,
                mayBootstrap,
                clonesWithoutSource,
                rejoin,
                slots,
                promotion,
                primary,
                customBootstrap);
    }

    /** Creates a cluster by a command of the operator's, not by initdb. */
    public Self withCustomBootstrap() {
        return new Self(
                name,
                addresses,
                tags,
                mayBootstrap,
                clonesWithoutSource,
                rejoin,
                slots,
                unfit,
                unguarded,
                true);
    }

    /**
     * @param canRewind pg_rewind is configured, installed, and the data directory fits
     * @param cloneAfterFailedRewind the data directory may be removed when a rewind failed
     * @param cloneWhenDiverged the data directory may be removed when it diverged and can't be
     *     rewound
     */
    public record RejoinPolicy(
            boolean canRewind, boolean cloneAfterFailedRewind, boolean cloneWhenDiverged) {}

    /**
     * @param used whether members stream through slots at all
     * @param permanent slots that are kept on every member that may lead, by name
     * @param ignored slots of others, never dropped
     */
    public record SlotPolicy(
            boolean used, SortedMap<String, PermanentSlot> permanent, List<IgnoredSlot> ignored) {

        /** Members stream through slots, and there are no others. */
        public static final SlotPolicy MEMBERS = new SlotPolicy(true, new TreeMap<>(), List.of());

        public SlotPolicy {
            permanent = Collections.unmodifiableSortedMap(new TreeMap<>(permanent));
            ignored = List.copyOf(ignored);
        }
    }
}
