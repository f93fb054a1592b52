package io.kumki.agent.ha;

/** A slot that the dynamic configuration asks for ({@code slots}), with the name it has there. */
public sealed interface PermanentSlot {

    /** In which kind of cluster a physical slot is wanted. */
    enum Where {
        ANY,
        PRIMARY_CLUSTER,
        STANDBY_CLUSTER
    }

    /** For a consumer that isn't a member. */
    record Physical(Where where) implements PermanentSlot {}

    /** A stream of changes of one database. */
    record Logical(String database, String plugin) implements PermanentSlot {
        boolean matches(LocalServer.Slot slot) {
            return slot.logical()
                    && slot.database().equals(database)
                    && slot.plugin().equals(plugin);
        }
    }
}
