package io.kumki.dcs.etcd;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.Compare;
import io.etcd.jetcd.api.DeleteRangeRequest;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.PutRequest;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.TxnRequest;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * A write as one transaction: its condition, what it does, and how to tell from the key's present
 * state that an earlier try of the same write was applied.
 *
 * @param transaction reads the key back when the condition doesn't hold, as its last answer
 * @param key the key's name below the cluster's prefix, for people
 * @param repeatable whether the condition makes repetition harmless
 * @param doneBefore given the key's present state: it is what this write makes, and nobody else's
 *     write would make it so
 */
record Write(
        TxnRequest transaction,
        String key,
        boolean repeatable,
        Predicate<Optional<KeyValue>> doneBefore) {

    /** Puts a key whatever it holds; repeating that could overwrite somebody's later value. */
    static Write put(ClusterPath path, String key, String value, long leaseId) {
        return new Write(
                TxnRequest.newBuilder().addSuccess(putOp(path.key(key), value, leaseId)).build(),
                key,
                false,
                _ -> false);
    }

    /** Puts a key that must have this modification revision; 0 means that it must be absent. */
    static Write putAtRevision(ClusterPath path, String key, String value, long revision) {
        ByteString content = EtcdApi.bytes(value);
        return guarded(
                path,
                key,
                modRevisionIs(path.key(key), revision),
                putOp(path.key(key), value, 0),
                now -> now.filter(kv -> kv.getValue().equals(content)).isPresent());
    }

    /** Puts a key while the leader key names {@code leader}. */
    static Write putWhileLeader(ClusterPath path, String key, String value, String leader) {
        ByteString content = EtcdApi.bytes(value);
        return guarded(
                path,
                key,
                valueIs(path.key("leader"), leader),
                putOp(path.key(key), value, 0),
                now -> now.filter(kv -> kv.getValue().equals(content)).isPresent());
    }

    /** Puts a key that must be absent. */
    static Write create(
            ClusterPath path, String key, String value, long leaseId, Predicate<KeyValue> ours) {
        return guarded(
                path,
                key,
                createdAt(path.key(key), 0),
                putOp(path.key(key), value, leaseId),
                now -> now.filter(ours).isPresent());
    }

    /** Puts a key with another lease while it is the one created at this revision. */
    static Write moveInTerm(
            ClusterPath path, String key, String value, long createRevision, long leaseId) {
        return guarded(
                path,
                key,
                createdAt(path.key(key), createRevision),
                putOp(path.key(key), value, leaseId),
                now ->
                        now.filter(kv ->
                                        kv.getCreateRevision() == createRevision
                                                && kv.getLease() == leaseId)
                                .isPresent());
    }

    /** Deletes a key that must hold this value since this revision created it. */
    static Write deleteTerm(ClusterPath path, String key, String value, long createRevision) {
        return guarded(
                        path,
                        key,
                        valueIs(path.key(key), value),
                        deleteOp(path.key(key)),
                        Optional::isEmpty)
                .and(createdAt(path.key(key), createRevision));
    }

    /** Deletes a key that must have this modification revision. */
    static Write deleteAtRevision(ClusterPath path, String key, long revision) {
        return guarded(
                path,
                key,
                modRevisionIs(path.key(key), revision),
                deleteOp(path.key(key)),
                Optional::isEmpty);
    }

    /** Deletes a key whatever it holds. */
    static Write delete(ClusterPath path, String key) {
        return new Write(
                TxnRequest.newBuilder().addSuccess(deleteOp(path.key(key))).build(),
                key,
                false,
                _ -> false);
    }

    /** Deletes all keys of the cluster. */
    static Write deleteAll(ClusterPath path) {
        DeleteRangeRequest all =
                DeleteRangeRequest.newBuilder()
                        .setKey(EtcdApi.bytes(path.prefix()))
                        .setRangeEnd(EtcdApi.endOf(path.prefix()))
                        .build();
        return new Write(
                TxnRequest.newBuilder()
                        .addSuccess(RequestOp.newBuilder().setRequestDeleteRange(all))
                        .build(),
                "*",
                false,
                _ -> false);
    }

    /** The same, only if that key was not changed after this revision. */
    Write unlessNewer(String otherKey, long revision) {
        Compare seen =
                compare(otherKey)
                        .setTarget(Compare.CompareTarget.MOD)
                        .setResult(Compare.CompareResult.LESS)
                        .setModRevision(revision + 1)
                        .build();
        return and(seen);
    }

    private Write and(Compare condition) {
        return new Write(
                transaction.toBuilder().addCompare(condition).build(), key, repeatable, doneBefore);
    }

    private static Write guarded(
            ClusterPath path,
            String key,
            Compare condition,
            RequestOp action,
            Predicate<Optional<KeyValue>> doneBefore) {
        TxnRequest transaction =
                TxnRequest.newBuilder()
                        .addCompare(condition)
                        .addSuccess(action)
                        .addFailure(rangeOp(path.key(key)))
                        .build();
        return new Write(transaction, key, true, doneBefore);
    }

    private static Compare.Builder compare(String key) {
        return Compare.newBuilder()
                .setKey(EtcdApi.bytes(key))
                .setResult(Compare.CompareResult.EQUAL);
    }

    private static Compare valueIs(String key, String value) {
        return compare(key)
                .setTarget(Compare.CompareTarget.VALUE)
                .setValue(EtcdApi.bytes(value))
                .build();
    }

    /** 0: the key is absent. */
    private static Compare createdAt(String key, long revision) {
        return compare(key)
                .setTarget(Compare.CompareTarget.CREATE)
                .setCreateRevision(revision)
                .build();
    }

    private static Compare modRevisionIs(String key, long revision) {
        return compare(key).setTarget(Compare.CompareTarget.MOD).setModRevision(revision).build();
    }

    private static RequestOp putOp(String key, String value, long leaseId) {
        return RequestOp.newBuilder()
                .setRequestPut(
                        PutRequest.newBuilder()
                                .setKey(EtcdApi.bytes(key))
                                .setValue(EtcdApi.bytes(value))
                                .setLease(leaseId))
                .build();
    }

    private static RequestOp deleteOp(String key) {
        return RequestOp.newBuilder()
                .setRequestDeleteRange(DeleteRangeRequest.newBuilder().setKey(EtcdApi.bytes(key)))
                .build();
    }

    private static RequestOp rangeOp(String key) {
        return RequestOp.newBuilder()
                .setRequestRange(RangeRequest.newBuilder().setKey(EtcdApi.bytes(key)))
                .build();
    }
}
