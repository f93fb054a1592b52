package io.kumki.restapi;

import io.vertx.core.buffer.Buffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The page for people at {@code /ui}: three files of the own program, as they are.
 *
 * <p>What they show they ask from the API like anybody else, so a page that nobody looks at costs
 * nothing. The headers keep the page from everything but this member: no outside address, no inline
 * script, no text that becomes HTML, no frame around it.
 */
final class Dashboard {

    /** The path, without which a name of a file below it means nothing. */
    private static final String ROOT = "/ui";

    /** The first segment of the paths that are its. */
    static final String SEGMENT = "ui";

    private static final String POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
                    + " img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
                    + " require-trusted-types-for 'script'; trusted-types 'none'";

    private static final Map<String, File> FILES = files();

    private Dashboard() {}

    /** A file and the name of its content. */
    private record File(String contentType, Buffer bytes, String etag) {

        Answer answer(@Nullable String known) {
            Map<String, String> headers = new LinkedHashMap<>();
            headers.put("ETag", etag);
            headers.put("Cache-Control", "no-cache"); // kept, but asked for whether it still holds
            headers.put("Content-Security-Policy", POLICY);
            headers.put("X-Content-Type-Options", "nosniff");
            headers.put("X-Frame-Options", "DENY");
            headers.put("Referrer-Policy", "no-referrer");
            headers.put("Cross-Origin-Resource-Policy", "same-origin");
            headers.put("Cross-Origin-Opener-Policy", "same-origin");
            return holds(known)
                    ? new Answer.Document(304, contentType, Buffer.buffer(), headers)
                    : new Answer.Document(200, contentType, bytes, headers);
        }

        /** Whether {@code If-None-Match} names this content; proxies make a tag a weak one. */
        private boolean holds(@Nullable String known) {
            return known != null
                    && Arrays.stream(known.split(",", -1))
                            .map(String::strip)
                            .anyMatch(tag ->
                                    tag.equals("*") || tag.equals(etag) || tag.equals("W/" + etag));
        }
    }

    /**
     * What answers {@code GET} of this path.
     *
     * @param path one whose first segment is {@link #SEGMENT}
     * @param known the header {@code If-None-Match}
     */
    static Answer answer(String path, @Nullable String known) {
        if (path.equals(ROOT + "/")) {
            // relative, so that it also holds behind a proxy that puts something before the path
            return Answer.text(308, "", Map.of("Location", "../ui"));
        }
        File file = FILES.get(path);
        return file == null ? Answer.text(404, "the dashboard is at " + ROOT) : file.answer(known);
    }

    /** The paths of its files. */
    static Set<String> paths() {
        return Collections.unmodifiableSet(FILES.keySet());
    }

    private static Map<String, File> files() {
        return Map.of(
                ROOT,
                read("ui.html", "text/html;charset=utf-8"),
                ROOT + "/ui.css",
                read("ui.css", "text/css;charset=utf-8"),
                ROOT + "/ui.js",
                read("ui.js", "text/javascript;charset=utf-8"));
    }

    private static File read(String name, String contentType) {
        byte[] bytes = Resources.read("ui/" + name);
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
            String etag = '"' + HexFormat.of().formatHex(digest, 0, 16) + '"';
            return new File(contentType, Buffer.buffer(bytes), etag);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
