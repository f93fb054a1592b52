package io.kumki.agent.chaos;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A host with one of the three members of the etcd cluster. */
final class ChaosEtcd {

    static final List<String> NAMES = List.of("e1", "e2", "e3");

    final String name;
    private final Hosts hosts;
    private final Path home;
    private @Nullable Process process;

    ChaosEtcd(String name, Hosts hosts, Path home) {
        this.name = name;
        this.hosts = hosts;
        this.home = home;
    }

    void start() {
        if (process != null && process.isAlive()) {
            return;
        }
        String address = "http://" + Hosts.address(name);
        String members =
                String.join(
                        ",",
                        NAMES.stream()
                                .map(e -> e + "=http://" + Hosts.address(e) + ":2380")
                                .toList());
        process =
                hosts.start(
                        name,
                        home,
                        home.resolve("logs/" + name + ".log"),
                        List.of(
                                "etcd",
                                "--name=" + name,
                                "--data-dir=" + home.resolve(name + "-data"),
                                "--listen-peer-urls=" + address + ":2380",
                                "--initial-advertise-peer-urls=" + address + ":2380",
                                "--listen-client-urls=" + address + ":2379",
                                "--advertise-client-urls=" + address + ":2379",
                                "--initial-cluster=" + members,
                                "--initial-cluster-state=new",
                                "--logger=zap"));
    }

    Optional<Long> pid() {
        return Optional.ofNullable(process).filter(Process::isAlive).map(Process::pid);
    }

    boolean leads() {
        return metrics().contains("etcd_server_is_leader 1");
    }

    boolean hasLeader() {
        return metrics().contains("etcd_server_has_leader 1");
    }

    private String metrics() {
        return ChaosNode.get(
                        "http://" + Hosts.address(name) + ":2379/metrics", Duration.ofSeconds(1))
                .map(HttpResponse::body)
                .orElse("");
    }
}
