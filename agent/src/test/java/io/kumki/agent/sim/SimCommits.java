package io.kumki.agent.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Commits of one server that wait for its standbys, as PostgreSQL does it: by {@code
 * synchronous_standby_names} and what streams from here. Reads the setting by itself, so that a
 * mistake of the agent's reading shows.
 */
final class SimCommits {

    private static final Pattern AROUND_NAMES = Pattern.compile("^(ANY )?\\d+ |[()]");

    private static final Pattern SEVERAL = Pattern.compile("(?:ANY )?(\\d+) \\((.*)\\)");

    private final SimNode node;
    private final List<Long> waiting = new ArrayList<>();
    private int life = -1;

    SimCommits(SimNode node) {
        this.node = node;
    }

    /** The server has written a commit that ends at its end of the log. */
    void written() {
        SimServer server = node.server();
        if (life != server.life()) {
            waiting.clear();
            life = server.life();
        }
        waiting.add(server.end());
        confirm();
    }

    /** Something streamed, or the setting changed: who waits for enough lets the client go on. */
    void confirm() {
        SimServer server = node.server();
        if (life != server.life() || !server.primary()) {
            return;
        }
        waiting.removeIf(at -> {
            boolean enough = confirmed(server, at);
            if (enough) {
                node.parts().cluster().invariants().acknowledged(server, at);
            }
            return enough;
        });
    }

    private boolean confirmed(SimServer server, long at) {
        String setting = server.syncNames();
        if (setting.isEmpty()) {
            return true;
        }
        Matcher several = SEVERAL.matcher(setting);
        int count = several.matches() ? Integer.parseInt(several.group(1)) : 1;
        String list = several.matches() ? several.group(2) : setting;
        SortedSet<String> names = new TreeSet<>(List.of(list.split(",")));
        return node.parts().cluster().nodes().stream()
                        .filter(other ->
                                other.replication()
                                        .streamingFrom()
                                        .filter(server.name()::equals)
                                        .isPresent())
                        .filter(other -> list.equals("*") || names.contains(other.name()))
                        .filter(other -> other.server().end() >= at)
                        .count()
                >= count;
    }

    /** As {@code pg_stat_replication} shows a standby. */
    static String state(String setting, String name) {
        boolean named =
                setting.contains("*")
                        || List.of(AROUND_NAMES.matcher(setting).replaceAll("").split(","))
                                .contains(name);
        if (!named) {
            return "async";
        }
        return setting.toUpperCase(Locale.ROOT).startsWith("ANY") ? "quorum" : "sync";
    }
}
