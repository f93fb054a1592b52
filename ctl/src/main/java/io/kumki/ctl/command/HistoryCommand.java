package io.kumki.ctl.command;

import io.kumki.ctl.output.Column;
import io.kumki.ctl.output.OutputFormat;
import io.kumki.ctl.output.OutputFormat.Missing;
import io.kumki.ctl.output.Table;
import io.kumki.ctl.session.ClusterAccess;
import io.kumki.dcs.cluster.TimelineHistory;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Prints the finished timelines: every promotion the cluster remembers. */
@Command(name = "history", description = "Show the history of promotions.")
final class HistoryCommand extends ClusterCommand {

    private static final List<Column> COLUMNS =
            List.of(
                    Column.right("TL"),
                    Column.right("LSN"),
                    Column.left("Reason"),
                    Column.left("Timestamp"),
                    Column.left("New Leader"));

    @Parameters(arity = "0..1", paramLabel = "CLUSTER_NAME")
    private @Nullable String name;

    @Option(
            names = {"-f", "--format"},
            paramLabel = "FORMAT",
            description = "${COMPLETION-CANDIDATES}")
    private OutputFormat format = OutputFormat.pretty;

    @Override
    public Integer call() {
        try (ClusterAccess cluster = open(clusterName(name), ownGroup())) {
            List<List<Object>> rows =
                    cluster.read().history().entries().stream().map(HistoryCommand::row).toList();
            print(format.format("", new Table(COLUMNS, rows), Missing.KEEP));
        }
        return DONE;
    }

    private static List<Object> row(TimelineHistory.Entry entry) {
        return List.of(
                entry.timeline(),
                entry.switchLsn().bytes(),
                entry.reason(),
                entry.time().orElse(""),
                entry.newLeader().orElse(""));
    }
}
