import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.LocalTime;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The demonstration behind {@code make demo}: a cluster on loopback, followed line by line until Ctrl-C. With {@code --check} it
 * kills the primary, waits for the next one, looks for a row written before, and ends by itself.
 *
 * <p>Arguments: the distribution, the directory for data and logs, the command prefix that drops root (may be empty), options.
 */
public class Demo {

    private static final Duration FAILOVER_LIMIT = Duration.ofSeconds(60);

    private final LocalCluster cluster;

    private Demo(LocalCluster cluster) {
        this.cluster = cluster;
    }

    public static void main(String[] args) throws Exception {
        List<String> prefix = args[2].isBlank() ? List.of() : List.of(args[2].split(" "));
        LocalCluster cluster = new LocalCluster(Path.of(args[0]), Path.of(args[1]), prefix);
        boolean check = List.of(args).subList(3, args.length).contains("--check");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(cluster)));
        Demo demo = new Demo(cluster);
        try {
            demo.start();
            if (check) {
                demo.check();
            } else {
                demo.follow();
            }
        } catch (IllegalStateException problem) {
            System.err.println("demo: " + problem.getMessage());
            System.err.println("demo: logs are in " + cluster.home);
            System.exit(1);
        }
        System.exit(0);
    }

    private static void end(LocalCluster cluster) {
        say("ending everything that was started");
        cluster.close();
    }

    private void start() throws IOException {
        say("one etcd and three nodes are starting; waiting until one leads and two stream from it ...");
        long begun = System.nanoTime();
        cluster.start();
        say("healthy after " + millisSince(begun) + " ms");
        printTable();
        System.out.println();
        for (LocalCluster.Node node : cluster.nodes) {
            System.out.printf(
                    "  %s  REST %s/patroni   postgresql://postgres:%s@127.0.0.1:%d/postgres%n",
                    node.name(), node.rest(), LocalCluster.PASSWORD, node.pgPort());
        }
        System.out.println();
        LocalCluster.Node leader = cluster.leader().orElseThrow();
        String ctl = cluster.distribution.resolve("bin/kumkictl") + " -c " + leader.config();
        System.out.println("Three things to try in another terminal:");
        System.out.println("  switch over:   " + ctl + " switchover --force");
        System.out.println(
                "  kill a node:   kill -9 "
                        + leader.agent()[0].pid()
                        + " $(head -1 "
                        + leader.data().resolve("postmaster.pid")
                        + ")");
        System.out.println("  look at a log: tail -f " + leader.dir().resolve("agent.log"));
        System.out.println();
    }

    private void printTable() throws IOException {
        Process list =
                new ProcessBuilder(
                                cluster.distribution.resolve("bin/kumkictl").toString(),
                                "-c",
                                cluster.nodes.getFirst().config().toString(),
                                "list")
                        .inheritIO()
                        .start();
        try {
            list.waitFor(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void follow() throws InterruptedException {
        say("following the cluster's changes; Ctrl-C ends everything");
        Map<String, String> before = cluster.members();
        while (true) {
            Thread.sleep(300);
            Map<String, String> now = cluster.members();
            for (Map.Entry<String, String> member : now.entrySet()) {
                String was = before.get(member.getKey());
                if (!member.getValue().equals(was)) {
                    say(
                            member.getKey()
                                    + ": "
                                    + (was == null ? "joined" : was)
                                    + "  ->  "
                                    + member.getValue());
                }
            }
            for (String gone : before.keySet()) {
                if (!now.containsKey(gone)) {
                    say(gone + ": gone");
                }
            }
            before = now;
        }
    }

    private void check() throws Exception {
        LocalCluster.Node first = cluster.leader().orElseThrow();
        cluster.execute(first, "CREATE TABLE demo (id int PRIMARY KEY, note text)");
        cluster.execute(first, "INSERT INTO demo VALUES (1, 'written before the kill')");
        cluster.await(
                "copy of the row on both standbys",
                FAILOVER_LIMIT,
                () -> cluster.nodes.stream().allMatch(this::rowIsThere));
        say("row written on " + first.name() + " and streamed; killing its agent and its server");
        long killed = System.nanoTime();
        cluster.killNode(first);
        cluster.await(
                "new primary",
                FAILOVER_LIMIT,
                () -> cluster.leader().filter(node -> node != first).isPresent());
        LocalCluster.Node second = cluster.leader().orElseThrow();
        cluster.await("write on " + second.name(), FAILOVER_LIMIT, () -> writable(second));
        say(second.name() + " took over after " + millisSince(killed) + " ms");
        if (!rowIsThere(second)) {
            throw new IllegalStateException("the row written before the kill is lost");
        }
        say("the row written before is there: check passed");
    }

    private boolean rowIsThere(LocalCluster.Node node) {
        try (Connection connection = cluster.connect(node);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT 1 FROM demo WHERE id = 1")) {
            return rows.next();
        } catch (SQLException e) {
            return false;
        }
    }

    private boolean writable(LocalCluster.Node node) {
        try {
            cluster.execute(
                    node, "INSERT INTO demo VALUES (2, 'written after') ON CONFLICT DO NOTHING");
            return true;
        } catch (SQLException e) {
            return false;
        }
    }

    private static long millisSince(long nanos) {
        return (System.nanoTime() - nanos) / 1_000_000;
    }

    private static void say(String text) {
        System.out.println(LocalTime.now().truncatedTo(ChronoUnit.MILLIS) + "  " + text);
    }
}
