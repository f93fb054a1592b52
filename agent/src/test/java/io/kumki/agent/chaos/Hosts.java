package io.kumki.agent.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The network namespaces of {@code tools/chaos-hosts}: starts, finds, signals and cuts off. */
final class Hosts {

    private static final List<String> AS_POSTGRES =
            List.of("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups");

    /** A host whose processes fork while they are signalled is looked at again, so often. */
    private static final int SWEEPS = 100;

    /** Seen from the host that is cut off. */
    enum Direction {
        /** Hears nothing, but is heard. */
        IN,
        /** Is not heard, but hears. */
        OUT,
        BOTH
    }

    private final String prefix;

    Hosts(int slot) {
        prefix = "kumki-chaos" + slot + "-";
    }

    static String address(String host) {
        int number = host.charAt(host.length() - 1) - '0';
        return "10.77.0." + (host.startsWith("e") ? 10 + number : number);
    }

    /** The programs write there as the user postgres. */
    static void giveToPostgres(Path directory) {
        run(List.of("chown", "-R", "postgres:", directory.toString()));
    }

    /** Starts a program on a host as the user postgres, its output into a file. */
    Process start(String host, Path directory, Path log, List<String> command) {
        List<String> whole = new ArrayList<>(inside(host));
        whole.addAll(AS_POSTGRES);
        whole.addAll(command);
        try {
            ProcessBuilder builder =
                    new ProcessBuilder(whole)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                            .directory(directory.toFile());
            builder.environment().put("LC_ALL", "C.UTF-8");
            return builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void cut(String host, List<String> peers, Direction direction) {
        rules(host, "-I", peers, direction);
    }

    void heal(String host, List<String> peers, Direction direction) {
        rules(host, "-D", peers, direction);
    }

    private void rules(String host, String change, List<String> peers, Direction direction) {
        String addresses = String.join(",", peers.stream().map(Hosts::address).toList());
        if (direction != Direction.OUT) {
            iptables(host, change, "INPUT", "-s", addresses, "-j", "DROP");
        }
        if (direction != Direction.IN) {
            iptables(host, change, "OUTPUT", "-d", addresses, "-j", "DROP");
        }
    }

    /** No packet in or out, to the clients neither. */
    void unplug(String host) {
        iptables(host, "-I", "INPUT", "!", "-i", "lo", "-j", "DROP");
        iptables(host, "-I", "OUTPUT", "!", "-o", "lo", "-j", "DROP");
    }

    void plug(String host) {
        iptables(host, "-D", "INPUT", "!", "-i", "lo", "-j", "DROP");
        iptables(host, "-D", "OUTPUT", "!", "-o", "lo", "-j", "DROP");
    }

    /** Loses a share of the packets that come in. */
    void lose(String host, String probability, boolean begin) {
        iptables(
                host,
                begin ? "-I" : "-D",
                "INPUT",
                "!",
                "-i",
                "lo",
                "-m",
                "statistic",
                "--mode",
                "random",
                "--probability",
                probability,
                "-j",
                "DROP");
    }

    /** All processes of a host. */
    List<Long> processes(String host) {
        return run(List.of("ip", "netns", "pids", prefix + host))
                .lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .map(Long::valueOf)
                .toList();
    }

    /** The first process of a host whose command name begins so. */
    List<Long> processes(String host, String commandPrefix) {
        return processes(host).stream()
                .filter(pid -> read(pid, "comm").startsWith(commandPrefix))
                .toList();
    }

    /** Kills everything on a host, as if its power went. */
    void powerOff(String host) {
        for (int i = 0; i < SWEEPS; i++) {
            List<Long> left = processes(host);
            if (left.isEmpty()) {
                return;
            }
            left.forEach(pid -> signal("KILL", pid));
            pause();
        }
        throw new IllegalStateException(host + " can't be powered off: " + processes(host));
    }

    /** Stops everything on a host, as a hypervisor does. */
    void freeze(String host) {
        for (int i = 0; i < SWEEPS; i++) {
            List<Long> running =
                    processes(host).stream().filter(pid -> "RSD".contains(state(pid))).toList();
            if (running.isEmpty()) {
                return;
            }
            running.forEach(pid -> signal("STOP", pid));
            pause();
        }
        throw new IllegalStateException(host + " can't be frozen: " + processes(host));
    }

    void thaw(String host) {
        processes(host).forEach(pid -> signal("CONT", pid));
    }

    /** To one that has ended already does nothing. */
    static void signal(String signal, long pid) {
        try {
            Process kill =
                    new ProcessBuilder("kill", "-" + signal, Long.toString(pid))
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start();
            kill.waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A file of {@code /proc/PID}; empty for a process that has ended. */
    static String read(long pid, String file) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/" + file)).replace('\0', ' ');
        } catch (IOException _) {
            return "";
        }
    }

    private static String state(long pid) {
        String stat = read(pid, "stat");
        int end = stat.lastIndexOf(')');
        return end < 0 ? "gone" : stat.substring(end + 2, end + 3);
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(5);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void iptables(String host, String... arguments) {
        List<String> command = new ArrayList<>(inside(host));
        command.addAll(List.of("iptables", "-w"));
        command.addAll(Arrays.asList(arguments));
        run(command);
    }

    private List<String> inside(String host) {
        return List.of("nsenter", "--net=/run/netns/" + prefix + host);
    }

    private static String run(List<String> command) {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            process.getOutputStream().close();
            String output =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IllegalStateException(String.join(" ", command) + ": " + output);
            }
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }
}
