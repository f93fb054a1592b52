package io.kumki.agent.postgres.parameters;

import io.kumki.agent.postgres.PgPrograms;
import io.kumki.agent.postgres.ProgramCall;
import io.kumki.agent.postgres.ProgramRun;
import io.kumki.agent.postgres.Programs;
import io.kumki.agent.postgres.parameters.ParameterRules.Adapted;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.stream.Collectors;

/**
 * Asks the installed {@code postgres} itself which parameters it takes: names, types, units, ranges
 * and words differ by version, and one wrong value keeps a server from starting and from reloading.
 *
 * <p>The program reads a file with the parameters, says all that is wrong with it, and ends without
 * touching a data directory ({@code postgres -C}). Its complaints are answered and it is asked
 * again, until it has none. Blocks for some 20 ms a round.
 */
public final class ParameterCheck {

    /** Unknown names are told first, then values, then values that don't go together. */
    private static final int MAX_ROUNDS = 5;

    private final PgPrograms programs;

    public ParameterCheck(PgPrograms programs) {
        this.programs = programs;
    }

    /**
     * Parameters that the server will take. If it can't be asked they are returned as they are, and
     * a warning says why.
     *
     * @param wanted by lower-case name; never recovery parameters
     */
    public Adapted adapt(SortedMap<String, String> wanted) {
        Adapted adapted = ParameterRules.writable(wanted);
        List<String> warnings = new ArrayList<>(adapted.warnings());
        for (int round = 0; round < MAX_ROUNDS; round++) {
            ProgramRun run;
            try {
                run = ask(adapted.parameters());
            } catch (IOException e) {
                warnings.add("parameters can't be checked: " + e);
                return new Adapted(adapted.parameters(), warnings);
            }
            if (run.succeeded()) {
                Adapted together = ParameterRules.together(adapted.parameters());
                warnings.addAll(together.warnings());
                Adapted loadable =
                        SessionLibraries.existing(together.parameters(), programs.path("postgres"));
                warnings.addAll(loadable.warnings());
                return new Adapted(loadable.parameters(), warnings);
            }
            Adapted next = ParameterRules.answer(adapted.parameters(), Complaint.in(run.stderr()));
            if (next.warnings().isEmpty()) {
                warnings.add("parameters can't be checked by the server: " + run.summary());
                return new Adapted(adapted.parameters(), warnings);
            }
            adapted = next;
            warnings.addAll(next.warnings());
        }
        warnings.add("the server still complains after " + MAX_ROUNDS + " rounds of corrections");
        return new Adapted(adapted.parameters(), warnings);
    }

    private ProgramRun ask(SortedMap<String, String> parameters) throws IOException {
        // created readable by its owner alone: values may hold secrets
        Path file = Files.createTempFile("kumki-parameters-", ".conf");
        try {
            Files.writeString(file, lines(parameters));
            ProgramCall call =
                    programs.call(
                            "postgres",
                            "-C",
                            "max_connections",
                            "-c",
                            "config_file=" + file,
                            "-c",
                            "data_directory=" + file.resolveSibling("kumki-no-data-directory"),
                            "-c",
                            "hba_file=/dev/null",
                            "-c",
                            "ident_file=/dev/null");
            return Programs.run(call);
        } finally {
            Files.deleteIfExists(file);
        }
    }

    private static String lines(Map<String, String> parameters) {
        return parameters.entrySet().stream()
                .map(entry ->
                        entry.getKey()
                                + " = '"
                                + entry.getValue()
                                        .replace("\\", "\\\\")
                                        .replace("'", "''")
                                        .replaceAll("[\\r\\n]+", " ")
                                + "'\n")
                .collect(Collectors.joining());
    }
}
