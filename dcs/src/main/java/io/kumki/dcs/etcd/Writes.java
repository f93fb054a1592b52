package io.kumki.dcs.etcd;

import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.ResponseOp;
import io.etcd.jetcd.api.TxnResponse;
import io.kumki.dcs.WriteOutcome;
import io.kumki.dcs.etcd.EtcdCalls.Answered;
import io.kumki.dcs.etcd.EtcdCalls.Repeat;
import io.vertx.core.Future;
import java.util.Optional;

/**
 * Carries out writes and says what became of them. A repeatable write whose answer was lost is
 * repeated: that reads the key back, and either applies it or shows whether the lost try was
 * applied. Store's context only.
 */
final class Writes {

    private final EtcdCalls calls;

    Writes(EtcdCalls calls) {
        this.calls = calls;
    }

    /** Never fails. */
    Future<WriteOutcome> perform(Write write, long deadlineNanos) {
        Repeat repeat = write.repeatable() ? Repeat.FREELY : Repeat.ONCE;
        return calls.call(EtcdApi.TXN, write.transaction(), repeat, deadlineNanos)
                .map(answer -> outcome(write, answer))
                .otherwise(Writes::outcome);
    }

    private static WriteOutcome outcome(Write write, Answered<TxnResponse> answered) {
        TxnResponse answer = answered.message();
        if (answer.getSucceeded() || nested(answer).map(TxnResponse::getSucceeded).orElse(false)) {
            return new WriteOutcome.Applied(answer.getHeader().getRevision());
        }
        Optional<KeyValue> now = readBack(nested(answer).orElse(answer));
        if (!answered.inDoubtBefore()) {
            return new WriteOutcome.Rejected(refusal(write, now));
        }
        return write.doneBefore().test(now)
                ? new WriteOutcome.Applied(
                        now.map(KeyValue::getModRevision).orElse(answer.getHeader().getRevision()))
                : new WriteOutcome.Unknown(
                        "the answer to the first try was lost; now " + refusal(write, now));
    }

    private static WriteOutcome outcome(Throwable failure) {
        if (failure instanceof EtcdCallException known
                && known.trouble().kind() == Trouble.Kind.REFUSED) {
            return new WriteOutcome.Rejected(
                    known.trouble().leaseNotFound()
                            ? WriteOutcome.Rejected.LEASE_NOT_FOUND
                            : EtcdCalls.text(failure));
        }
        return new WriteOutcome.Unknown(EtcdCalls.text(failure));
    }

    /** The answer of the transaction inside the failure branch, if there is one. */
    private static Optional<TxnResponse> nested(TxnResponse answer) {
        return answer.getResponsesList().stream()
                .filter(ResponseOp::hasResponseTxn)
                .map(ResponseOp::getResponseTxn)
                .findFirst();
    }

    private static Optional<KeyValue> readBack(TxnResponse answer) {
        return answer.getResponsesList().stream()
                .filter(ResponseOp::hasResponseRange)
                .map(ResponseOp::getResponseRange)
                .map(RangeResponse::getKvsList)
                .flatMap(java.util.List::stream)
                .findFirst();
    }

    private static String refusal(Write write, Optional<KeyValue> now) {
        return now.map(kv ->
                        "key %s holds \"%s\" at revision %d"
                                .formatted(
                                        write.key(),
                                        shortened(kv.getValue().toStringUtf8()),
                                        kv.getModRevision()))
                .orElse("key " + write.key() + " is absent");
    }

    private static String shortened(String text) {
        return text.length() <= 60 ? text : text.substring(0, 60) + "…";
    }
}
