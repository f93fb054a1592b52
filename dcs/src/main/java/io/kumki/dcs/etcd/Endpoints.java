package io.kumki.dcs.etcd;

import io.etcd.jetcd.api.ResponseHeader;
import io.grpc.ManagedChannel;
import java.net.URI;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The known etcd servers and in which order to ask them: the one that answered last comes first.
 * Also keeps the guard against servers that lag behind the cluster. Store's context only.
 */
final class Endpoints {

    private static final Logger LOG = LoggerFactory.getLogger(Endpoints.class);

    private final List<URI> configured;
    private final Function<URI, ManagedChannel> connector;
    private final Map<URI, Endpoint> known = new LinkedHashMap<>();
    private List<Endpoint> order = new ArrayList<>();
    private long clusterId;
    private long highestTerm;

    Endpoints(List<URI> configured, Function<URI, ManagedChannel> connector) {
        this.configured =
                configured.stream()
                        .map(uri -> MemberUrls.parse(uri.toString()).orElse(uri))
                        .distinct()
                        .toList();
        this.connector = connector;
        use(this.configured);
    }

    /** All endpoints, the best first. */
    List<Endpoint> inOrder() {
        return List.copyOf(order);
    }

    Endpoint preferred() {
        return order.getFirst();
    }

    /** The endpoint answered: it is asked first from now on. */
    void answered(Endpoint endpoint) {
        endpoint.noteAnswer();
        if (order.getFirst() != endpoint && order.remove(endpoint)) {
            order.addFirst(endpoint);
        }
    }

    /** The endpoint didn't answer: it is asked last. */
    void failed(Endpoint endpoint) {
        if (order.remove(endpoint)) {
            order.addLast(endpoint);
        }
    }

    /**
     * Whether an answer is as new as what was seen before: a server with a lower raft term than the
     * cluster's is cut off from it. Another cluster id starts anew.
     */
    boolean upToDate(Endpoint endpoint, ResponseHeader header) {
        if (header.getClusterId() != clusterId) {
            if (clusterId != 0) {
                LOG.atWarn()
                        .addKeyValue("endpoint", endpoint)
                        .log("answer from another etcd cluster than before");
            }
            clusterId = header.getClusterId();
            highestTerm = header.getRaftTerm();
            return true;
        }
        if (header.getRaftTerm() < highestTerm) {
            return false;
        }
        highestTerm = header.getRaftTerm();
        return true;
    }

    /**
     * Takes over the client URLs that etcd's members advertise. The configured ones stay: what is
     * advertised may be of no use from here, such as localhost.
     */
    void discovered(Collection<String> advertised) {
        boolean local = configured.stream().allMatch(MemberUrls::isLoopback);
        List<URI> usable =
                advertised.stream()
                        .flatMap(text -> MemberUrls.parse(text).stream())
                        .filter(uri -> local || !MemberUrls.isLoopback(uri))
                        .collect(Collectors.toCollection(ArrayList::new));
        configured.stream().filter(uri -> !usable.contains(uri)).forEach(usable::add);
        use(usable.stream().distinct().toList());
    }

    private void use(List<URI> uris) {
        List<Endpoint> before = order;
        known.entrySet()
                .removeIf(entry -> {
                    boolean gone = !uris.contains(entry.getKey());
                    if (gone) {
                        entry.getValue().close();
                    }
                    return gone;
                });
        uris.forEach(uri -> known.computeIfAbsent(uri, it -> new Endpoint(it, connector)));
        List<Endpoint> now = new ArrayList<>(before);
        now.retainAll(known.values());
        known.values().stream().filter(endpoint -> !now.contains(endpoint)).forEach(now::add);
        order = now;
    }

    void close() {
        order.forEach(Endpoint::close);
    }

    @Override
    public String toString() {
        return order.stream().map(Endpoint::toString).collect(Collectors.joining(", "));
    }
}
