package io.kumki.dcs.environment;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Our variables, each under its {@code PATRONI_} name. {@code KUMKI_X} is another name of {@code
 * PATRONI_X} and wins over it; {@code X_FILE} of either names a file that holds the value of X, so
 * that a secret needn't stand in the environment. In the container image {@code POSTGRES_PASSWORD}
 * and its file count as the superuser's, below all others: other PostgreSQL images have it so.
 *
 * @param values by the name with {@code PATRONI_}
 * @param origins the same names to the variable that was really set
 * @param problems what can't be used
 * @param warnings what was decided among several, one sentence each
 */
public record OwnVariables(
        SortedMap<String, String> values,
        SortedMap<String, String> origins,
        List<Problem> problems,
        List<String> warnings) {

    public static final String PREFIX = "PATRONI_";
    private static final String OWN_PREFIX = "KUMKI_";
    private static final String FILE = "_FILE";

    /** Set in the container image: where its PostgreSQL programs are. */
    public static final String IMAGE = "KUMKI_IMAGE_BIN_DIR";

    private static final String FOREIGN = "POSTGRES_PASSWORD";
    private static final String FOREIGN_TARGET = "SUPERUSER_PASSWORD";
    private static final long MAX_FILE_BYTES = 1 << 20;

    /**
     * A variable that can't be used.
     *
     * @param variable its name
     * @param value as given; never a secret, as it names a file
     * @param message what is wrong and what to do
     */
    public record Problem(String variable, String value, String message) {}

    // not the compact form: NullAway knows the components' types of this one
    public OwnVariables(
            SortedMap<String, String> values,
            SortedMap<String, String> origins,
            List<Problem> problems,
            List<String> warnings) {
        this.values = Collections.unmodifiableSortedMap(new TreeMap<>(values));
        this.origins = Collections.unmodifiableSortedMap(new TreeMap<>(origins));
        this.problems = List.copyOf(problems);
        this.warnings = List.copyOf(warnings);
    }

    /** Reads the files that the variables name; others than ours are left out. */
    public static OwnVariables of(Map<String, String> environment) {
        Reader reader = new Reader(new TreeMap<>(environment));
        if (environment.containsKey(IMAGE)) {
            reader.takeForeign();
        }
        reader.take(PREFIX);
        reader.take(OWN_PREFIX);
        return new OwnVariables(reader.values, reader.origins, reader.problems, reader.warnings);
    }

    private static final class Reader {
        private final SortedMap<String, String> environment;
        private final SortedMap<String, String> values = new TreeMap<>();
        private final SortedMap<String, String> origins = new TreeMap<>();
        private final List<Problem> problems = new ArrayList<>();
        private final List<String> warnings = new ArrayList<>();

        private Reader(SortedMap<String, String> environment) {
            this.environment = environment;
        }

        private void takeForeign() {
            String text = environment.getOrDefault(FOREIGN, "");
            if (!text.isEmpty()) {
                put(FOREIGN_TARGET, FOREIGN, text);
            }
            String file = environment.getOrDefault(FOREIGN + FILE, "");
            if (!file.isEmpty()) {
                file(FOREIGN_TARGET, FOREIGN, FOREIGN + FILE, file);
            }
        }

        private void take(String prefix) {
            environment.forEach((name, text) -> {
                if (name.startsWith(prefix) && !name.equals(IMAGE)) {
                    String rest = name.substring(prefix.length());
                    if (!rest.endsWith(FILE)) {
                        put(rest, name, text);
                    } else if (!text.isEmpty()) {
                        String plain = rest.substring(0, rest.length() - FILE.length());
                        file(plain, prefix + plain, name, text);
                    }
                }
            });
        }

        private void file(String rest, String plain, String name, String file) {
            if (!environment.getOrDefault(plain, "").isEmpty()) {
                problems.add(
                        new Problem(name, file, plain + " is set as well: leave one of them out"));
                return;
            }
            try {
                Path path = Path.of(file);
                if (Files.size(path) > MAX_FILE_BYTES) {
                    problem(name, file, "the file is larger than " + MAX_FILE_BYTES + " bytes");
                    return;
                }
                String text = Files.readString(path).replaceFirst("\\R+\\z", "");
                if (text.isEmpty()) {
                    problem(name, file, "the file is empty: write the value into it");
                    return;
                }
                put(rest, name, text);
            } catch (NoSuchFileException e) {
                problem(name, file, "there is no such file: mount it, or correct the path");
            } catch (AccessDeniedException e) {
                problem(
                        name,
                        file,
                        "user "
                                + System.getProperty("user.name")
                                + " may not read the file: change its owner or mode");
            } catch (CharacterCodingException e) {
                problem(name, file, "the file is not UTF-8 text: save it as UTF-8");
            } catch (IOException | IllegalArgumentException e) {
                problem(name, file, "the file can't be read: " + e);
            }
        }

        private void problem(String name, String file, String message) {
            problems.add(new Problem(name, file, message));
        }

        private void put(String rest, String name, String text) {
            String key = PREFIX + rest;
            String before = values.get(key);
            if (text.isEmpty() && before != null && !before.isEmpty()) {
                return; // an empty variable counts as unset
            }
            if (before != null && !before.isEmpty() && !before.equals(text)) {
                warnings.add(name + " and " + origins.get(key) + " differ: " + name + " is used");
            }
            values.put(key, text);
            origins.put(key, name);
        }
    }
}
