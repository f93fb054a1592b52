package io.kumki.agent.ha;

import io.kumki.dcs.cluster.Lsn;
import java.util.Optional;

/** A change to one replication slot. */
public sealed interface SlotChange {
    String name();

    /** A physical slot; WAL is reserved at once. */
    record Create(String name) implements SlotChange {}

    /** A logical slot, on a primary. */
    record CreateLogical(String name, String database, String plugin) implements SlotChange {}

    /** Only an inactive slot is dropped, of either kind. */
    record Drop(String name) implements SlotChange {}

    /** A physical slot. */
    record Advance(String name, Lsn to) implements SlotChange {}

    /** A logical slot; takes as long as decoding takes. */
    record AdvanceLogical(String name, String database, Lsn to) implements SlotChange {}

    /**
     * Ask the primary whether a copied logical slot is safe to use after a promotion.
     *
     * @param primary empty while nobody leads: the last answer stands
     * @param physical the slot there that holds back catalog rows on behalf of this server
     */
    record Verify(String name, Optional<Upstream> primary, String physical) implements SlotChange {}

    /** Goes on as it is, and somebody should know why that is no good. */
    record Report(String name, String why) implements SlotChange {}

    /** Nothing can be done, and somebody should know why. */
    record Skip(String name, String why) implements SlotChange {}
}
