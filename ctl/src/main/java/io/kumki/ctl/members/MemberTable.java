package io.kumki.ctl.members;

import io.kumki.ctl.output.Column;
import io.kumki.ctl.output.OutputFormat;
import io.kumki.ctl.output.OutputFormat.Missing;
import io.kumki.ctl.output.Table;
import io.kumki.ctl.output.Timestamps;
import io.kumki.ctl.output.YamlText;
import io.kumki.ctl.session.ClusterAccess;
import io.kumki.dcs.cluster.ClusterSettings;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.FailoverRequest;
import io.kumki.dcs.cluster.ParameterChange;
import java.time.Clock;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The member table of {@code list} and {@code topology}, also printed before and after other
 * commands.
 *
 * <p>The columns for restarts and tags appear if any member has a value for them, or if all columns
 * are wanted.
 */
public final class MemberTable {

    /** What the table is for. */
    public enum Style {
        PRETTY(OutputFormat.pretty),
        TOPOLOGY(OutputFormat.pretty),
        TSV(OutputFormat.tsv),
        JSON(OutputFormat.json),
        YAML(OutputFormat.yaml);

        private final OutputFormat format;

        Style(OutputFormat format) {
            this.format = format;
        }

        public static Style of(OutputFormat format) {
            return switch (format) {
                case pretty -> PRETTY;
                case tsv -> TSV;
                case json -> JSON;
                case yaml, yml -> YAML;
            };
        }

        private boolean drawn() {
            return format == OutputFormat.pretty;
        }
    }

    /** Longer explanations make the drawn table unreadable. */
    private static final int LONGEST_REASON = 50;

    private final ClusterAccess cluster;
    private final ClusterView view;
    private final Style style;
    private final boolean allColumns;
    private final List<MemberRow> rows;
    private final boolean withPorts;

    private final List<Column> columns = new ArrayList<>();
    private final List<BiFunction<MemberRow, String, Object>> cells = new ArrayList<>();

    private MemberTable(ClusterAccess cluster, ClusterView view, Style style, boolean allColumns) {
        this.cluster = cluster;
        this.view = view;
        this.style = style;
        this.allColumns = allColumns;
        this.rows =
                view.members().values().stream().map(member -> MemberRow.of(member, view)).toList();
        this.withPorts = portsMatter(rows);
    }

    /** The table of an ordinary command. */
    public static String pretty(ClusterAccess cluster, ClusterView view) {
        return format(cluster, view, Style.PRETTY, false);
    }

    /** The table, and in the drawn styles the service lines below it; no line feed at the end. */
    public static String format(
            ClusterAccess cluster, ClusterView view, Style style, boolean allColumns) {
        MemberTable table = new MemberTable(cluster, view, style, allColumns);
        table.chooseColumns();
        List<String> parts = new ArrayList<>();
        parts.add(style.format.format(table.title(), table.build(), Missing.LEAVE_OUT));
        if (style.drawn()) {
            parts.addAll(table.serviceLines());
        }
        return String.join("\n", parts);
    }

    private String title() {
        String id =
                view.initialize()
                        .map(text -> text.isEmpty() ? "initializing" : text)
                        .orElse("uninitialized");
        if (cluster.citus()) {
            return "Citus cluster: %s (group: %d, %s)"
                    .formatted(cluster.name(), cluster.group().orElse(0), id);
        }
        return "Cluster: %s (%s)".formatted(cluster.name(), id);
    }

    private void chooseColumns() {
        boolean drawn = style.drawn();
        if (!drawn) {
            add(Column.left("Cluster"), (_, _) -> cluster.name());
            if (cluster.citus()) {
                add(Column.right("Group"), (_, _) -> cluster.group().orElse(0));
            }
        }
        add(Column.left("Member"), (_, shownName) -> shownName);
        add(Column.left("Host"), (row, _) -> row.address().map(this::host).orElse(""));
        add(Column.left("Role"), (row, _) -> row.role().text());
        add(Column.left("State"), (row, _) -> row.state());
        add(Column.right("TL"), (row, _) -> row.timeline());
        add(Column.right("Receive LSN"), (row, _) -> row.lag().receiveLsn());
        add(
                Column.right("Receive Lag", drawn ? "Lag" : "Receive Lag"),
                (row, _) -> row.lag().receiveLag());
        add(Column.right("Replay LSN"), (row, _) -> row.lag().replayLsn());
        add(
                Column.right("Replay Lag", drawn ? "Lag" : "Replay Lag"),
                (row, _) -> row.lag().replayLag());
        addIf(
                MemberRow::restartPending,
                "Pending restart",
                (row, _) -> row.restartPending() ? "*" : "");
        addIf(
                row -> !row.member().status().pendingRestart().isEmpty(),
                "Pending restart reason",
                (row, _) -> reasons(row.member().status().pendingRestart()));
        addIf(
                row -> !row.scheduledRestart().isEmpty(),
                "Scheduled restart",
                (row, _) -> row.scheduledRestart());
        addIf(row -> !row.member().tags().isEmpty(), "Tags", (row, _) -> tags(row));
    }

    private void add(Column column, BiFunction<MemberRow, String, Object> cell) {
        columns.add(column);
        cells.add(cell);
    }

    private void addIf(
            Predicate<MemberRow> hasValue,
            String column,
            BiFunction<MemberRow, String, Object> cell) {
        if (allColumns || rows.stream().anyMatch(hasValue)) {
            add(Column.left(column), cell);
        }
    }

    private Table build() {
        List<List<Object>> lines = new ArrayList<>();
        if (style == Style.TOPOLOGY) {
            MemberTree.of(rows, view)
                    .forEach(node -> lines.add(cells(node.row(), node.indented())));
        } else {
            rows.forEach(row -> lines.add(cells(row, row.name())));
        }
        return new Table(columns, lines);
    }

    private List<Object> cells(MemberRow row, String shownName) {
        return cells.stream().map(cell -> cell.apply(row, shownName)).toList();
    }

    private static boolean portsMatter(List<MemberRow> rows) {
        Set<String> hosts = new HashSet<>();
        return rows.stream()
                .flatMap(row -> row.address().stream())
                .anyMatch(address ->
                        address.port() != ServerAddress.DEFAULT_PORT || !hosts.add(address.host()));
    }

    private String host(ServerAddress address) {
        return withPorts ? address.host() + ":" + address.port() : address.host();
    }

    private String reasons(Map<String, ParameterChange> changes) {
        return changes.entrySet().stream()
                .map(change -> reason(change.getKey(), change.getValue()))
                .collect(Collectors.joining("\n"));
    }

    private String reason(String parameter, ParameterChange change) {
        String values = change.oldValue() + "->" + change.newValue();
        String text = parameter + ": " + values;
        return style.drawn() && text.length() > LONGEST_REASON
                ? parameter + ": [hidden - too long]"
                : text;
    }

    private Object tags(MemberRow row) {
        Map<String, Object> tags = row.member().tags().values();
        if (tags.isEmpty()) {
            return "";
        }
        return switch (style) {
            case PRETTY -> YamlText.block(tags).stripTrailing();
            case TOPOLOGY, TSV -> YamlText.flow(tags);
            case JSON, YAML -> tags;
        };
    }

    private List<String> serviceLines() {
        List<String> lines = new ArrayList<>();
        if (view.config().map(ClusterSettings::of).map(ClusterSettings::pause).orElse(false)) {
            lines.add(" Maintenance mode: on");
        }
        FailoverRequest request = view.failover();
        Optional<String> at = request.scheduledAt();
        if (request.present() && at.isPresent()) {
            lines.add(" Switchover scheduled at: " + uniform(at.get()));
            request.leader().ifPresent(name -> lines.add(detail("from", name.value())));
            request.candidate().ifPresent(name -> lines.add(detail("to", name.value())));
        }
        return lines;
    }

    /** The key holds the time as somebody entered it; unreadable ones are shown as they are. */
    private static String uniform(String time) {
        return Timestamps.parse(time, Clock.system(ZoneId.systemDefault()))
                .map(Timestamps::iso)
                .orElse(time);
    }

    private static String detail(String word, String name) {
        return String.format(Locale.ROOT, "%24s: %s", word, name);
    }
}
