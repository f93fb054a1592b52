package io.kumki.agent.config;

import io.kumki.dcs.environment.OwnVariables;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a container of the image knows about itself. It lies below files and variables: its name and
 * the addresses that it tells the others are its host name, with the ports that it listens on.
 */
final class ImageDefaults {

    private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");

    private static final Pattern BY_PASSWORD =
            Pattern.compile("\\s(?:scram-sha-256|md5|password)\\b");

    /** With one of these a role needs no password. */
    private static final List<String> OTHER_PROOFS = List.of("sslcert", "gssencmode");

    private static final int REST_PORT = 8008;
    private static final int POSTGRESQL_PORT = 5432;

    private final String binDir;
    private final String host;

    /**
     * @param environment without {@link OwnVariables#IMAGE} there are no defaults
     */
    ImageDefaults(Map<String, String> environment) {
        binDir = environment.getOrDefault(OwnVariables.IMAGE, "");
        host = binDir.isEmpty() ? "" : host(environment.getOrDefault("HOSTNAME", ""));
    }

    private static String host(String known) {
        if (!known.isEmpty()) {
            return known;
        }
        try {
            return Files.readString(HOST_NAME).strip();
        } catch (IOException e) {
            return ""; // then the name is asked for, as everywhere else
        }
    }

    /** The configuration with what nothing else says. */
    LocalConfig under(LocalConfig written) {
        if (binDir.isEmpty()) {
            return written;
        }
        Map<String, @Nullable Object> tree = new LinkedHashMap<>(written.tree());
        SortedMap<String, String> origins = new TreeMap<>(written.origins());
        put(tree, origins, "postgresql.bin_dir", binDir, "the image");
        if (!host.isEmpty()) {
            String origin = "host name of the container";
            put(tree, origins, "name", host, origin);
            advertise(tree, origins, "restapi", REST_PORT, origin);
            advertise(tree, origins, "postgresql", POSTGRESQL_PORT, origin);
        }
        List<Problem> problems = new ArrayList<>(written.problems());
        for (String role : List.of("superuser", "replication")) {
            missingPassword(tree, role).ifPresent(problems::add);
        }
        return new LocalConfig(written.source(), tree, origins, problems, written.warnings());
    }

    /**
     * Elsewhere roles may come in by peer, trust or certificate. Here the access rules are known: a
     * password that is forgotten shows when the first standby is refused, if at all.
     */
    private static Optional<Problem> missingPassword(
            Map<String, @Nullable Object> tree, String role) {
        String path = "postgresql.authentication." + role;
        Section section = Section.of(Section.at(tree, path));
        boolean asked =
                Section.of(tree.get("postgresql")).texts("pg_hba").stream()
                        .anyMatch(line -> BY_PASSWORD.matcher(line).find());
        if (!asked || OTHER_PROOFS.stream().anyMatch(section::has)) {
            return Optional.empty();
        }
        Object password = section.get("password");
        if (password != null && !"".equals(password)) {
            return Optional.empty();
        }
        String variable = "KUMKI_" + role.toUpperCase(Locale.ROOT) + "_PASSWORD";
        return Optional.of(
                new Problem(
                        path + ".password",
                        "",
                        "is missing, and pg_hba asks for passwords; set "
                                + variable
                                + ", or "
                                + variable
                                + "_FILE to the path of a file that holds it"));
    }

    private void advertise(
            Map<String, @Nullable Object> tree,
            SortedMap<String, String> origins,
            String section,
            int standardPort,
            String origin) {
        int port =
                Section.of(tree.get(section))
                        .text("listen")
                        .map(listen -> HostPort.split(listen.strip()).port().orElse(standardPort))
                        .orElse(standardPort);
        put(tree, origins, section + ".connect_address", host + ":" + port, origin);
    }

    private static void put(
            Map<String, @Nullable Object> tree,
            SortedMap<String, String> origins,
            String path,
            Object value,
            String origin) {
        int dot = path.indexOf('.');
        if (dot < 0) {
            if (tree.get(path) == null) {
                tree.put(path, value);
                origins.put(path, origin);
            }
            return;
        }
        String section = path.substring(0, dot);
        Object there = tree.get(section);
        if (there != null && !(there instanceof Map)) {
            return; // the validator says what is wrong with it
        }
        Map<String, @Nullable Object> inner = new LinkedHashMap<>(Section.of(there).values());
        String key = path.substring(dot + 1);
        if (inner.get(key) == null || "".equals(inner.get(key))) {
            inner.put(key, value);
            tree.put(section, inner);
            origins.put(path, origin);
        }
    }
}
