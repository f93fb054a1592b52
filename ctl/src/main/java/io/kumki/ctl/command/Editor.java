package io.kumki.ctl.command;

import io.kumki.ctl.console.AbortedException;
import io.kumki.ctl.console.CtlException;
import io.kumki.ctl.session.Session;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Lets the operator change a text in {@code $EDITOR}, {@code editor} or {@code vi}. */
final class Editor {

    private final Map<String, String> environment;

    Editor(Session session) {
        this.environment = session.surroundings().environment();
    }

    String edit(String clusterName, String text) {
        String command = command();
        try {
            Path file = Files.createTempFile(clusterName.replace('/', '_') + "-config-", ".yaml");
            try {
                Files.writeString(file, text);
                // $EDITOR may have arguments, such as "code --wait"
                int code =
                        new ProcessBuilder("/bin/sh", "-c", command + " \"$1\"", "sh", "" + file)
                                .inheritIO()
                                .start()
                                .waitFor();
                if (code != 0) {
                    throw new CtlException("Editor exited with return code " + code);
                }
                return Files.readString(file);
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new CtlException("cannot edit in a temporary file: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AbortedException();
        }
    }

    private String command() {
        return Optional.ofNullable(environment.get("EDITOR"))
                .filter(editor -> !editor.isBlank())
                .or(() -> Programs.find("editor", environment))
                .or(() -> Programs.find("vi", environment))
                .orElseThrow(() ->
                        new CtlException(
                                "EDITOR environment variable is not set. editor or vi are"
                                        + " not available"));
    }
}
