package io.kumki.agent.chaos;

import io.kumki.agent.chaos.Checker.Findings;
import io.kumki.agent.chaos.Checker.Table;
import io.kumki.agent.chaos.Faults.Injected;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.sql.SQLException;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.SortedSet;
import java.util.concurrent.TimeUnit;

/**
 * Runs a cluster under faults for some minutes and gives a verdict; exits with 1 when something was
 * violated. Run by {@code tools/run-chaos}, which makes the hosts and removes them.
 */
public final class ChaosMain {

    /**
     * With all faults healed the service must be back by then: a lease, an election, a crash
     * recovery.
     */
    private static final Duration RECOVERY = Duration.ofSeconds(60);

    /** At the end every member must stream by then, perhaps after a rewind or a clone. */
    private static final Duration WHOLE = Duration.ofSeconds(120);

    /** A round doesn't wait longer for a whole cluster before the next fault. */
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private final Options options;
    private final ChaosCluster cluster;
    private final Journal journal = new Journal();
    private final PrintWriter log;
    private final List<String> violations = new ArrayList<>();
    private final long created = System.nanoTime();
    private long begin;
    private int rounds;
    private int faults;
    private int agentsEnded;

    private ChaosMain(Options options) throws IOException {
        this.options = options;
        this.cluster =
                new ChaosCluster(
                        options.slot(), options.home(), options.distribution(), options.mode());
        this.log =
                new PrintWriter(
                        Files.newBufferedWriter(
                                options.home().resolve("logs/verdict"), StandardCharsets.UTF_8),
                        true);
    }

    public static void main(String[] args) throws IOException {
        Options options;
        try {
            options = Options.parse(args, new Random());
        } catch (IllegalArgumentException wrong) {
            System.err.println("chaos: " + wrong.getMessage());
            System.exit(2);
            return;
        }
        ChaosMain chaos = new ChaosMain(options);
        int code = 1;
        try {
            chaos.run();
            code = chaos.violations.isEmpty() ? 0 : 1;
        } catch (IllegalStateException | SQLException broken) {
            chaos.say("ended: %s\n%s".formatted(broken, chaos.cluster.describe()));
        }
        System.exit(code);
    }

    private void run() throws SQLException {
        String mode = options.mode().name().toLowerCase(Locale.ROOT);
        say(
                "seed %d, mode %s, %s minutes; three nodes and three etcd members are starting"
                        .formatted(options.seed(), mode, options.time().toMillis() / 60e3));
        cluster.start();
        ChaosNode leader = cluster.leader().orElseThrow();
        ChaosCluster.execute(
                leader,
                "CREATE TABLE chaos (id bigint PRIMARY KEY, server text NOT NULL, mark text NOT"
                        + " NULL)");
        String mark = "run-" + options.seed() + "-" + System.nanoTime();
        Writers writers = new Writers(cluster, journal, mark);
        begin = System.nanoTime();
        writers.start();
        serviceBack("at the start", begin);
        faults();
        boolean whole = ChaosCluster.await(WHOLE, this::wholeWithAgents);
        say(whole ? "all healed, one leads and two stream" : "NOT WHOLE AGAIN");
        long end = System.nanoTime();
        writers.stop();
        if (!whole) {
            violations.add("not whole again " + WHOLE.toSeconds() + " s after the last fault");
            say(cluster.describe());
        }
        verdict(mark, end);
    }

    private boolean wholeWithAgents() {
        superviseAgents();
        return cluster.healthy();
    }

    private void faults() {
        Random random = new Random(options.seed());
        Faults injector = new Faults(cluster, this::say);
        long deadline = begin + options.time().toNanos();
        while (System.nanoTime() - deadline < 0) {
            rounds++;
            List<Plan> plans = Plan.draw(random, options.mode());
            boolean waits = random.nextDouble() < 0.7;
            long gapMs = random.nextInt(3000);
            round(injector, plans, deadline);
            if (waits) {
                ChaosCluster.await(PATIENCE, this::wholeWithAgents);
            }
            sleepUntil(System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(gapMs), deadline);
        }
    }

    /** All faults of a round begin together; each ends in its own time. */
    private void round(Faults injector, List<Plan> plans, long deadline) {
        record Running(Injected fault, long until, int number) {}
        List<Running> running = new ArrayList<>();
        for (Plan plan : plans) {
            long until = System.nanoTime() + plan.hold().toNanos();
            String leads = cluster.leader().map(node -> node.name).orElse("nobody");
            Injected fault = injector.inject(plan);
            faults++;
            say(
                    "fault %d: %s, for %.1f s; %s led"
                            .formatted(faults, fault.text(), plan.hold().toMillis() / 1e3, leads));
            running.add(new Running(fault, until, faults));
        }
        running.sort((a, b) -> Long.compare(a.until() - begin, b.until() - begin));
        for (Running one : running) {
            sleepUntil(one.until(), deadline);
            one.fault().heal().run();
            say("fault %d is over".formatted(one.number()));
        }
        serviceBack("after fault " + faults, System.nanoTime());
    }

    /** With all faults healed a write sent from now on must be acknowledged within the limit. */
    private void serviceBack(String when, long now) {
        boolean back =
                ChaosCluster.await(
                        RECOVERY,
                        () -> {
                            superviseAgents();
                            return journal.acknowledgedSince(now);
                        });
        long took = System.nanoTime() - now;
        if (!back) {
            violations.add("no write was acknowledged for " + RECOVERY.toSeconds() + " s " + when);
            say("NO SERVICE %s\n%s".formatted(when, cluster.describe()));
        } else if (took > TimeUnit.SECONDS.toNanos(1)) {
            say("    writes again %.1f s later".formatted(took / 1e9));
        }
    }

    /** Does what systemd does with {@code Restart=always}. */
    private void superviseAgents() {
        for (ChaosNode node : cluster.nodes) {
            if (!node.down && !node.agentLives()) {
                agentsEnded++;
                say(
                        "the agent of %s ended by itself with %d; started again"
                                .formatted(node.name, node.agent().orElseThrow().exitValue()));
                node.start();
            }
        }
    }

    private void sleepUntil(long until, long deadline) {
        long end = until - deadline < 0 ? until : deadline;
        ChaosCluster.await(
                Duration.ofNanos(Math.max(0, end - System.nanoTime())),
                () -> {
                    superviseAgents();
                    return false;
                });
    }

    private void verdict(String mark, long end) throws SQLException {
        ChaosNode leader =
                cluster.leader()
                        .orElseThrow(() -> new IllegalStateException("nobody leads at the end"));
        Table table = ChaosCluster.table(leader);
        Findings found = Checker.check(journal.writes(), table, mark, begin, end);
        if (options.mode().keepsAll() && !found.lost().isEmpty()) {
            violations.add("acknowledged rows are lost: " + some(found.lost()));
        }
        if (!found.phantoms().isEmpty()) {
            violations.add("rows that nobody sent, or other than sent: " + some(found.phantoms()));
        }
        found.doublePrimaries().forEach(two -> violations.add("two primaries: " + two));
        compareStandbys(leader, table);
        say("");
        say("verdict of seed %d, mode %s".formatted(options.seed(), options.mode()));
        say("    rounds %d, faults %d, reigns %d".formatted(rounds, faults, found.reigns()));
        say(
                "    writes sent %d, acknowledged %d, outcome unknown %d"
                        .formatted(found.sent(), found.acknowledged(), found.unknown()));
        say(
                "    acknowledged rows lost: %d%s"
                        .formatted(
                                found.lost().size(),
                                options.mode().keepsAll()
                                        ? " (must be 0)"
                                        : " (asynchronous: may be)"));
        found.losses().forEach(loss -> say("        " + loss));
        say("    rows not sent so: %d (must be 0)".formatted(found.phantoms().size()));
        say(
                "    intervals with two primaries: %d (must be 0); answers that were on their way: %d"
                        .formatted(found.doublePrimaries().size(), found.lateAnswers()));
        say(
                "    longest time without an acknowledgement: %.1f s, from t+%.1f s"
                        .formatted(found.longestGapMs() / 1e3, found.longestGapAtMs() / 1e3));
        say("    agents that ended by themselves: %d".formatted(agentsEnded));
        violations.forEach(violation -> say("VIOLATION: %s".formatted(violation)));
        say(
                violations.isEmpty()
                        ? "all held"
                        : "VIOLATED; again with: make chaos MODE=%s SEED=%d MINUTES=%s"
                                .formatted(
                                        options.mode().name().toLowerCase(Locale.ROOT),
                                        options.seed(),
                                        options.time().toMillis() / 60e3));
    }

    /** What the leader has its standbys have too, once they have caught up. */
    private void compareStandbys(ChaosNode leader, Table table) throws SQLException {
        String end = ChaosCluster.query(leader, "SELECT pg_current_wal_lsn()");
        for (ChaosNode standby : cluster.others(leader)) {
            try {
                String behind = "SELECT pg_last_wal_replay_lsn() >= '" + end + "'::pg_lsn";
                ChaosCluster.await(PATIENCE, () -> reached(standby, behind));
                if (!ChaosCluster.table(standby).equals(table)) {
                    violations.add(standby.name + " holds other rows than " + leader.name);
                }
            } catch (SQLException unreadable) {
                violations.add(standby.name + " can't be read: " + unreadable.getMessage());
            }
        }
    }

    private static boolean reached(ChaosNode node, String question) {
        try {
            return ChaosCluster.query(node, question).equals("t");
        } catch (SQLException _) {
            return false;
        }
    }

    private static String some(SortedSet<Long> ids) {
        return ids.size()
                + ": "
                + ids.stream().limit(20).toList()
                + (ids.size() > 20 ? " and more" : "");
    }

    private void say(String text) {
        String line =
                "%s t+%07.3f  %s"
                        .formatted(
                                LocalTime.now(ZoneId.systemDefault())
                                        .truncatedTo(ChronoUnit.MILLIS),
                                (System.nanoTime() - (begin == 0 ? created : begin)) / 1e9,
                                text);
        System.out.println(line);
        log.println(line);
    }
}
