package io.kumki.restapi;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;

/** Files of the own program. */
final class Resources {

    private Resources() {}

    /**
     * @param name beside this class, such as {@code ui/ui.html}
     */
    static byte[] read(String name) {
        try (InputStream file =
                Objects.requireNonNull(Resources.class.getResourceAsStream(name), name)) {
            return file.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(name + " of the own program can't be read", e);
        }
    }
}
