package io.kumki.ctl.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.kumki.ctl.console.CtlException;
import io.kumki.ctl.output.Column;
import io.kumki.ctl.output.OutputFormat;
import io.kumki.ctl.output.OutputFormat.Missing;
import io.kumki.ctl.output.Table;
import io.kumki.ctl.rest.ApiAnswer;
import io.kumki.ctl.rest.ApiUnreachableException;
import io.kumki.ctl.session.ClusterAccess;
import io.kumki.dcs.cluster.Member;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Prints why members did what they did: their last decisions, each with the rule and the facts that
 * led to it, oldest first.
 */
@Command(name = "why", description = "Show members' last decisions and the facts behind them.")
final class WhyCommand extends ClusterCommand {

    private static final List<Column> COLUMNS =
            List.of(
                    Column.left("Time"),
                    Column.left("Member"),
                    Column.left("Rule"),
                    Column.left("Reason"),
                    Column.left("Actions"),
                    Column.left("Outcome"),
                    Column.right("Repeated"));

    private static final ObjectMapper JSON = new ObjectMapper();

    @Parameters(
            arity = "0..1",
            paramLabel = "MEMBER_NAME",
            description = "only this member (default: all)")
    private @Nullable String memberName;

    @Option(
            names = {"-c", "--cluster"},
            paramLabel = "CLUSTER_NAME",
            description = "default: the scope of the configuration")
    private @Nullable String name;

    @Option(names = "-n", paramLabel = "N", description = "so many of each member (default: 10)")
    private int number = 10;

    @Option(
            names = {"-a", "--all"},
            description = "also the turns that only waited for an operation under way")
    private boolean all;

    @Option(
            names = {"-f", "--format"},
            paramLabel = "FORMAT",
            description = "${COMPLETION-CANDIDATES}")
    private OutputFormat format = OutputFormat.pretty;

    /**
     * Turns that only wait for the member's own operation: what began and ended it has lines of its
     * own.
     */
    private static final Set<String> ONLY_WAITING =
            Set.of("operation.under-way", "bootstrap.under-way", "bootstrap.finishing");

    /** One decision as a member tells it. */
    private record Told(String member, String time, JsonNode decision, long repeated) {

        Told(String member, String time, JsonNode decision) {
            this(member, time, decision, Math.max(1, decision.path("repeated").asLong(1)));
        }

        /** This one and a later one that decided the same: since when, and how often in all. */
        Told and(Told later) {
            return new Told(member, time, later.decision, repeated + later.repeated);
        }

        boolean waitsLike(Told later) {
            return text("rule").equals(later.text("rule"))
                    && text("outcome").equals(later.text("outcome"))
                    && actions().isEmpty()
                    && later.actions().isEmpty();
        }

        /** For sorting; texts with and without fraction don't sort as texts. */
        Instant instant() {
            try {
                return Instant.parse(time);
            } catch (DateTimeParseException _) {
                return Instant.MIN; // shown first, as it came
            }
        }

        String text(String field) {
            return decision.path(field).asText("");
        }

        List<String> actions() {
            List<String> actions = new ArrayList<>();
            decision.path("actions").forEach(action -> actions.add(action.asText()));
            return actions;
        }
    }

    @Override
    public Integer call() {
        List<Told> decisions = new ArrayList<>();
        int answered = 0;
        try (ClusterAccess cluster = open(clusterName(name), chosenGroup())) {
            List<Member> members =
                    cluster.read().members().values().stream()
                            .filter(m -> memberName == null || m.name().value().equals(memberName))
                            .toList();
            if (members.isEmpty()) {
                throw new CtlException(
                        memberName == null
                                ? cluster.name() + " cluster doesn't have any members"
                                : memberName + " is not a member of cluster " + cluster.name());
            }
            for (Member member : members) {
                try {
                    decisions.addAll(ask(member));
                    answered++;
                } catch (ApiUnreachableException e) {
                    console().printError(member.name() + ": " + e.getMessage());
                }
            }
        }
        decisions.sort(Comparator.comparing(Told::instant));
        print(decisions);
        return answered == 0 ? FAILED : DONE;
    }

    private List<Told> ask(Member member) throws ApiUnreachableException {
        ApiAnswer answer = session().api().get(member, "decisions");
        JsonNode list;
        try {
            list = JSON.readTree(answer.body());
        } catch (JsonProcessingException e) {
            throw new ApiUnreachableException("GET /decisions was answered with no JSON", e);
        }
        if (answer.status() != 200 || !list.isArray()) {
            throw new ApiUnreachableException(
                    "keeps no decision log (GET /decisions was answered with status "
                            + answer.status()
                            + "); is it another agent than Kumki?");
        }
        List<Told> told = new ArrayList<>();
        list.forEach(decision ->
                told.add(
                        new Told(
                                member.name().value(),
                                decision.path("time").asText(""),
                                decision)));
        List<Told> oldestFirst =
                all || format != OutputFormat.pretty
                        ? told.reversed()
                        : worthReading(told.reversed());
        return oldestFirst.subList(
                Math.max(0, oldestFirst.size() - Math.max(number, 0)), oldestFirst.size());
    }

    /**
     * For people: without the noise of waiting, except where a member waits now. Other formats hold
     * everything.
     */
    private static List<Told> worthReading(List<Told> oldestFirst) {
        List<Told> kept = new ArrayList<>();
        int newest = oldestFirst.size() - 1;
        for (int i = 0; i <= newest; i++) {
            Told told = oldestFirst.get(i);
            if (ONLY_WAITING.contains(told.text("rule")) && i != newest) {
                continue;
            }
            if (!kept.isEmpty() && kept.getLast().waitsLike(told)) {
                kept.add(kept.removeLast().and(told));
            } else {
                kept.add(told);
            }
        }
        return kept;
    }

    private void print(List<Told> decisions) {
        if (format == OutputFormat.pretty) {
            decisions.forEach(this::printLines);
            return;
        }
        List<List<Object>> rows = new ArrayList<>();
        for (Told told : decisions) {
            rows.add(
                    List.of(
                            told.time(),
                            told.member(),
                            told.text("rule"),
                            told.text("reason"),
                            format == OutputFormat.tsv
                                    ? String.join("; ", told.actions())
                                    : told.actions(),
                            told.text("outcome"),
                            told.repeated()));
        }
        print(format.format("", new Table(COLUMNS, rows), Missing.KEEP));
    }

    private void printLines(Told told) {
        String times = told.repeated() > 1 ? " (" + told.repeated() + " times)" : "";
        print(told.time() + " " + told.member() + " " + told.text("rule") + times);
        print("    because " + told.text("reason"));
        String actions = told.actions().isEmpty() ? "nothing" : String.join("; ", told.actions());
        print("    did     " + actions + ": " + told.text("outcome"));
    }
}
