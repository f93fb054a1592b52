package io.kumki.agent.sim;

import io.kumki.agent.ha.LocalServer.ClusterState;
import io.kumki.agent.ha.LocalServer.UnfinishedWork;
import io.kumki.dcs.cluster.Lsn;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One PostgreSQL: what is on its disk and what its process does. It lives on whatever becomes of
 * the agent. A crash loses nothing that was flushed, and everything here is flushed at once.
 */
final class SimServer {

    /** What a checkpoint record takes in the log. */
    static final long CHECKPOINT_BYTES = 120;

    /** The process. */
    enum Phase {
        STOPPED,
        STARTING,
        RUNNING,
        STOPPING
    }

    private final SimWorld world;
    private final SimNode node;
    private final List<Runnable> changeListeners = new ArrayList<>();

    private boolean data;
    private @Nullable UnfinishedWork unfinished;
    private String systemIdentifier = "";
    private Branch branch;
    private long end;
    private long oldest;
    private long replayed;
    private ClusterState state = ClusterState.SHUT_DOWN;
    private int checkpointTimeline = 1;
    private long checkpointAt;
    private int full;
    private boolean standbySignal;
    private boolean backupLabel;
    private @Nullable String upstream;
    private final SortedMap<String, Lsn> slots = new TreeMap<>();
    private String syncNames = "";
    private boolean gate;
    private boolean heldOff;

    /** Up to here a client that gets in sees the log, confirmed or not. */
    private long recovered;

    private Phase process = Phase.STOPPED;
    private boolean primary;
    private boolean closed;
    private boolean plannedStop;
    private int life;
    private long startedAt;
    private long memoryAt;
    private long changedAt;
    private long movedAt;

    SimServer(SimWorld world, SimNode node) {
        this.world = world;
        this.node = node;
        this.branch = Branch.root(node.name());
    }

    // ---- facts

    String name() {
        return node.name();
    }

    SimNode node() {
        return node;
    }

    boolean initialized() {
        return data && unfinished == null;
    }

    Optional<UnfinishedWork> unfinished() {
        return Optional.ofNullable(unfinished);
    }

    String systemIdentifier() {
        return systemIdentifier;
    }

    Branch branch() {
        return branch;
    }

    long end() {
        return end;
    }

    /** Where the log begins that a standby can still get from here. */
    long oldest() {
        return oldest;
    }

    /** A checkpoint recycles all that no slot and no setting keeps. */
    void removeLog() {
        oldest = end;
        world.trace(() -> name() + " has no log before " + oldest);
    }

    long replayed() {
        return replayed;
    }

    ClusterState state() {
        return state;
    }

    int checkpointTimeline() {
        return checkpointTimeline;
    }

    long checkpointAt() {
        return checkpointAt;
    }

    boolean standbySignal() {
        return standbySignal;
    }

    boolean backupLabel() {
        return backupLabel;
    }

    /** {@code synchronous_standby_names}; a standby starts without. */
    String syncNames() {
        return syncNames;
    }

    void setSyncNames(String names) {
        world.trace(() -> name() + " synchronous_standby_names = " + names);
        syncNames = names;
        node.commits().confirm();
    }

    /** Whether clients are held off from the next start on. */
    boolean gate() {
        return gate;
    }

    void holdOff() {
        gate = true;
    }

    void admit() {
        world.trace(() -> name() + " lets clients in");
        gate = false;
        heldOff = false;
    }

    /** What stood in the log when this primary began. */
    long recovered() {
        return recovered;
    }

    Optional<String> upstream() {
        return Optional.ofNullable(upstream);
    }

    SortedMap<String, Lsn> slots() {
        return slots;
    }

    Phase process() {
        return process;
    }

    boolean runs(Phase wanted) {
        return process == wanted;
    }

    boolean primary() {
        return primary;
    }

    /** Takes writes: up, a primary, not closing, its machine not asleep. */
    boolean writable() {
        return process == Phase.RUNNING && primary && !closed && !node.machine().frozen();
    }

    boolean runningStandby() {
        return process == Phase.RUNNING && !primary;
    }

    /** Changes with every start and end: what was begun in another life doesn't go on. */
    int life() {
        return life;
    }

    long startedAt() {
        return startedAt;
    }

    /** Since when process and role are as they are. */
    long changedAt() {
        return changedAt;
    }

    /** When the log last grew. */
    long movedAt() {
        return movedAt;
    }

    // ---- events

    void onChange(Runnable listener) {
        changeListeners.add(listener);
    }

    void forgetListeners() {
        changeListeners.clear();
    }

    /** Goes on in the same life only, and only while the machine runs. */
    void later(long delay, Runnable action) {
        int then = life;
        world.after(
                delay,
                node.machine(),
                () -> {
                    if (life == then) {
                        action.run();
                    }
                });
    }

    private void become(Phase now) {
        process = now;
        changedAt = world.now();
        world.trace(() -> name() + " server " + this);
        List.copyOf(changeListeners).forEach(Runnable::run);
    }

    /** The process begins. */
    void begin(boolean asPrimary) {
        life++;
        primary = asPrimary;
        standbySignal = !asPrimary;
        syncNames = asPrimary ? syncNames : "";
        gate &= asPrimary;
        heldOff = gate;
        recovered = end;
        closed = false;
        plannedStop = false;
        startedAt = world.now();
        memoryAt = world.now();
        become(Phase.STARTING);
    }

    /** A backend crashed: the same postmaster starts all its processes anew. */
    void beginAnew(long recovery) {
        life++;
        memoryAt = world.now();
        become(Phase.STARTING);
        later(recovery, this::accept);
    }

    /** When its processes began. */
    long memoryAt() {
        return memoryAt;
    }

    /** Accepts connections. */
    void accept() {
        state = primary ? ClusterState.IN_PRODUCTION : ClusterState.IN_ARCHIVE_RECOVERY;
        backupLabel = false;
        become(Phase.RUNNING);
    }

    /** Takes no commits any more, and still runs. */
    void close() {
        closed = true;
        life++;
        become(Phase.STOPPING);
    }

    /** Whether the last clean stop was one without haste, for a hand-over. */
    boolean plannedStop() {
        return plannedStop;
    }

    void stoppedFor(boolean planned) {
        plannedStop = planned;
    }

    /** The last record of a clean shutdown is written; returns where it begins. */
    long shutDownRecord() {
        long begins = end;
        if (primary) {
            checkpointAt = end;
            end += CHECKPOINT_BYTES;
            replayed = end;
            checkpointTimeline = branch.timeline();
            state = ClusterState.SHUT_DOWN;
        } else {
            state = ClusterState.SHUT_DOWN_IN_RECOVERY;
        }
        return begins;
    }

    /** The process is gone, however. */
    boolean diskFull() {
        return full > 0;
    }

    /** Two faults may fill it at once. */
    void diskFull(boolean now) {
        full += now ? 1 : -1;
    }

    void gone() {
        if (process == Phase.STOPPED) {
            return;
        }
        life++;
        become(Phase.STOPPED);
    }

    /**
     * Whether a standby with another log would get this server's as the continuation of its own:
     * PostgreSQL looks at numbers and places alone.
     */
    boolean takesForItsOwn(SimServer standby) {
        return initialized()
                && systemIdentifier.equals(standby.systemIdentifier)
                && !branch.continues(standby.branch, standby.end)
                && branch.reaches(standby.branch.timeline(), standby.end);
    }

    /** A commit; false if it is refused. */
    boolean commit(long bytes) {
        if (!writable() || heldOff) {
            return false;
        }
        end += bytes;
        replayed = end;
        movedAt = world.now();
        node.commits().written();
        return true;
    }

    /** Ends recovery: everything that is on disk is replayed, a new timeline begins. */
    void promoted() {
        recovered = end;
        branch = branch.child(end, name());
        end += CHECKPOINT_BYTES;
        replayed = end;
        primary = true;
        standbySignal = false;
        upstream = null;
        state = ClusterState.IN_PRODUCTION;
        become(Phase.RUNNING);
    }

    void checkpoint() {
        checkpointTimeline = branch.timeline();
        checkpointAt = end;
        end += CHECKPOINT_BYTES;
        replayed = end;
    }

    /** Crash recovery that ends in a shutdown checkpoint. */
    void recoverAlone() {
        checkpointTimeline = branch.timeline();
        checkpointAt = end;
        end += CHECKPOINT_BYTES;
        state = ClusterState.SHUT_DOWN;
    }

    /** Log from an upstream. */
    void receive(Branch from, long to) {
        if (to == end && from == branch) {
            return;
        }
        branch = from;
        end = to;
        movedAt = world.now();
        node.replication()
                .streamingFrom()
                .map(name -> node.parts().cluster().node(name))
                .ifPresent(source -> source.commits().confirm());
    }

    void replay(long to) {
        replayed = Math.min(end, Math.max(replayed, to));
    }

    void replayFrom(long position) {
        replayed = Math.min(end, position);
    }

    void follow(@Nullable String name) {
        upstream = name;
    }

    void create(String identifier) {
        data = true;
        unfinished = null;
        systemIdentifier = identifier;
        branch = Branch.root(name());
        end = 50_331_648;
        oldest = 0;
        replayed = end;
        checkpointTimeline = 1;
        checkpointAt = end - CHECKPOINT_BYTES;
        state = ClusterState.SHUT_DOWN;
        standbySignal = false;
        slots.clear();
    }

    void mark(UnfinishedWork work) {
        data = true;
        unfinished = work;
        changedAt = world.now();
    }

    /** What a finished clone or rewind leaves: the source's log, to be started as a standby. */
    void copyOf(SimServer source, ClusterState copied) {
        data = true;
        unfinished = null;
        systemIdentifier = source.systemIdentifier;
        branch = source.branch;
        end = source.end;
        oldest = source.oldest;
        replayed = end;
        checkpointTimeline = source.checkpointTimeline;
        checkpointAt = source.checkpointAt;
        state = copied;
        standbySignal = false;
        backupLabel = true;
        slots.clear();
        movedAt = world.now();
    }

    void discard() {
        data = false;
        unfinished = null;
    }

    Lsn position() {
        return new Lsn(end);
    }

    @Override
    public String toString() {
        return process
                + (process == Phase.STOPPED
                        ? " " + (initialized() ? state.toString() : "unusable " + unfinished)
                        : primary ? (closed ? " closed primary" : " primary") : " standby")
                + " timeline "
                + branch
                + " at "
                + end;
    }
}
