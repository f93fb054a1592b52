package io.kumki.agent.chaos;

import io.kumki.agent.chaos.Journal.Outcome;
import io.kumki.agent.chaos.Journal.Write;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/**
 * Compares what the clients were told with what is there at the end. It shares nothing with the
 * product.
 *
 * <p>Two primaries: a server's <i>reign</i> is what it acknowledged on one timeline. Once another
 * reign has acknowledged something, the earlier one must be over: a write that was sent to it after
 * that moment and acknowledged is a violation, since its commit came surely later. One that was
 * sent before may have been committed before, and is only counted.
 */
final class Checker {

    /** A stored row: who was to take it, and the mark of this run. */
    record Row(String server, String mark) {}

    /** What the leader's table holds at the end. */
    record Table(Map<Long, Row> rows, List<Long> duplicates) {}

    /**
     * Two servers acknowledged writes.
     *
     * @param writes how many the earlier one acknowledged that were sent too late
     */
    record DoublePrimary(
            String earlier, String later, long fromMs, long durationMs, int writes, long firstId) {

        @Override
        public String toString() {
            return "%s went on for %d ms at t+%.3f s after %s had acknowledged: %d writes, the first is row %d"
                    .formatted(earlier, durationMs, fromMs / 1e3, later, writes, firstId);
        }
    }

    /** Lost rows of one server and timeline, and when they were acknowledged. */
    record Loss(String reign, int rows, long fromMs, long toMs) {
        @Override
        public String toString() {
            return "%d of %s, acknowledged from t+%.3f to t+%.3f s"
                    .formatted(rows, reign, fromMs / 1e3, toMs / 1e3);
        }
    }

    /**
     * @param lost acknowledged, and not there
     * @param losses the same by server and timeline
     * @param phantoms there, and never sent, or refused, or twice, or with other contents
     * @param lateAnswers acknowledged by an earlier reign after a later one's first answer, but
     *     sent before it
     */
    record Findings(
            int sent,
            int acknowledged,
            int unknown,
            SortedSet<Long> lost,
            List<Loss> losses,
            SortedSet<Long> phantoms,
            List<DoublePrimary> doublePrimaries,
            int reigns,
            int lateAnswers,
            long longestGapMs,
            long longestGapAtMs) {}

    private record Reign(String server, String timeline, List<Write> writes) {
        long taken() {
            return writes.getFirst().answered();
        }

        @Override
        public String toString() {
            return server + " (timeline " + timeline.replaceFirst("^0+", "") + ")";
        }
    }

    private Checker() {}

    /**
     * @param begin start of the time in which the service should be there
     * @param end its end
     */
    static Findings check(List<Write> writes, Table table, String mark, long begin, long end) {
        List<Write> acknowledged =
                writes.stream().filter(write -> write.outcome() == Outcome.ACKNOWLEDGED).toList();
        List<Reign> reigns = reigns(acknowledged);
        SortedSet<Long> lost = lost(acknowledged, table);
        Gap gap = longestGap(acknowledged, begin, end);
        return new Findings(
                writes.size(),
                acknowledged.size(),
                (int) writes.stream().filter(write -> write.outcome() == Outcome.UNKNOWN).count(),
                lost,
                losses(reigns, lost, begin),
                phantoms(writes, table, mark),
                doublePrimaries(reigns, begin),
                reigns.size(),
                lateAnswers(reigns),
                TimeUnit.NANOSECONDS.toMillis(gap.length()),
                TimeUnit.NANOSECONDS.toMillis(gap.from() - begin));
    }

    private static SortedSet<Long> lost(List<Write> acknowledged, Table table) {
        SortedSet<Long> lost = new TreeSet<>();
        for (Write write : acknowledged) {
            if (!table.rows().containsKey(write.id())) {
                lost.add(write.id());
            }
        }
        return lost;
    }

    private static List<Loss> losses(List<Reign> reigns, SortedSet<Long> lost, long begin) {
        List<Loss> losses = new ArrayList<>();
        for (Reign reign : reigns) {
            List<Long> times =
                    reign.writes().stream()
                            .filter(write -> lost.contains(write.id()))
                            .map(write -> TimeUnit.NANOSECONDS.toMillis(write.answered() - begin))
                            .toList();
            if (!times.isEmpty()) {
                losses.add(
                        new Loss(
                                reign.toString(), times.size(), times.getFirst(), times.getLast()));
            }
        }
        return losses;
    }

    private static SortedSet<Long> phantoms(List<Write> writes, Table table, String mark) {
        Map<Long, Write> sent = new TreeMap<>();
        writes.forEach(write -> sent.put(write.id(), write));
        SortedSet<Long> phantoms = new TreeSet<>(table.duplicates());
        table.rows()
                .forEach((id, row) -> {
                    Write write = sent.get(id);
                    if (write == null
                            || write.outcome() == Outcome.REFUSED
                            || !row.mark().equals(mark)
                            || !row.server().equals(write.server())) {
                        phantoms.add(id);
                    }
                });
        return phantoms;
    }

    /** In the order of their first answers; each one's writes in the order of theirs. */
    private static List<Reign> reigns(List<Write> acknowledged) {
        Map<String, Reign> reigns = new LinkedHashMap<>();
        acknowledged.stream()
                .sorted(Comparator.comparingLong(Write::answered))
                .forEach(write ->
                        reigns.computeIfAbsent(
                                        write.server() + " " + write.timeline(),
                                        _ ->
                                                new Reign(
                                                        write.server(),
                                                        write.timeline(),
                                                        new ArrayList<>()))
                                .writes()
                                .add(write));
        return List.copyOf(reigns.values());
    }

    private static List<DoublePrimary> doublePrimaries(List<Reign> reigns, long begin) {
        List<DoublePrimary> found = new ArrayList<>();
        for (int i = 0; i < reigns.size(); i++) {
            Reign earlier = reigns.get(i);
            for (Reign later : reigns.subList(i + 1, reigns.size())) {
                List<Write> late =
                        earlier.writes().stream()
                                .filter(write -> write.sent() - later.taken() > 0)
                                .toList();
                if (!earlier.server().equals(later.server()) && !late.isEmpty()) {
                    found.add(doublePrimary(earlier, later, late, begin));
                }
            }
        }
        return found;
    }

    private static DoublePrimary doublePrimary(
            Reign earlier, Reign later, List<Write> late, long begin) {
        return new DoublePrimary(
                earlier.toString(),
                later.toString(),
                TimeUnit.NANOSECONDS.toMillis(later.taken() - begin),
                TimeUnit.NANOSECONDS.toMillis(late.getLast().answered() - later.taken()),
                late.size(),
                late.getFirst().id());
    }

    private static int lateAnswers(List<Reign> reigns) {
        int late = 0;
        for (int i = 0; i + 1 < reigns.size(); i++) {
            long taken = reigns.get(i + 1).taken();
            for (Write write : reigns.get(i).writes()) {
                if (write.answered() - taken > 0 && write.sent() - taken <= 0) {
                    late++;
                }
            }
        }
        return late;
    }

    private record Gap(long from, long length) {}

    private static Gap longestGap(List<Write> acknowledged, long begin, long end) {
        List<Long> times = new ArrayList<>();
        for (Write write : acknowledged) {
            if (write.balanced() && write.answered() - begin > 0 && write.answered() - end < 0) {
                times.add(write.answered());
            }
        }
        times.sort(Comparator.naturalOrder());
        times.add(end);
        Gap longest = new Gap(begin, 0);
        long last = begin;
        for (long time : times) {
            if (time - last > longest.length()) {
                longest = new Gap(last, time - last);
            }
            last = time;
        }
        return longest;
    }
}
