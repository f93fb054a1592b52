package io.kumki.agent.postgres;

/**
 * How a program ended.
 *
 * @param exitCode meaningful for {@link Ending#EXITED} only
 * @param stdout the last part of its standard output
 * @param stderr the last part of its standard error
 */
public record ProgramRun(Ending ending, int exitCode, String stdout, String stderr) {

    /** Why it ended. */
    public enum Ending {
        EXITED,
        /** It could not be started; {@link #stderr} says why. */
        NOT_STARTED,
        /** It was ended because its time was over. */
        TIMED_OUT,
        /** It was ended because the operation was cancelled. */
        CANCELLED
    }

    public boolean succeeded() {
        return ending == Ending.EXITED && exitCode == 0;
    }

    /** Both outputs, for people. */
    public String output() {
        return (stdout + (stdout.isEmpty() || stdout.endsWith("\n") ? "" : "\n") + stderr).strip();
    }

    /** One line: how it ended and what it said last, for reasons and logs. */
    public String summary() {
        String said = stderr.isBlank() ? stdout.strip() : stderr.strip();
        String last = said.length() > 400 ? "…" + said.substring(said.length() - 400) : said;
        String how =
                switch (ending) {
                    case EXITED -> "exit code " + exitCode;
                    case NOT_STARTED -> "could not be started";
                    case TIMED_OUT -> "ended after its time limit";
                    case CANCELLED -> "cancelled";
                };
        return last.isEmpty() ? how : how + ": " + last.replace('\n', ' ');
    }
}
