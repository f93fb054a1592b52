package io.kumki.ctl.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.kumki.ctl.rest.ApiUnreachableException;
import io.kumki.ctl.session.ClusterAccess;
import io.kumki.dcs.cluster.Member;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/**
 * Prints versions. The first line is what version checks of scripts look at: the version of
 * patronictl whose contract is kept.
 */
@Command(name = "version", description = "Show the versions of this client and of members.")
final class VersionCommand extends ClusterCommand {

    /** The release whose commands, keys and formats these are. */
    static final String CONTRACT_VERSION = "4.1.4";

    @Parameters(index = "0", arity = "0..1", paramLabel = "CLUSTER_NAME")
    private @Nullable String name;

    @Parameters(index = "1..*", arity = "0..*", paramLabel = "MEMBER_NAMES")
    private List<String> members = List.of();

    @Override
    public Integer call() {
        print("patronictl version " + CONTRACT_VERSION);
        print(
                "kumkictl version "
                        + Optional.ofNullable(getClass().getPackage().getImplementationVersion())
                                .orElse("(not packaged)"));
        if (name == null) {
            return DONE;
        }
        print("");
        try (ClusterAccess cluster = open(name, chosenGroup())) {
            cluster.read().members().values().stream()
                    .filter(m -> members.isEmpty() || members.contains(m.name().value()))
                    .filter(m -> m.addresses().apiUrl().isPresent())
                    .forEach(this::printVersion);
        }
        return DONE;
    }

    private void printVersion(Member member) {
        try {
            JsonNode status = new ObjectMapper().readTree(session().api().get(member, "").body());
            String line =
                    member.name()
                            + ": Patroni "
                            + status.path("patroni").path("version").asText("unknown");
            if (status.path("server_version").isInt()) {
                line += " PostgreSQL " + serverVersion(status.get("server_version").asInt());
            }
            print(line);
        } catch (ApiUnreachableException e) {
            print(member.name() + ": failed to get version: " + e.getMessage());
        } catch (JsonProcessingException e) {
            print(member.name() + ": failed to get version: the answer is no JSON");
        }
    }

    /** 150020 is 15.20, 90624 is 9.6.24. */
    static String serverVersion(int number) {
        return number >= 100_000
                ? number / 10_000 + "." + number % 10_000
                : number / 10_000 + "." + number / 100 % 100 + "." + number % 100;
    }
}
