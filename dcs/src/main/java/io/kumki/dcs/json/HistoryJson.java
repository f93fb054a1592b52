package io.kumki.dcs.json;

import io.kumki.dcs.cluster.Lsn;
import io.kumki.dcs.cluster.TimelineHistory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** {@code history} (contract {@code dcs.md} 4.6). */
public final class HistoryJson {

    private HistoryJson() {}

    public static String write(TimelineHistory history) {
        List<List<@Nullable Object>> lines = new ArrayList<>();
        for (TimelineHistory.Entry entry : history.entries()) {
            List<@Nullable Object> line = new ArrayList<>();
            line.add(entry.timeline());
            line.add(entry.switchLsn().bytes());
            line.add(entry.reason());
            if (entry.time().isPresent() || entry.newLeader().isPresent()) {
                line.add(entry.time().orElse(""));
            }
            entry.newLeader().ifPresent(line::add);
            lines.add(line);
        }
        return JsonText.write(lines);
    }

    /** Reads the history; a line without sense makes all of it unknown. */
    public static Parsed<TimelineHistory> read(String text) {
        try {
            if (!(JsonText.parse(text) instanceof List<?> lines)) {
                return Parsed.poor(
                        TimelineHistory.UNKNOWN, "not a JSON array: " + Fields.quoted(text));
            }
            List<TimelineHistory.Entry> entries = new ArrayList<>();
            for (Object line : lines) {
                entries.add(entry(line));
            }
            return Parsed.fine(new TimelineHistory(true, entries));
        } catch (IllegalArgumentException e) {
            return Parsed.poor(
                    TimelineHistory.UNKNOWN, e.getMessage() + ": " + Fields.quoted(text));
        }
    }

    private static TimelineHistory.Entry entry(@Nullable Object line) {
        if (!(line instanceof List<?> fields) || fields.size() < 3) {
            throw new IllegalArgumentException("a line has fewer than three fields");
        }
        OptionalLong timeline = Fields.integerOf(fields.get(0));
        OptionalLong position = Fields.integerOf(fields.get(1));
        if (timeline.orElse(-1) < 1
                || timeline.getAsLong() >= Integer.MAX_VALUE
                || position.orElse(-1) < 0) {
            throw new IllegalArgumentException("a line doesn't begin with timeline and position");
        }
        return new TimelineHistory.Entry(
                (int) timeline.getAsLong(),
                new Lsn(position.getAsLong()),
                text(fields, 2).orElse(""),
                text(fields, 3).filter(time -> !time.isEmpty()),
                text(fields, 4));
    }

    private static Optional<String> text(List<?> fields, int position) {
        return position < fields.size()
                ? Optional.ofNullable(fields.get(position)).map(Object::toString)
                : Optional.empty();
    }
}
