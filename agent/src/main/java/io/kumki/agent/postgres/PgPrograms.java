package io.kumki.agent.postgres;

import io.kumki.agent.config.PostgresConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** PostgreSQL's programs where the configuration says they are. */
public final class PgPrograms {

    private static final Pattern VERSION = Pattern.compile("\\) (\\d+)(?:\\.(\\d+))?");

    private final Supplier<PostgresConfig.Files> files;

    /**
     * @param files asked at each call, so that a new configuration counts at once
     */
    public PgPrograms(Supplier<PostgresConfig.Files> files) {
        this.files = files;
    }

    /** How to call {@code program}: with its directory, unless the PATH is to be searched. */
    public String path(String program) {
        PostgresConfig.Files at = files.get();
        String name = at.binNames().getOrDefault(program, program);
        return at.binDir()
                .map(directory -> directory.resolve(name))
                .orElse(Path.of(name))
                .toString();
    }

    /** A call of one of PostgreSQL's programs, with messages in English. */
    public ProgramCall call(String program, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(path(program));
        command.addAll(List.of(arguments));
        return ProgramCall.of(command).inEnglish();
    }

    /** As {@link #call}, but in the agent's own locale: for initdb and the server. */
    public ProgramCall callInOwnLocale(String program, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(path(program));
        command.addAll(List.of(arguments));
        return ProgramCall.of(command);
    }

    /** Major version of the {@code postgres} binary; 0 if it can't be found out. */
    public int binaryMajor() {
        Matcher matcher = VERSION.matcher(Programs.run(call("postgres", "--version")).stdout());
        return matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
    }
}
