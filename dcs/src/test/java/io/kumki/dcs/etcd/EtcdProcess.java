package io.kumki.dcs.etcd;

import static org.awaitility.Awaitility.await;

import io.kumki.dcs.FreePort;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A real etcd of one or more members for tests: on free loopback ports, data in a temporary
 * directory, ended by {@link #close} (or with the JVM).
 */
public final class EtcdProcess implements AutoCloseable {

    private static final Duration START_LIMIT = Duration.ofSeconds(30);
    private static final Duration HTTP_LIMIT = Duration.ofSeconds(2);

    private final Path directory;
    private final List<Integer> ports;
    private final List<String> options;
    private final String scheme;
    private final List<Process> processes = new ArrayList<>();
    private final HttpClient http = HttpClient.newHttpClient();
    private final Thread endWithJvm = new Thread(this::killAll, "etcd-end");

    private EtcdProcess(int members, String scheme, List<String> options) {
        try {
            this.directory = Files.createTempDirectory("kumki-etcd");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        this.ports = IntStream.range(0, 3 * members).mapToObj(_ -> FreePort.next()).toList();
        this.scheme = scheme;
        this.options = options;
        Runtime.getRuntime().addShutdownHook(endWithJvm);
        for (int member = 0; member < members; member++) {
            processes.add(launch(member));
        }
        for (int member = 0; member < members; member++) {
            awaitHealthy(member);
        }
    }

    /** Starts one etcd; returns when it answers. */
    public static EtcdProcess single(String... options) {
        return new EtcdProcess(1, "http", List.of(options));
    }

    /** Starts an etcd cluster of three; returns when it has a leader. */
    public static EtcdProcess three(String... options) {
        return new EtcdProcess(3, "http", List.of(options));
    }

    /** Starts one etcd whose clients need TLS; the options name its files. */
    public static EtcdProcess singleWithTls(String... options) {
        return new EtcdProcess(1, "https", List.of(options));
    }

    /** The client URLs of all members. */
    public List<URI> endpoints() {
        return IntStream.range(0, processes.size()).mapToObj(this::endpoint).toList();
    }

    public URI endpoint(int member) {
        return URI.create(scheme + "://127.0.0.1:" + ports.get(3 * member));
    }

    /** How an agent is told of this etcd; without discovery, so that tests know who is asked. */
    public EtcdConfig config() {
        return new EtcdConfig(endpoints(), java.util.Optional.empty(), EtcdConfig.Tls.NONE, false);
    }

    /** Stops a member with SIGSTOP: connections stay, nothing answers. */
    public void freeze(int member) {
        signal("STOP", member);
    }

    public void thaw(int member) {
        signal("CONT", member);
    }

    /** Ends a member with SIGKILL. */
    public void kill(int member) {
        Process process = processes.get(member);
        process.destroyForcibly();
        await().atMost(START_LIMIT).until(() -> !process.isAlive());
    }

    /** Starts a killed member again with its data; returns when it answers. */
    public void restart(int member) {
        relaunch(member);
        awaitHealthy(member);
    }

    /** Starts a killed member again with its data; doesn't wait. */
    public void relaunch(int member) {
        processes.set(member, launch(member));
    }

    /** Saves a backup ({@code etcdctl snapshot save}) of a single etcd. */
    public Path backup() {
        Path file = directory.resolve("backup-" + System.nanoTime());
        run(
                List.of(
                        "etcdctl",
                        "--endpoints",
                        endpoint(0).toString(),
                        "snapshot",
                        "save",
                        file.toString()));
        return file;
    }

    /** Starts a killed single etcd from a backup; returns when it answers. */
    public void restore(Path backup) {
        Path data = directory.resolve("m0");
        delete(data);
        String peer = "http://127.0.0.1:" + ports.get(1);
        run(
                List.of(
                        "etcdctl",
                        "snapshot",
                        "restore",
                        backup.toString(),
                        "--name",
                        "m0",
                        "--data-dir",
                        data.toString(),
                        "--initial-cluster",
                        "m0=" + peer,
                        "--initial-advertise-peer-urls",
                        peer));
        restart(0);
    }

    /** Which member leads this etcd cluster. */
    public int leader() {
        return await().atMost(START_LIMIT)
                .until(
                        () ->
                                IntStream.range(0, processes.size())
                                        .filter(member -> processes.get(member).isAlive())
                                        .filter(member ->
                                                metric(member, "etcd_server_is_leader") == 1)
                                        .boxed()
                                        .toList(),
                        leaders -> leaders.size() == 1)
                .getFirst();
    }

    /** Sum of a metric over its labels; all lines whose name begins with {@code name}. */
    public double metric(int member, String name) {
        return metrics(member)
                .lines()
                .filter(line -> line.startsWith(name))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    /** Runs etcdctl against the first member; returns its standard output. */
    public String ctl(String... arguments) {
        List<String> command = new ArrayList<>(List.of("etcdctl", "--endpoints"));
        command.add(endpoints().stream().map(URI::toString).collect(Collectors.joining(",")));
        command.addAll(List.of(arguments));
        return run(command);
    }

    @Override
    public void close() {
        killAll();
        Runtime.getRuntime().removeShutdownHook(endWithJvm);
        delete(directory);
    }

    private static void delete(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a program; returns its standard output. Fails if it fails. */
    static String run(List<String> command) {
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.environment().put("ETCDCTL_API", "3");
            Process process = builder.start();
            process.getOutputStream().close();
            String output =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(20, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IllegalStateException(command + " failed: " + output);
            }
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private Process launch(int member) {
        String peer = "http://127.0.0.1:" + ports.get(3 * member + 1);
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "etcd",
                                "--name",
                                "m" + member,
                                "--data-dir",
                                directory.resolve("m" + member).toString(),
                                "--listen-client-urls",
                                endpoint(member).toString(),
                                "--advertise-client-urls",
                                endpoint(member).toString(),
                                "--listen-peer-urls",
                                peer,
                                "--initial-advertise-peer-urls",
                                peer,
                                "--listen-metrics-urls",
                                metricsUrl(member),
                                "--initial-cluster",
                                IntStream.range(0, ports.size() / 3)
                                        .mapToObj(i ->
                                                "m%d=http://127.0.0.1:%d"
                                                        .formatted(i, ports.get(3 * i + 1)))
                                        .collect(Collectors.joining(","))));
        command.addAll(options);
        try {
            Path log = directory.resolve("m" + member + ".log");
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start etcd (package etcd-server)", e);
        }
    }

    private String metricsUrl(int member) {
        return "http://127.0.0.1:" + ports.get(3 * member + 2);
    }

    private void awaitHealthy(int member) {
        await().atMost(START_LIMIT)
                .pollInterval(Duration.ofMillis(50))
                .ignoreExceptionsInstanceOf(UncheckedIOException.class)
                .until(() -> get(metricsUrl(member) + "/health").contains("\"true\""));
    }

    private String metrics(int member) {
        return get(metricsUrl(member) + "/metrics");
    }

    private String get(String url) {
        try {
            return http.send(
                            HttpRequest.newBuilder(URI.create(url)).timeout(HTTP_LIMIT).build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
        } catch (ConnectException e) {
            throw new UncheckedIOException("nothing listens at " + url, e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private void signal(String name, int member) {
        run(List.of("kill", "-" + name, String.valueOf(processes.get(member).pid())));
    }

    private void killAll() {
        processes.forEach(Process::destroyForcibly);
        for (Process process : processes) {
            try {
                process.waitFor(10, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
