package io.kumki.agent.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The page at {@code /ui} of a real cluster in a real browser; pictures in target/dashboard. */
@Timeout(180)
class DashboardIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Path PICTURES = Path.of("target", "dashboard");
    private static final String PASSWORD = "s3cret: ä";
    private static final String MARKUP = "<img src=x onerror=document.title='broken'>";

    private TestCluster cluster;
    private Browser browser;
    private TestNode leader;
    private TestNode standby;

    @Test
    void itShowsTheClusterAndSwitchesItOverByKeyboard() throws Exception {
        assumeTrue(
                Files.isExecutable(Browser.PROGRAM) && Files.isExecutable(Browser.DRIVER),
                "packages chromium and chromium-driver aren't installed");
        cluster =
                TestCluster.prepare(
                        2,
                        new TestCluster.Settings(
                                20, 2, 5, "", "tags:\n  zone: \"" + MARKUP + "\"\n"));
        try (TestCluster _ = cluster) {
            cluster.nodes.forEach(this::startWithPassword);
            Path home = Files.createDirectory(cluster.home().resolve("browser"));
            try (Browser opened = new Browser(home)) {
                browser = opened;
                cluster.awaitHealthy();
                leader = cluster.leader().orElseThrow();
                standby = cluster.others(leader).getFirst();
                browser.open(leader.url("/ui"));
                showsBothMembers();
                textStaysText();
                fitsAPhone();
                switchesOverByKeyboard();
                tellsWhatWasDecided();
                saysThatNobodyAnswersAndComesBack();
                restartsItsOwnMember();
                schedulesAndCancels();
                pausesAndResumes();
                copiesItsOwnMemberAnew();
            }
        }
    }

    private void startWithPassword(TestNode node) {
        node.writeConfig(
                cluster.yaml(node)
                        .replace(
                                "restapi:\n",
                                "restapi:\n  authentication: {username: admin, password: '"
                                        + PASSWORD
                                        + "'}\n"));
        node.start();
    }

    private void showsBothMembers() {
        awaitText("members", standby.name + "\nReplica\nstreaming");
        awaitLive();
        assertThat(browser.text("members")).startsWith(leader.name + "\n★ Leader\nrunning");
        assertThat(browser.text("leader")).isEqualTo(leader.name);
        assertThat(browser.text("lease-text")).matches("[0-9]+\\.[0-9] s left of 20 s");
        assertThat(browser.run("return document.querySelector('#members li li a').href").asText())
                .as("where %s is restarted", standby.name)
                .isEqualTo(standby.url("/ui"));
        browser.colours("light");
        browser.screenshot(PICTURES.resolve("light.png"));
        browser.colours("dark");
        browser.screenshot(PICTURES.resolve("dark.png"));
    }

    /** A tag of both members, and a member that somebody put into etcd. */
    private void textStaysText() {
        String name = MARKUP.replace("onerror=", "onerror=this.id=");
        cluster.etcd.ctl(
                "put",
                "/service/it/members/" + name,
                "{\"state\":\""
                        + MARKUP
                        + "\",\"role\":\"replica\",\"conn_url\":\"postgres://127.0.0.1:1/x\","
                        + "\"api_url\":\"javascript:alert(1)\",\"version\":\"4.1.4\"}");
        awaitText("members", name + "\nReplica\n" + MARKUP);
        assertThat(browser.text("members"))
                .contains("zone: " + MARKUP, "no REST address")
                .doesNotContain("Page of <");
        assertThat(browser.run("return document.querySelectorAll('img').length").asInt()).isZero();
        assertThat(browser.run("return document.title").asText()).contains("leads");
        cluster.etcd.ctl("del", "/service/it/members/" + name);
        Await.until(
                "the member to be gone",
                LIMIT,
                () -> !browser.text("members").contains("onerror=this"),
                () -> browser.text("members"));
        assertThat(browser.complaints()).isEmpty();
    }

    private void fitsAPhone() {
        browser.phone(320);
        assertThat(overflow()).isZero();
        browser.screenshot(PICTURES.resolve("phone.png"));
        browser.run("document.getElementById('switchover').click()");
        assertThat(overflow()).isZero();
        browser.screenshot(PICTURES.resolve("phone-dialog.png"));
        browser.type(Browser.ESCAPE);
        assertThat(dialogOpen("action")).isFalse();
        browser.desktop();
        browser.colours("light");
    }

    /** How much wider than the window the page is. */
    private int overflow() {
        return browser.run(
                        "const root = document.scrollingElement;"
                                + " const open = document.querySelector('dialog[open]') ?? root;"
                                + " return root.scrollWidth - root.clientWidth"
                                + "   + Math.max(0, open.scrollWidth - open.clientWidth)")
                .asInt();
    }

    private void switchesOverByKeyboard() {
        browser.run("document.activeElement.blur()");
        browser.tabTo("switchover");
        browser.type(Browser.ENTER);
        assertThat(browser.text("action"))
                .startsWith("Switch over from " + leader.name)
                .contains(leader.name + " stops taking writes");
        staysInTheDialog();
        browser.run("document.querySelector('#action select').focus()");
        browser.type(standby.name);
        browser.screenshot(PICTURES.resolve("switchover.png"));
        browser.tabTo("action-go");
        browser.type(Browser.ENTER);

        awaitText("login-text", "The API asks for them before it changes anything.");
        assertThat(browser.focused()).isEqualTo("login-name");
        browser.type("admin" + Browser.TAB + "wrong" + Browser.ENTER);
        awaitText("login-text", "That name and password were not right.");
        assertThat(cluster.leader()).contains(leader);
        browser.type(PASSWORD + Browser.ENTER);
        awaitText(
                "action-answer",
                "Successfully switched over to \"" + standby.name + "\" (status 200)");
        assertThat(browser.run("return Object.keys(localStorage).length").asInt()).isZero();
        assertThat(browser.focused()).isEqualTo("action-cancel");
        browser.type(Browser.ENTER);
        assertThat(dialogOpen("action")).isFalse();
        assertThat(browser.focused()).isEqualTo("switchover");
        awaitText("leader", standby.name);
        awaitText("lease-text", " s left of 20 s"); // which it asks the new leader for
    }

    /** Tab goes round within it; between the last and the first is the browser's own frame. */
    private void staysInTheDialog() {
        for (int i = 0; i < 6; i++) {
            browser.type(Browser.TAB);
            assertThat(
                            browser.run(
                                            "const at = document.activeElement;"
                                                    + " return at === document.body"
                                                    + " || at.closest('dialog') !== null")
                                    .asBoolean())
                    .as(browser.focused())
                    .isTrue();
        }
    }

    private void tellsWhatWasDecided() {
        browser.tabTo("filter");
        browser.type("switchover.hands-over");
        awaitText("decisions", "switchover.hands-over");
        assertThat(browser.text("decisions-count"))
                .matches("1 of 1 found, of [0-9]+, newest first");
        browser.screenshot(PICTURES.resolve("decisions.png"));
    }

    private void saysThatNobodyAnswersAndComesBack() {
        leader.killAgent();
        awaitText("live-text", "no answer since");
        browser.screenshot(PICTURES.resolve("no-answer.png"));
        leader.start();
        awaitLive();
    }

    /** The leader of before is a standby now, and the page still knows the password. */
    private void restartsItsOwnMember() throws Exception {
        cluster.awaitHealthy();
        Await.until( // a new agent first sees to it that its server follows the leader
                "the new agent to have nothing to do",
                LIMIT,
                () ->
                        leader.json("/decisions")
                                .path(0)
                                .path("rule")
                                .asText()
                                .equals("follower.streams"),
                cluster::describe);
        String started = leader.query("SELECT pg_postmaster_start_time()");
        awaitText("members", "Reinitialize…");
        browser.run("document.querySelector('[aria-label^=\"Restart\"]').focus()");
        browser.type(Browser.ENTER);
        assertThat(browser.text("action"))
                .startsWith("Restart PostgreSQL on " + leader.name)
                .contains("It is a standby: the leader goes on.");
        confirmed("restarted successfully (status 200)");
        assertThat(leader.query("SELECT pg_postmaster_start_time()")).isNotEqualTo(started);
    }

    private void schedulesAndCancels() {
        press("[aria-label^=\"Restart\"]");
        atNewYear();
        confirmed("Restart scheduled (status 202)");
        awaitText("members", "Restart scheduled: ");
        assertThat(leader.json("/patroni").path("scheduled_restart").path("schedule").asText())
                .startsWith("2099-12-31T");
        press("[aria-label^=\"Cancel the scheduled restart\"]");
        confirmed("scheduled restart deleted (status 200)");
        assertThat(leader.json("/patroni").has("scheduled_restart")).isFalse();

        press("#switchover");
        atNewYear();
        confirmed("Switchover scheduled (status 202)");
        awaitText("notices", "A switchover is scheduled from " + standby.name);
        press("#notices button");
        confirmed("scheduled switchover deleted (status 200)");
        assertThat(leader.json("/cluster").has("scheduled_switchover")).isFalse();
        assertThat(cluster.leader()).contains(standby);
    }

    private void press(String selector) {
        Await.until(
                selector,
                LIMIT,
                () ->
                        browser.run(
                                        "return document.querySelector(arguments[0]) !== null",
                                        selector)
                                .asBoolean(),
                () -> browser.text("members"));
        browser.run("document.querySelector(arguments[0]).focus()", selector);
        browser.type(Browser.ENTER);
    }

    private void atNewYear() {
        browser.run(
                "document.querySelector('#action input[type=datetime-local]').value ="
                        + " '2099-12-31T12:00'");
    }

    private void copiesItsOwnMemberAnew() throws Exception {
        Path old = Files.createFile(leader.data().resolve("of-the-old-copy"));
        press("[aria-label^=\"Reinitialize\"]");
        assertThat(browser.text("action")).contains("its data directory is removed");
        browser.run("document.querySelector('#action-fields input').focus()");
        browser.type("somebody" + Browser.ENTER);
        assertThat(dialogOpen("action")).as("another name isn't this member's").isTrue();
        assertThat(browser.text("action-answer")).as("nothing was sent").isEmpty();
        browser.run("document.querySelector('#action-fields input').value = ''");
        browser.type(leader.name);
        confirmed("reinitialize started (status 200)");
        Await.until(
                "the copy to be done",
                LIMIT,
                () -> !Files.exists(old) && cluster.healthy(),
                () -> Files.exists(old) + " " + cluster.states());
    }

    private void pausesAndResumes() {
        browser.tabTo("pause-button");
        browser.type(Browser.ENTER);
        assertThat(browser.text("action")).contains("There is no automatic failover");
        confirmed("Maintenance mode is on (status 200)");
        awaitText("notices", "Maintenance mode is on: there is no failover.");
        assertThat(standby.json("/config").path("pause").asBoolean()).isTrue();
        awaitText("pause-button", "Resume…");
        browser.type(Browser.ENTER);
        confirmed("Maintenance mode is off (status 200)");
        awaitText("pause", "off");
        assertThat(standby.json("/config").has("pause")).isFalse();
    }

    /** Goes on in the dialog, and closes it after this answer. */
    private void confirmed(String answer) {
        browser.tabTo("action-go");
        browser.type(Browser.ENTER);
        awaitText("action-answer", answer);
        browser.type(Browser.ENTER);
        assertThat(dialogOpen("action")).isFalse();
    }

    private void awaitLive() {
        Await.until(
                "a live page",
                LIMIT,
                () -> browser.text("live-text").equals("live"),
                () -> browser.text("live-text"));
    }

    private boolean dialogOpen(String id) {
        return browser.run("return document.getElementById(arguments[0]).open", id).asBoolean();
    }

    private void awaitText(String id, String text) {
        Await.until(
                "\"" + text + "\" in the page",
                LIMIT,
                () -> browser.text(id).contains(text),
                () ->
                        browser.text("members")
                                + "\n"
                                + browser.text(id)
                                + "\n"
                                + browser.complaints());
    }
}
