package io.kumki.ctl.command;

import io.kumki.ctl.console.AbortedException;
import io.kumki.ctl.console.CtlException;
import io.kumki.ctl.session.Session;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Shows a difference: as it is, or on a terminal in colours through a pager. */
final class DiffView {

    private static final String RESET = "\u001b[0m";

    private final Session session;

    DiffView(Session session) {
        this.session = session;
    }

    void show(List<String> lines) {
        if (!session.console().terminal()) {
            lines.forEach(session.console()::print);
            return;
        }
        page(lines.stream().map(DiffView::coloured).collect(Collectors.joining("\n", "", "\n")));
    }

    private static String coloured(String line) {
        if (line.startsWith("---") || line.startsWith("+++")) {
            return "\u001b[1m" + line + RESET;
        }
        return switch (line.isEmpty() ? ' ' : line.charAt(0)) {
            case '+' -> "\u001b[32m" + line + RESET;
            case '-' -> "\u001b[31m" + line + RESET;
            case '@' -> "\u001b[36m" + line + RESET;
            default -> line;
        };
    }

    private void page(String text) {
        Map<String, String> environment = session.surroundings().environment();
        String pager =
                Optional.ofNullable(environment.get("PAGER"))
                        .filter(name -> !name.isBlank())
                        .or(() -> Programs.find("less", environment))
                        .or(() -> Programs.find("more", environment))
                        .orElseThrow(() ->
                                new CtlException(
                                        "No pager could be found. Either set PAGER"
                                                + " environment variable with your pager or"
                                                + " install either \"less\" or \"more\" in the"
                                                + " host."));
        ProcessBuilder builder =
                new ProcessBuilder("/bin/sh", "-c", pager)
                        .redirectOutput(Redirect.INHERIT)
                        .redirectError(Redirect.INHERIT);
        // less: show colours, leave what fits on one screen there
        builder.environment().putIfAbsent("LESS", "FRX");
        try {
            Process process = builder.start();
            try (OutputStream input = process.getOutputStream()) {
                input.write(text.getBytes(StandardCharsets.UTF_8));
            }
            process.waitFor();
        } catch (IOException e) {
            throw new CtlException("the pager " + pager + " failed: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AbortedException();
        }
    }
}
