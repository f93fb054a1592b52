package io.kumki.restapi;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A set of IP networks. */
record Networks(List<Network> networks) {

    private static final Logger LOG = LoggerFactory.getLogger(Networks.class);

    static final Networks NONE = new Networks(List.of());

    Networks {
        networks = List.copyOf(networks);
    }

    /** The first {@code prefix} bits of {@code address}. */
    record Network(InetAddress address, int prefix) {

        boolean contains(InetAddress other) {
            byte[] mine = address.getAddress();
            byte[] theirs = other.getAddress();
            if (mine.length != theirs.length) {
                return false;
            }
            for (int bit = 0; bit < prefix; bit += 8) {
                int mask = bit + 8 <= prefix ? 0xFF : 0xFF << (8 - (prefix - bit)) & 0xFF;
                if (((mine[bit / 8] ^ theirs[bit / 8]) & mask) != 0) {
                    return false;
                }
            }
            return true;
        }
    }

    /**
     * Resolves the allowlist's entries; blocks on name resolution. What can't be understood or
     * resolved is logged and left out: a list of which nothing is left lets nobody in.
     */
    static Networks resolve(List<String> entries) {
        List<Network> networks = new ArrayList<>();
        for (String entry : entries) {
            try {
                int slash = entry.indexOf('/');
                if (slash >= 0) {
                    networks.add(network(entry.substring(0, slash), entry.substring(slash + 1)));
                } else {
                    networks.addAll(hosts(entry));
                }
            } catch (UnknownHostException | IllegalArgumentException e) {
                LOG.atError()
                        .addKeyValue("entry", entry)
                        .addKeyValue("error", e.getMessage())
                        .log("restapi.allowlist entry left out: no network, address or known host");
            }
        }
        return new Networks(networks);
    }

    /** All addresses of a host; blocks on name resolution. */
    static List<Network> hosts(String host) throws UnknownHostException {
        List<Network> networks = new ArrayList<>();
        for (InetAddress address : InetAddress.getAllByName(host)) {
            networks.add(new Network(address, address.getAddress().length * 8));
        }
        return networks;
    }

    boolean contains(InetAddress address) {
        return networks.stream().anyMatch(network -> network.contains(address));
    }

    private static Network network(String address, String prefix) {
        InetAddress base = InetAddress.ofLiteral(address);
        int bits = Integer.parseInt(prefix);
        if (bits < 0 || bits > base.getAddress().length * 8) {
            throw new IllegalArgumentException("prefix length out of range: " + prefix);
        }
        return new Network(base, bits);
    }
}
