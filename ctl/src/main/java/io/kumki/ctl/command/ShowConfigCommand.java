package io.kumki.ctl.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.kumki.ctl.output.YamlText;
import io.kumki.ctl.rest.ApiUnreachableException;
import io.kumki.ctl.rest.MemberApi;
import io.kumki.ctl.session.ClusterAccess;
import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.Member;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/**
 * Prints the dynamic configuration; and on standard error, so that the output stays YAML, what
 * members couldn't take of it as it is.
 */
@Command(name = "show-config", description = "Show the dynamic configuration.")
final class ShowConfigCommand extends ClusterCommand {

    /** The configuration is what was asked for: a member that hangs must not hold it up. */
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    private static final ObjectMapper JSON = new ObjectMapper();

    @Parameters(arity = "0..1", paramLabel = "CLUSTER_NAME")
    private @Nullable String name;

    @Override
    public Integer call() {
        try (ClusterAccess cluster = open(clusterName(name), ownGroup())) {
            ClusterView view = cluster.read();
            view.config()
                    .ifPresent(config -> {
                        print(YamlText.block(config.values()));
                        printProblems(view);
                    });
        }
        return DONE;
    }

    /** Each problem once, with the members that have it. */
    private void printProblems(ClusterView view) {
        SortedMap<String, List<String>> members = new TreeMap<>();
        for (Member member : view.members().values()) {
            if (member.addresses().apiUrl().isPresent()) {
                try {
                    problems(session().api(), member)
                            .forEach(problem ->
                                    members.computeIfAbsent(problem, _ -> new ArrayList<>())
                                            .add(member.name().value()));
                } catch (ApiUnreachableException e) {
                    console()
                            .printError(
                                    "Note: "
                                            + member.name()
                                            + " can't be asked whether it takes all of it: "
                                            + e.getMessage());
                }
            }
        }
        members.forEach((problem, names) ->
                console().printError("Warning: " + String.join(", ", names) + ": " + problem));
    }

    private static List<String> problems(MemberApi api, Member member)
            throws ApiUnreachableException {
        List<String> problems = new ArrayList<>();
        try {
            JsonNode status =
                    JSON.readTree(api.send(member, "GET", "patroni", null, PATIENCE).body());
            status.path("parameter_problems").forEach(problem -> problems.add(problem.asText()));
        } catch (JsonProcessingException e) {
            throw new ApiUnreachableException("GET /patroni was answered with no JSON", e);
        }
        return problems;
    }
}
