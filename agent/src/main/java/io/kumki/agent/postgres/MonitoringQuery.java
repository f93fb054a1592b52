package io.kumki.agent.postgres;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.kumki.agent.ha.LocalServer.Answer;
import io.kumki.agent.ha.LocalServer.Receiver;
import io.kumki.agent.ha.LocalServer.Sender;
import io.kumki.agent.ha.LocalServer.ServerInfo;
import io.kumki.agent.ha.LocalServer.Slot;
import io.kumki.agent.ha.LocalServer.SyncSetting;
import io.kumki.dcs.cluster.Lsn;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The one query of each turn, and how its row reads. Positions come as bytes, sets as JSON. */
final class MonitoringQuery {

    private static final ObjectMapper JSON = new ObjectMapper();

    private static final String TIME = "'YYYY-MM-DD HH24:MI:SS.USTZH:TZM'";

    private final String sql;

    /**
     * @param major 12 or later
     */
    MonitoringQuery(int major) {
        String written = major >= 13 ? "written_lsn" : "received_lsn";
        String wal = major >= 13 ? ", 'wal_status', wal_status" : "";
        // what PostgreSQL synchronises itself isn't ours, except what keeps it from doing so
        String failover =
                major >= 17
                        ? " AND (NOT failover OR r.recovery AND NOT synced"
                                + " AND current_setting('sync_replication_slots')::boolean)"
                        : "";
        String leftover =
                major >= 17
                        ? ", 'leftover', r.recovery AND slot_type = 'logical' AND NOT synced"
                                + " AND current_setting('sync_replication_slots')::boolean"
                        : "";
        this.sql =
                """
                SELECT r.recovery,
                  CASE WHEN r.recovery THEN 0
                    ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END AS timeline,
                  CASE WHEN NOT r.recovery THEN pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0') END AS flushed,
                  pg_wal_lsn_diff(pg_last_wal_receive_lsn(), '0/0') AS received,
                  pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0') AS replayed,
                  to_char(pg_last_xact_replay_timestamp(), %1$s) AS replay_time,
                  CASE WHEN r.recovery THEN pg_is_wal_replay_paused() ELSE false END AS paused,
                  to_char(pg_postmaster_start_time(), %1$s) AS started,
                  current_setting('server_version_num')::int AS version,
                  CASE WHEN NOT r.recovery THEN (SELECT to_char(backend_start, %1$s) FROM pg_stat_activity
                     WHERE backend_type = 'checkpointer') END AS memory_start,
                  CASE WHEN r.recovery THEN current_setting('restore_command') END AS restore_command,
                  r.recovery AND current_setting('recovery_min_apply_delay') <> '0' AS delayed,
                  CASE WHEN r.recovery THEN current_setting('primary_conninfo') END AS set_conninfo,
                  CASE WHEN r.recovery THEN current_setting('primary_slot_name') END AS set_slot,
                  current_setting('synchronous_standby_names') AS sync_names,
                  CASE WHEN NOT r.recovery AND current_setting('synchronous_standby_names') <> '' THEN
                    (SELECT wait_event IN ('CheckpointerMain', 'CheckpointWriteDelay') FROM pg_stat_activity
                     WHERE backend_type = 'checkpointer') END AS checkpointer_idle,
                  w.status AS receiver_status,
                  CASE WHEN w.latest_end_lsn IS NOT NULL THEN w.received_tli END AS receiver_timeline,
                  pg_wal_lsn_diff(w.%2$s, '0/0') AS receiver_written,
                  pg_wal_lsn_diff(w.latest_end_lsn, '0/0') AS receiver_end,
                  w.slot_name AS receiver_slot, w.conninfo AS receiver_conninfo,
                  extract(epoch FROM w.last_msg_receipt_time - w.last_msg_send_time) AS clock_ahead,
                  (SELECT json_agg(json_build_object('slot_name', slot_name, 'slot_type', slot_type,
                     'database', database, 'plugin', plugin,
                     'active', active, 'restart', pg_wal_lsn_diff(restart_lsn, '0/0'),
                     'confirmed', pg_wal_lsn_diff(confirmed_flush_lsn, '0/0'), 'xmin', xmin IS NOT NULL OR slot_type = 'physical' AND catalog_xmin IS NOT NULL%3$s))
                     FROM pg_replication_slots WHERE NOT temporary%4$s) AS slots,
                  (SELECT json_agg(json_build_object('usename', usename, 'application_name', application_name,
                     'client_addr', host(client_addr), 'state', state, 'sync_state', sync_state,
                     'sync_priority', sync_priority, 'write', pg_wal_lsn_diff(write_lsn, '0/0'),
                     'flush', pg_wal_lsn_diff(flush_lsn, '0/0'), 'replay', pg_wal_lsn_diff(replay_lsn, '0/0'),
                     'slot', (SELECT slot_name FROM pg_replication_slots WHERE active_pid = pid LIMIT 1)))
                     FROM pg_stat_replication) AS senders
                FROM (SELECT pg_is_in_recovery() AS recovery) r
                  LEFT JOIN pg_stat_get_wal_receiver() w ON w.pid IS NOT NULL
                """
                        .formatted(TIME, written, wal + leftover, failover);
    }

    /**
     * What the server said, and what {@link FollowState} must remember of it.
     *
     * @param setConninfo {@code primary_conninfo} in force; empty on a primary
     * @param setSlot {@code primary_slot_name} in force
     * @param receiverConninfo the WAL receiver's connection string, empty if none runs
     * @param clockAhead how far this machine's clock is ahead of the sender's; empty if unknown
     */
    record Reading(
            Answer answer,
            String setConninfo,
            String setSlot,
            Optional<String> receiverConninfo,
            Optional<Duration> clockAhead) {}

    /**
     * @param fallbackTimeline the timeline of a standby whose WAL receiver doesn't know it
     */
    Reading read(Connection connection, int fallbackTimeline) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql);
                ResultSet row = statement.executeQuery()) {
            if (!row.next()) {
                throw new SQLException("the monitoring query gave no row");
            }
            return reading(row, fallbackTimeline);
        }
    }

    private static Reading reading(ResultSet row, int fallbackTimeline) throws SQLException {
        ServerInfo info =
                new ServerInfo(
                        text(row, "started"),
                        row.getInt("version"),
                        senders(row.getString("senders")),
                        new SyncSetting(
                                text(row, "sync_names"), row.getBoolean("checkpointer_idle")),
                        text(row, "memory_start"));
        List<Slot> slots = slots(row.getString("slots"));
        if (!row.getBoolean("recovery")) {
            return new Reading(
                    new Answer.Primary(info, row.getInt("timeline"), lsn(row, "flushed"), slots),
                    "",
                    "",
                    Optional.empty(),
                    Optional.empty());
        }
        Optional<String> receiverConninfo = Optional.ofNullable(row.getString("receiver_conninfo"));
        int receiverTimeline = row.getInt("receiver_timeline");
        Answer standby =
                new Answer.Standby(
                        info,
                        receiverTimeline > 0 ? receiverTimeline : fallbackTimeline,
                        lsn(row, "received").max(lsn(row, "receiver_written")),
                        lsn(row, "replayed"),
                        Optional.ofNullable(row.getString("replay_time")),
                        row.getBoolean("paused"),
                        receiver(row, receiverConninfo),
                        !text(row, "restore_command").isEmpty(),
                        row.getBoolean("delayed"),
                        slots);
        return new Reading(
                standby,
                text(row, "set_conninfo"),
                text(row, "set_slot"),
                receiverConninfo,
                clockAhead(row));
    }

    private static Optional<Duration> clockAhead(ResultSet row) throws SQLException {
        double seconds = row.getDouble("clock_ahead");
        return row.wasNull() ? Optional.empty() : Optional.of(Duration.ofSeconds((long) seconds));
    }

    private static Optional<Receiver> receiver(ResultSet row, Optional<String> conninfo)
            throws SQLException {
        String status = row.getString("receiver_status");
        if (status == null) {
            return Optional.empty();
        }
        ConnInfo connection = conninfo.map(MonitoringQuery::lenient).orElse(ConnInfo.EMPTY);
        String port = connection.get("port").orElse("");
        return Optional.of(
                new Receiver(
                        status,
                        connection.get("host").orElse(""),
                        port.matches("\\d{1,5}") ? Integer.parseInt(port) : 0,
                        text(row, "receiver_slot"),
                        lsn(row, "receiver_end")));
    }

    /** A connection string that isn't ours may have any form: then nothing is known of it. */
    static ConnInfo lenient(String text) {
        try {
            return ConnInfo.parse(text);
        } catch (IllegalArgumentException e) {
            return ConnInfo.EMPTY;
        }
    }

    private static List<Slot> slots(@Nullable String json) throws SQLException {
        List<Slot> slots = new ArrayList<>();
        for (JsonNode slot : rows(json)) {
            slots.add(
                    new Slot(
                            slot.path("slot_name").asText(),
                            slot.path("slot_type").asText().equals("logical"),
                            slot.path("database").asText(""),
                            slot.path("plugin").asText(""),
                            slot.path("active").asBoolean(),
                            new Lsn(slot.path("restart").asLong(0)),
                            new Lsn(slot.path("confirmed").asLong(0)),
                            slot.path("xmin").asBoolean(),
                            slot.path("wal_status").asText(""),
                            slot.path("leftover").asBoolean()));
        }
        return slots;
    }

    private static List<Sender> senders(@Nullable String json) throws SQLException {
        List<Sender> senders = new ArrayList<>();
        for (JsonNode sender : rows(json)) {
            String address = sender.path("client_addr").asText("");
            senders.add(
                    new Sender(
                            sender.path("usename").asText(""),
                            sender.path("application_name").asText(""),
                            sender.path("client_addr").isTextual()
                                    ? Optional.of(address)
                                    : Optional.empty(),
                            sender.path("state").asText(""),
                            sender.path("sync_state").asText(""),
                            sender.path("sync_priority").asInt(0),
                            new Lsn(sender.path("write").asLong(0)),
                            new Lsn(sender.path("flush").asLong(0)),
                            new Lsn(sender.path("replay").asLong(0)),
                            sender.path("slot").asText("")));
        }
        return senders;
    }

    private static Iterable<JsonNode> rows(@Nullable String json) throws SQLException {
        if (json == null) {
            return List.of();
        }
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new SQLException("the monitoring query gave broken JSON", e);
        }
    }

    private static String text(ResultSet row, String column) throws SQLException {
        String value = row.getString(column);
        return value == null ? "" : value;
    }

    private static Lsn lsn(ResultSet row, String column) throws SQLException {
        return new Lsn(row.getLong(column));
    }
}
