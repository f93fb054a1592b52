package io.kumki.ctl.console;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Standard input, output and error of a command, with the prompts scripts know how to answer.
 *
 * <p>Prompts go to standard output without a line feed and work alike with a terminal and with
 * piped answers; the end of the input at a prompt is an {@link AbortedException}.
 */
public final class Console {

    private final BufferedReader in;
    private final PrintStream out;
    private final PrintStream err;
    private final boolean terminal;

    /**
     * @param terminal whether a person looks at the output and may be offered colours and a pager
     */
    public Console(BufferedReader in, PrintStream out, PrintStream err, boolean terminal) {
        this.in = in;
        this.out = out;
        this.err = err;
        this.terminal = terminal;
    }

    /** Prints the text and a line feed. */
    public void print(String text) {
        out.print(text);
        out.print('\n');
        out.flush();
    }

    /** Prints the text and a line feed on standard error. */
    public void printError(String text) {
        err.print(text);
        err.print('\n');
        err.flush();
    }

    /** Standard output, for what prints by itself. */
    public PrintWriter writer() {
        return new PrintWriter(out, true, StandardCharsets.UTF_8);
    }

    public boolean terminal() {
        return terminal;
    }

    /** Moves to the top left of an empty screen; does nothing unless it is a terminal. */
    public void clear() {
        if (terminal) {
            out.print("\u001b[2J\u001b[H");
            out.flush();
        }
    }

    /** Asks until something is entered. */
    public String prompt(String text) {
        while (true) {
            String answer = ask(text + ": ");
            if (!answer.isEmpty()) {
                return answer;
            }
        }
    }

    /** Asks once; an empty answer means {@code standard}. */
    public String prompt(String text, String standard) {
        String answer = ask(text + " [" + standard + "]: ");
        return answer.isEmpty() ? standard : answer;
    }

    /** Asks until the answer is yes or no; an empty one means no. */
    public boolean confirm(String text) {
        while (true) {
            switch (ask(text + " [y/N]: ").strip().toLowerCase(Locale.ROOT)) {
                case "y", "yes" -> {
                    return true;
                }
                case "", "n", "no" -> {
                    return false;
                }
                default -> print("Error: invalid input");
            }
        }
    }

    /** The rest of standard input. */
    public String readAll() {
        try {
            StringBuilder text = new StringBuilder();
            for (int c = in.read(); c >= 0; c = in.read()) {
                text.append((char) c);
            }
            return text.toString();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read standard input", e);
        }
    }

    private String ask(String prompt) {
        out.print(prompt);
        out.flush();
        try {
            String line = in.readLine();
            if (line == null) {
                throw new AbortedException();
            }
            return line;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read standard input", e);
        }
    }
}
