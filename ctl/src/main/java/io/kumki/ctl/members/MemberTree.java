package io.kumki.ctl.members;

import io.kumki.dcs.cluster.ClusterView;
import io.kumki.dcs.cluster.MemberName;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Who streams from whom: the leader, under it its standbys, and so on.
 *
 * <p>A standby stands under the member that its tag {@code replicatefrom} names if that is another
 * standby, else under the leader. Members in a loop hang on nobody and are not shown.
 */
final class MemberTree {

    /**
     * A line of the tree.
     *
     * @param depth 0 for the leader
     */
    record Node(MemberRow row, int depth) {
        String indented() {
            return depth == 0 ? row.name() : "  ".repeat(depth - 1) + "+ " + row.name();
        }
    }

    private MemberTree() {}

    static List<Node> of(List<MemberRow> rows, ClusterView view) {
        Optional<String> leader = view.leader().map(MemberName::value);
        SortedMap<String, MemberRow> standbys = new TreeMap<>();
        List<Node> nodes = new ArrayList<>();
        for (MemberRow row : rows) {
            if (leader.equals(Optional.of(row.name()))) {
                nodes.add(new Node(row, 0));
            } else {
                standbys.put(row.name(), row);
            }
        }
        Map<String, List<MemberRow>> children = new TreeMap<>();
        List<MemberRow> underLeader = new ArrayList<>();
        for (MemberRow row : standbys.values()) {
            String upstream = row.member().tags().replicatefrom().map(MemberName::value).orElse("");
            if (standbys.containsKey(upstream) && !upstream.equals(row.name())) {
                children.computeIfAbsent(upstream, _ -> new ArrayList<>()).add(row);
            } else {
                underLeader.add(row);
            }
        }
        underLeader.forEach(row -> add(row, 1, children, nodes));
        return nodes;
    }

    private static void add(
            MemberRow row, int depth, Map<String, List<MemberRow>> children, List<Node> nodes) {
        nodes.add(new Node(row, depth));
        for (MemberRow child : children.getOrDefault(row.name(), List.of())) {
            add(child, depth + 1, children, nodes);
        }
    }
}
