package io.kumki.agent.postgres.rejoin;

import io.kumki.agent.postgres.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Remembers in the marker which tablespace directories a clone fills. pg_basebackup copies
 * tablespaces before it makes the links to them, so after it was killed nothing in the data
 * directory leads there, and the next copy would be refused for a directory that isn't empty.
 *
 * <p>Only directories that were missing or empty before are noted, and only what PostgreSQL makes
 * there ({@code PG_*}) is removed.
 */
final class CloneTablespaces {

    private static final String LINE = "tablespace=";
    private static final String MAPPING = "--tablespace-mapping=";

    private static final Logger LOG = LoggerFactory.getLogger(CloneTablespaces.class);

    private CloneTablespaces() {}

    /** Notes them in the marker, which stands already. */
    static void note(Path dataDir, Source source, List<String> options) throws IOException {
        List<String> locations;
        try {
            locations = source.tablespaces();
        } catch (SQLException e) {
            LOG.atWarn()
                    .addKeyValue("error", e.getMessage())
                    .log(
                            "tablespaces of the source aren't known; a clone that breaks off leaves them");
            return;
        }
        StringBuilder content = new StringBuilder("clone\n");
        for (String location : mapped(locations, options)) {
            if (!location.contains("\n") && missingOrEmpty(Path.of(location))) {
                content.append(LINE).append(location).append('\n');
            }
        }
        AtomicFiles.replace(
                dataDir.resolve(UnfinishedMarker.NAME),
                content.toString(),
                AtomicFiles.Access.in(dataDir));
    }

    /** Removes what an earlier clone, whose marker stands, left in tablespaces. */
    static void clearNoted(Path dataDir) throws IOException {
        Path marker = dataDir.resolve(UnfinishedMarker.NAME);
        if (!Files.isRegularFile(marker, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        for (String line : Files.readAllLines(marker)) {
            if (line.startsWith(LINE)) {
                clear(Path.of(line.substring(LINE.length())));
            }
        }
    }

    private static void clear(Path location) throws IOException {
        for (Path entry : entries(location)) {
            if (String.valueOf(entry.getFileName()).startsWith("PG_")) {
                DataRemoval.deleteTree(entry);
            }
        }
    }

    /** Where they come to lie here. */
    static List<String> mapped(List<String> locations, List<String> options) {
        Map<String, String> mapping = new TreeMap<>();
        for (String option : options) {
            String[] pair =
                    option.startsWith(MAPPING)
                            ? option.substring(MAPPING.length()).split("=", 2)
                            : new String[0];
            if (pair.length == 2) {
                mapping.put(pair[0], pair[1]);
            }
        }
        return locations.stream()
                .map(location -> mapping.getOrDefault(location, location))
                .toList();
    }

    private static boolean missingOrEmpty(Path location) throws IOException {
        return entries(location).isEmpty();
    }

    private static List<Path> entries(Path location) throws IOException {
        try (Stream<Path> listed = Files.list(location)) {
            return new ArrayList<>(listed.toList());
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }
}
