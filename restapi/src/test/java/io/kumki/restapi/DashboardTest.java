package io.kumki.restapi;

import static org.assertj.core.api.Assertions.assertThat;

import io.kumki.restapi.Api.Reply;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The page's files, and who may send unsafe requests from a page. */
class DashboardTest {

    private final Api api =
            Api.start(
                    RestConfig.of("127.0.0.1", 0)
                            .withAuthentication(new RestConfig.Credentials("u", "p")));

    @AfterEach
    void stop() {
        api.close();
    }

    @ParameterizedTest
    @CsvSource({
        "/ui, text/html;charset=utf-8, <!DOCTYPE html>",
        "//ui?x=1, text/html;charset=utf-8, <!DOCTYPE html>",
        "/ui/ui.css, text/css;charset=utf-8, /*",
        "/ui/ui.js, text/javascript;charset=utf-8, //"
    })
    void thePageIsServedToWhoMayReadAnythingElse(String path, String type, String start) {
        Reply reply = api.get(path);
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.header("Content-Type")).isEqualTo(type);
        assertThat(reply.body()).startsWith(start);
        assertThat(reply.header("Content-Security-Policy"))
                .contains("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'")
                .doesNotContain("unsafe", "http", "*");
        assertThat(reply.header("X-Content-Type-Options")).isEqualTo("nosniff");
    }

    @Test
    void aFileThatTheBrowserHasIsNotSentAgain() {
        Reply first = api.get("/ui/ui.js");
        String etag = first.header("ETag");
        assertThat(etag).matches("\"[0-9a-f]{32}\"");
        for (String known : new String[] {etag, "\"a\", W/" + etag, "*"}) {
            Reply again = api.call("GET", "/ui/ui.js", null, "If-None-Match", known);
            assertThat(again.status()).as(known).isEqualTo(304);
            assertThat(again.body()).isEmpty();
            assertThat(again.header("ETag")).isEqualTo(etag);
        }
        assertThat(api.call("GET", "/ui/ui.css", null, "If-None-Match", etag).status())
                .isEqualTo(200);
    }

    @Test
    void otherPathsBelowItAreNotThere() {
        assertThat(api.get("/ui/../../RestConfig.class").status()).isEqualTo(404);
        assertThat(api.get("/ui/ui.html").status()).isEqualTo(404);
        Reply slash = api.get("/ui/");
        assertThat(slash.status()).isEqualTo(308);
        assertThat(slash.header("Location")).isEqualTo("../ui");
    }

    /** As for any path the contract doesn't name. */
    @Test
    void headAndOptionsOfItStayHealthChecks() {
        assertThat(api.call("HEAD", "/ui", null).header("ETag")).isEmpty();
        assertThat(api.call("POST", "/ui", "{}").status()).isEqualTo(501);
        assertThat(api.get("/uixy").header("Content-Type")).isEqualTo("application/json");
    }

    @Test
    void thePageNamesNoOutsideAddressAndHasNoScriptInIt() {
        String page = api.get("/ui").body();
        assertThat(page).doesNotContain("style=", "<style", "javascript:");
        assertThat(Pattern.compile("<[^>]* on[a-z]+=").matcher(page).find()).isFalse();
        assertThat(
                        Pattern.compile("<script(?! type=\"module\" src=\"ui/ui.js\"></script>)")
                                .matcher(page)
                                .find())
                .isFalse();
        for (String text :
                new String[] {page, api.get("/ui/ui.css").body(), api.get("/ui/ui.js").body()}) {
            assertThat(text.replace("http://www.w3.org/2000/svg", "")).doesNotContain("://");
            assertThat(text)
                    .doesNotContain(
                            "innerHTML",
                            "outerHTML",
                            "insertAdjacentHTML",
                            "document.write",
                            "eval(");
            assertThat(text).doesNotContain("localStorage", "sessionStorage", "cookie");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1"})
    void aPageOfAnotherSiteChangesNothing(String origin) {
        Reply reply = asked("Authorization", "Basic dTpw", "Origin", origin);
        assertThat(reply.status()).isEqualTo(403);
        assertThat(reply.body()).startsWith("a page of another site (" + origin + ")");
        assertThat(api.node.asked).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"cross-site", "same-site", "<b>"})
    void aBrowserThatSaysThatThePageIsForeignIsBelieved(String site) {
        Reply reply = asked("Authorization", "Basic dTpw", "Origin", own(), "Sec-Fetch-Site", site);
        assertThat(reply.status()).isEqualTo(403);
        assertThat(reply.body()).doesNotContain("<b>");
        assertThat(api.node.asked).isEmpty();
    }

    @Test
    void theOwnPageAndProgramsAreLetBy() {
        assertThat(asked("Authorization", "Basic dTpw").status()).isEqualTo(202);
        assertThat(asked("Authorization", "Basic dTpw", "Origin", own()).status()).isEqualTo(202);
        assertThat(
                        asked(
                                        "Authorization",
                                        "Basic dTpw",
                                        "Sec-Fetch-Site",
                                        "same-origin",
                                        "Origin",
                                        "https://proxy.example")
                                .status())
                .isEqualTo(202);
    }

    /** A name of somebody else that points here: the browser takes his page for ours. */
    @ParameterizedTest
    @CsvSource({
        "rebound.example, 403",
        "localhost.rebound.example, 403",
        "10.0.0.7.rebound.example, 403",
        "localhost, 202",
        "LOCALHOST:8008, 202",
        "127.0.0.1:8008, 202",
        "[::1]:8008, 202",
        "db_1.example:8008, 202",
        "ops.example, 202",
    })
    void aPageIsOursOnlyUnderANameThatIsOurs(String host, int status) {
        RestConfig usual = RestConfig.of("127.0.0.1", 0);
        RestConfig named =
                new RestConfig(
                        new RestConfig.Listen("127.0.0.1", 0, "db_1.example:8008"),
                        usual.authentication(),
                        usual.tls(),
                        new RestConfig.Allowlist(List.of("127.0.0.1", "ops.example"), false),
                        usual.appearance(),
                        usual.limits());
        try (Api named1 = Api.start(named)) {
            String answer =
                    named1.raw(
                            "POST /reload HTTP/1.1\r\nHost: "
                                    + host
                                    + "\r\nOrigin: http://"
                                    + host
                                    + "\r\nConnection: close\r\n\r\n");
            assertThat(answer).startsWith("HTTP/1.1 " + status);
            assertThat(
                            named1.raw(
                                    "POST /reload HTTP/1.1\r\nHost: "
                                            + host
                                            + "\r\nConnection: close\r\n\r\n"))
                    .as("a program, which sends no Origin")
                    .startsWith("HTTP/1.1 202");
        }
    }

    /** Docker Compose and Kubernetes users have such names. */
    @ParameterizedTest
    @CsvSource({
        "http://db_1:8008/patroni, db_1",
        "https://[fe80::1]:8008/patroni, fe80::1",
        "http://u:p@db_1.example/patroni, db_1.example",
        "http://10.0.0.1:8008, 10.0.0.1",
    })
    void theHostOfAMembersAddressIsFoundWhateverItsForm(String url, String host) {
        assertThat(Access.host(url)).contains(host);
        assertThat(Access.host("nonsense")).isEmpty();
        assertThat(Access.host("http://a b/")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "https://A.example, a.example:443, true",
        "http://a.example:80, a.example, true",
        "http://a.example:8008, a.example, false",
        "http://[::1]:8008, [::1]:8008, true",
        "http://a.example.evil, a.example, false",
        "a.example, a.example, false"
    })
    void anOriginIsOurOwnIfHostAndPortAre(String origin, String host, boolean same) {
        assertThat(Origins.sameAuthority(origin, host)).isEqualTo(same);
        assertThat(Origins.sameAuthority(origin, null)).isFalse();
    }

    /** The browser would ask as well, and keep the answer. */
    @Test
    void theOwnPageAsksForThePasswordItself() {
        assertThat(asked("X-Requested-With", "kumki-ui").header("WWW-Authenticate"))
                .isEqualTo("Kumki-Form realm=\"Patroni\"");
        assertThat(asked("X-Requested-With", "other").header("WWW-Authenticate"))
                .isEqualTo("Basic realm=\"Patroni\"");
        assertThat(asked("X-Requested-With", "kumki-ui").status()).isEqualTo(401);
    }

    @Test
    void thePatroniDocumentOfTheLeaderTellsWhatIsLeftOfTheLease() {
        api.node.snapshot = Nodes.leader();
        assertThat(api.get("/patroni").body())
                .containsPattern("\"lease\": \\{\"left_ms\": [0-9]+, \"ttl\": 30}");
        assertThat(api.get("/primary").body()).doesNotContain("left_ms");
        api.node.snapshot = Nodes.standby();
        assertThat(api.get("/patroni").body()).doesNotContain("lease");
    }

    /** Only when asked to: who reads it for other things waits for nobody. */
    @Test
    void theClusterDocumentTellsTheLeadersLease() {
        api.node.snapshot = Nodes.leader();
        assertThat(api.get("/cluster?lease=1").body())
                .containsPattern("\"lease\": \\{\"left_ms\": [0-9]+, \"ttl\": 30}");
        assertThat(api.node.asked).isEmpty();
        api.node.snapshot = Nodes.standby();
        assertThat(api.get("/cluster").body()).doesNotContain("lease");
        assertThat(api.node.asked).isEmpty();
        assertThat(api.get("/cluster?lease=1").body())
                .endsWith(", \"lease\": {\"left_ms\": 17342, \"ttl\": 30}}");
        assertThat(api.node.asked).hasSize(1);
    }

    private String own() {
        return "http://127.0.0.1:" + api.server.port();
    }

    private Reply asked(String... headers) {
        return api.call("POST", "/reload", null, headers);
    }
}
