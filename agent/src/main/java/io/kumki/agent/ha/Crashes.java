package io.kumki.agent.ha;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * When the server of this member ended against its will while it was the leader's, although it had
 * started well each time.
 *
 * @param atNanos the ends, oldest first
 * @param up what ran at the last look; empty unless a primary that this member led with
 * @param handOverTried since the last of them a hand-over in good order was tried
 */
public record Crashes(List<Long> atNanos, Optional<Life> up, boolean handOverTried) {

    public static final Crashes NONE = new Crashes(List.of(), Optional.empty(), false);

    /** No limit can be set higher. */
    private static final int MOST = 20;

    public Crashes {
        atNanos = List.copyOf(atNanos);
    }

    /**
     * What ends with a crash.
     *
     * @param postmaster when it was started
     * @param memory when its processes were started; newer than the postmaster if a backend's crash
     *     made it start them anew
     */
    public record Life(String postmaster, String memory) {}

    /** What this turn shows. */
    static Crashes refresh(Situation s) {
        Crashes known = s.memory().crashes();
        if (!counts(s)) {
            return known.with(Optional.empty());
        }
        if (s.server().answer().orElse(null) instanceof LocalServer.Answer.Primary primary) {
            Life life =
                    new Life(primary.info().postmasterStartTime(), primary.info().memoryStart());
            boolean startedAnew =
                    known.up
                            .filter(before -> before.postmaster.equals(life.postmaster))
                            .filter(before -> !before.memory.isEmpty() && !life.memory.isEmpty())
                            .filter(before -> !before.memory.equals(life.memory))
                            .isPresent();
            return (startedAnew ? known.another(s.nowNanos()) : known).with(Optional.of(life));
        }
        if (s.server().postmaster() != LocalServer.Postmaster.STOPPED) {
            return known;
        }
        boolean unclean =
                s.server().control().filter(control -> control.state().unclean()).isPresent();
        return known.up.isPresent() && unclean
                ? known.another(s.nowNanos()).with(Optional.empty())
                : known.with(Optional.empty());
    }

    /** Nobody wanted it to end: no operation, no operator, no fence. */
    private static boolean counts(Situation s) {
        return s.iHoldKey()
                && !s.leaseRanOut()
                && !s.paused()
                && !s.endingAsked()
                && s.ongoing().isEmpty()
                && s.memory().stepDown().isEmpty();
    }

    private Crashes another(long nowNanos) {
        List<Long> all = new ArrayList<>(atNanos);
        all.add(nowNanos);
        return new Crashes(all.subList(Math.max(0, all.size() - MOST), all.size()), up, false);
    }

    private Crashes with(Optional<Life> running) {
        return new Crashes(atNanos, running, handOverTried);
    }

    Crashes withHandOverTried() {
        return new Crashes(atNanos, up, true);
    }

    /** How many of them count now. */
    public static int recent(Situation s) {
        Duration window = s.settings().crashLoop().window();
        return (int)
                s.memory().crashes().atNanos().stream()
                        .filter(at -> s.since(at).compareTo(window) < 0)
                        .count();
    }

    /** What a crash loop is called; empty while there is none. */
    static Optional<String> loop(Situation s) {
        int limit = s.settings().crashLoop().crashes();
        int crashes = recent(s);
        return limit > 0 && crashes >= limit
                ? Optional.of(
                        "its server crashed "
                                + crashes
                                + " times within "
                                + s.settings().crashLoop().window().toSeconds()
                                + " s as the primary")
                : Optional.empty();
    }

    /** Why the lead is given away or the server stays down; empty if all is well. */
    public static Optional<String> trouble(Situation s) {
        return CrashRules.trouble(s);
    }

    /**
     * Why another member should rather lead, all else being equal. Published, so that the others
     * know it too.
     */
    public static Optional<String> impairment(Situation s) {
        return s.server().health().lacksRoom().or(() -> loop(s));
    }
}
