package io.kumki.agent.ha;

import io.kumki.dcs.cluster.Lsn;

/** A change to one physical replication slot. */
public sealed interface SlotChange {
    String name();

    /** WAL is reserved at once. */
    record Create(String name) implements SlotChange {}

    /** Only an inactive slot is dropped. */
    record Drop(String name) implements SlotChange {}

    record Advance(String name, Lsn to) implements SlotChange {}
}
