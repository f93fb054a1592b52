package io.kumki.agent.ha;

import io.kumki.agent.ha.LocalServer.Answer;
import io.kumki.agent.ha.LocalServer.Sender;
import io.kumki.dcs.cluster.ClusterSettings.SynchronousMode;
import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Whose confirmation commits should wait for.
 *
 * <p>PostgreSQL knows a standby by {@code application_name} alone, which anybody may set. So a
 * member counts only while one connection has its name, and that one uses the member's slot (or,
 * without slots, comes from its address): with two of one name nobody can tell who confirmed.
 */
final class SyncStandbys {

    private SyncStandbys() {}

    private record Candidate(Member member, Sender sender) {
        Lsn confirmed() {
            return sender.flushedLsn();
        }
    }

    /** What the server should demand. */
    static SyncDemand wanted(Situation s, Answer.Primary primary) {
        boolean votes = s.synchronousMode() == SynchronousMode.QUORUM;
        SyncDemand.Kind kind = votes ? SyncDemand.Kind.ANY : SyncDemand.Kind.FIRST;
        int count = s.settings().synchronousNodeCount();
        List<Candidate> eligible = count > 0 ? eligible(s, primary) : List.of();
        List<String> names = new ArrayList<>();
        for (Candidate candidate : eligible) {
            boolean enough = names.size() >= count;
            if (votes ? !enough || !candidate.member().tags().nofailover() : !enough) {
                names.add(candidate.member().name().value());
            }
        }
        if (!names.isEmpty()) {
            return SyncDemand.of(kind, Math.min(count, names.size()), names);
        }
        return s.settings().synchronousModeStrict() ? SyncDemand.somebody(kind) : SyncDemand.NOBODY;
    }

    /**
     * Best first: who confirms commits already goes on doing so, unless it confirms nothing any
     * more and another does.
     */
    private static List<Candidate> eligible(Situation s, Answer.Primary primary) {
        List<Candidate> connected =
                s.cluster().members().values().stream()
                        .flatMap(member -> candidate(s, member, primary).stream())
                        .toList();
        Lsn best =
                connected.size() == 1
                        ? primary.flushedLsn()
                        : connected.stream()
                                .map(Candidate::confirmed)
                                .max(Lsn::compareTo)
                                .orElse(Lsn.ZERO);
        long limit = s.settings().maximumLagOnSyncnode();
        List<Candidate> eligible =
                connected.stream()
                        .filter(one -> !cascades(one.member(), connected))
                        .filter(one -> limit <= 0 || best.bytesBeyond(one.confirmed()) <= limit)
                        .toList();
        return eligible.stream()
                .sorted(
                        Comparator.comparing((Candidate one) -> isSilent(s, one, eligible))
                                .thenComparing(ORDER))
                .toList();
    }

    /** Another one must have as much, or commits would wait for that one instead. */
    private static boolean isSilent(Situation s, Candidate one, List<Candidate> eligible) {
        SyncSilence silence = s.memory().sync().silence();
        return silence.silent(one.sender(), s.nowNanos())
                && eligible.stream()
                        .filter(other -> !silence.silent(other.sender(), s.nowNanos()))
                        .anyMatch(other -> other.confirmed().compareTo(one.confirmed()) >= 0);
    }

    /** The words sort by themselves: sync, quorum, potential, async. */
    private static final Comparator<Candidate> ORDER =
            Comparator.comparing((Candidate one) -> one.member().tags().nofailover())
                    .thenComparing(
                            one -> one.member().tags().syncPriority(), Comparator.reverseOrder())
                    .thenComparing(one -> one.sender().syncState(), Comparator.reverseOrder())
                    .thenComparing(Candidate::confirmed, Comparator.reverseOrder())
                    .thenComparing(one -> one.member().name());

    private static Optional<Candidate> candidate(
            Situation s, Member member, Answer.Primary primary) {
        boolean may =
                !same(member.name(), s.me().value())
                        && member.status().state().equals("running")
                        && !member.tags().nosync()
                        && !member.tags().nostream()
                        && namesakes(s, member) == 1;
        return may
                ? sender(s, member, primary).map(one -> new Candidate(member, one))
                : Optional.empty();
    }

    /** PostgreSQL ignores case where members don't. */
    private static long namesakes(Situation s, Member member) {
        return s.cluster().members().keySet().stream()
                .filter(name -> same(name, member.name().value()))
                .count();
    }

    private static boolean same(MemberName name, String other) {
        return name.value().equalsIgnoreCase(other);
    }

    private static Optional<Sender> sender(Situation s, Member member, Answer.Primary primary) {
        List<Sender> named = named(primary, member.name()).toList();
        return named.size() == 1
                ? named.stream()
                        .filter(one -> one.state().equals("streaming"))
                        .filter(one -> !one.flushedLsn().isZero())
                        .filter(one -> comesFrom(s, member, one))
                        .findFirst()
                : Optional.empty();
    }

    private static Stream<Sender> named(Answer.Primary primary, MemberName name) {
        return primary.info().senders().stream()
                .filter(sender -> same(name, sender.applicationName()));
    }

    /** A slot serves one connection at a time, and only the member is told to use its own. */
    private static boolean comesFrom(Situation s, Member member, Sender sender) {
        if (s.self().slots().used()) {
            return sender.slotName().equals(SlotNames.of(member.name()));
        }
        Optional<String> address = member.addresses().connUrl().flatMap(SyncStandbys::addressIn);
        return address.isEmpty()
                || sender.clientAddr().isEmpty()
                || address.equals(sender.clientAddr());
    }

    /** The address in a connection URL if it is a number; a host name can't be compared. */
    private static Optional<String> addressIn(String url) {
        int begin = url.indexOf("://");
        if (begin < 0) {
            return Optional.empty();
        }
        String rest = url.substring(begin + 3);
        String host =
                rest.startsWith("[")
                        ? rest.substring(1, Math.max(1, rest.indexOf(']')))
                        : rest.split("[:/?]", 2)[0];
        boolean number = host.contains(":") || host.matches("[0-9]{1,3}(\\.[0-9]{1,3}){3}");
        return number ? Optional.of(host) : Optional.empty();
    }

    /** It should stream from another eligible one: here it is only for the time being. */
    private static boolean cascades(Member member, List<Candidate> connected) {
        return member.tags()
                .replicatefrom()
                .filter(from ->
                        connected.stream()
                                .anyMatch(other ->
                                        !other.member().name().equals(member.name())
                                                && same(from, other.member().name().value())))
                .isPresent();
    }

    /** How many of those demanded have everything up to there. */
    static long having(SyncDemand demand, Lsn position, Answer.Primary primary) {
        return demand.names().stream()
                .map(MemberName::new)
                .filter(name -> {
                    List<Sender> named = named(primary, name).toList();
                    return named.size() == 1
                            && named.getFirst().flushedLsn().compareTo(position) >= 0;
                })
                .count();
    }

    /** Whether each connection knows already whether it is demanded. */
    static boolean knownToSenders(SyncDemand demand, Answer.Primary primary) {
        return primary.info().senders().stream()
                .filter(sender -> sender.state().equals("streaming"))
                .allMatch(sender ->
                        sender.syncPriority() > 0
                                == (demand.anybody()
                                        || demand.names().contains(sender.applicationName())));
    }
}
