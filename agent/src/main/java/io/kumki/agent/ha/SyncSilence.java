package io.kumki.agent.ha;

import io.kumki.agent.ha.LocalServer.Answer;
import io.kumki.agent.ha.LocalServer.Sender;
import io.kumki.dcs.cluster.Lsn;
import java.time.Duration;
import java.util.Collections;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Which standbys are connected, have something to confirm, and confirm nothing.
 *
 * <p>PostgreSQL keeps the connection of a standby that fell silent until {@code wal_sender_timeout}
 * (60 s), and commits wait for it so long. Only the position that it confirmed tells: one that
 * receives nothing any more may well go on answering.
 *
 * @param server when the primary's server was started: with another one all begins anew
 * @param heard by application name in lower case
 */
public record SyncSilence(String server, SortedMap<String, Heard> heard) {

    static final SyncSilence NOTHING = new SyncSilence("", new TreeMap<>());

    /** A disk or a network may hesitate this long. */
    static final Duration PATIENCE = Duration.ofSeconds(5);

    /**
     * @param confirmed what it had on disk
     * @param sinceNanos since when it has been behind with that
     */
    public record Heard(Lsn confirmed, long sinceNanos) {}

    public SyncSilence {
        heard = Collections.unmodifiableSortedMap(new TreeMap<>(heard));
    }

    /** What another look shows. */
    SyncSilence look(Answer.Primary primary, long nowNanos) {
        boolean same = server.equals(primary.info().postmasterStartTime());
        SortedMap<String, Heard> now = new TreeMap<>();
        for (Sender sender : primary.info().senders()) {
            if (behind(sender, primary)) {
                Heard before = same ? heard.get(key(sender)) : null;
                if (before != null && before.confirmed().equals(sender.flushedLsn())) {
                    now.put(key(sender), before);
                } else {
                    now.put(key(sender), new Heard(sender.flushedLsn(), nowNanos));
                }
            }
        }
        return new SyncSilence(primary.info().postmasterStartTime(), now);
    }

    /** Whether commits would wait for this one in vain; to be asked after {@link #look}. */
    boolean silent(Sender sender, long nowNanos) {
        Heard one = heard.get(key(sender));
        return one != null && nowNanos - one.sinceNanos() >= PATIENCE.toNanos();
    }

    private static boolean behind(Sender sender, Answer.Primary primary) {
        return sender.state().equals("streaming")
                && sender.flushedLsn().compareTo(primary.flushedLsn()) < 0;
    }

    private static String key(Sender sender) {
        return sender.applicationName().toLowerCase(Locale.ROOT);
    }
}
