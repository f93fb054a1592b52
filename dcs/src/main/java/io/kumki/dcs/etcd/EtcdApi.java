package io.kumki.dcs.etcd;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.api.ClusterGrpc;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.LeaseGrantRequest;
import io.etcd.jetcd.api.LeaseGrantResponse;
import io.etcd.jetcd.api.LeaseGrpc;
import io.etcd.jetcd.api.LeaseKeepAliveRequest;
import io.etcd.jetcd.api.LeaseKeepAliveResponse;
import io.etcd.jetcd.api.MemberListRequest;
import io.etcd.jetcd.api.MemberListResponse;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import io.kumki.dcs.etcd.EtcdCalls.Method;
import java.nio.charset.StandardCharsets;

/** The few methods of etcd's API that we use, and how it forms keys. */
final class EtcdApi {

    static final Method<RangeRequest, RangeResponse> RANGE =
            new Method<>(KVGrpc.getRangeMethod(), RangeResponse::getHeader);
    static final Method<TxnRequest, TxnResponse> TXN =
            new Method<>(KVGrpc.getTxnMethod(), TxnResponse::getHeader);
    static final Method<LeaseGrantRequest, LeaseGrantResponse> GRANT =
            new Method<>(LeaseGrpc.getLeaseGrantMethod(), LeaseGrantResponse::getHeader);
    static final Method<LeaseKeepAliveRequest, LeaseKeepAliveResponse> KEEP_ALIVE =
            new Method<>(LeaseGrpc.getLeaseKeepAliveMethod(), LeaseKeepAliveResponse::getHeader);
    static final Method<MemberListRequest, MemberListResponse> MEMBERS =
            new Method<>(ClusterGrpc.getMemberListMethod(), MemberListResponse::getHeader);

    private EtcdApi() {}

    static ByteString bytes(String text) {
        return ByteString.copyFrom(text, StandardCharsets.UTF_8);
    }

    /** The end of the range of all keys that begin with {@code prefix}; it ends with a slash. */
    static ByteString endOf(String prefix) {
        return bytes(prefix.substring(0, prefix.length() - 1) + (char) ('/' + 1));
    }
}
