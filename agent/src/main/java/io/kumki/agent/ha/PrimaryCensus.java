package io.kumki.agent.ha;

import io.kumki.dcs.cluster.Member;
import io.kumki.dcs.cluster.MemberName;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Who is a primary, by the members' own answers: the store isn't needed for it, only the addresses
 * that were last known. It changes nothing by itself; fences do. It tells when they failed.
 *
 * <p>Two must be seen in two rounds, one after the other: in one round a hand-over could come
 * between the answers.
 *
 * @param seen who was a primary in the last round
 * @param primaries who were so at the same time, two at least; empty if there is no sign of it
 */
public record PrimaryCensus(SortedSet<MemberName> seen, SortedSet<MemberName> primaries) {

    public static final PrimaryCensus NONE = new PrimaryCensus(new TreeSet<>(), new TreeSet<>());

    public PrimaryCensus {
        seen = Collections.unmodifiableSortedSet(new TreeSet<>(seen));
        primaries = Collections.unmodifiableSortedSet(new TreeSet<>(primaries));
    }

    /**
     * Whom to ask; empty if nothing speaks for a second primary. With a store that answers, the
     * members' keys show whether there may be one; without it everybody is asked who was known
     * last.
     */
    public static List<Member> toAsk(Situation s) {
        SortedMap<MemberName, Member> others = new TreeMap<>();
        if (s.etcdSilent()) {
            others.putAll(Candidates.everKnown(s, true));
        } else if (publishedPrimaries(s).size() > 1) {
            publishedPrimaries(s)
                    .forEach(name ->
                            s.cluster().member(name).ifPresent(member -> others.put(name, member)));
        }
        others.remove(s.me());
        return others.values().stream()
                .filter(member -> member.addresses().apiUrl().isPresent())
                .toList();
    }

    private static SortedSet<MemberName> publishedPrimaries(Situation s) {
        SortedSet<MemberName> names = new TreeSet<>();
        for (Member member : s.cluster().members().values()) {
            boolean runs = member.status().state().equals("running");
            if (runs && member.status().role().equals("primary") && !member.name().equals(s.me())) {
                names.add(member.name());
            }
        }
        if (s.server().primary()) {
            names.add(s.me());
        }
        return names;
    }

    /** What another round shows. */
    public PrimaryCensus after(Situation s, SortedMap<MemberName, PeerAnswer> answers) {
        SortedSet<MemberName> now = new TreeSet<>();
        SortedSet<MemberName> still = new TreeSet<>(primaries);
        if (s.server().primary()) {
            now.add(s.me());
        } else if (!s.couldWrite()) {
            still.remove(s.me());
        }
        for (Map.Entry<MemberName, PeerAnswer> answer : answers.entrySet()) {
            switch (answer.getValue()) {
                case PeerAnswer.Reached reached when reached.primary() -> now.add(answer.getKey());
                case PeerAnswer.Reached _, PeerAnswer.NoPosition _ -> still.remove(answer.getKey());
                // who doesn't answer now may still be what it was
                case PeerAnswer.Unreachable _ -> {}
            }
        }
        SortedSet<MemberName> twice = new TreeSet<>(now);
        twice.retainAll(seen);
        still.addAll(twice);
        return new PrimaryCensus(now, still.size() > 1 ? still : new TreeSet<>());
    }

    /** Whether another round must follow soon. */
    public boolean suspects() {
        return seen.size() > 1 && primaries.isEmpty();
    }

    /** For people; empty if there is no sign of two. */
    public Optional<String> alarm() {
        return primaries.isEmpty() ? Optional.empty() : Optional.of(String.join(", ", names()));
    }

    /** Names of {@link #primaries}. */
    public List<String> names() {
        return primaries.stream().map(MemberName::value).toList();
    }
}
