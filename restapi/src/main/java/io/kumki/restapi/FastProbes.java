package io.kumki.restapi;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Answers probes before the HTTP layer: pollers send the same bytes again and again, and what they
 * get is the same bytes for a while too. That costs a third of the processor time.
 *
 * <ol>
 *   <li>What was read is compared with this connection's last request; if it's another one, it must
 *       be a {@link ProbeRequest} as a whole, nothing before and nothing after.
 *   <li>The answer is made as for every request, from this moment's snapshot and clock; only its
 *       bytes are prepared.
 *   <li>Anything else, be it once, is left to the HTTP layer together with all that follows on the
 *       connection. That layer has then seen nothing before, and this one sees nothing after: there
 *       is no request of which each has a part, and no answer that overtakes another.
 * </ol>
 *
 * <p>One for each connection, on the listener's event loop.
 */
final class FastProbes extends ChannelInboundHandlerAdapter {

    /** Pollers' requests are shorter; so much is kept for each connection. */
    static final int LONGEST = 512;

    private final Dispatcher dispatcher;
    private final Connections connections;
    private final NodeView view;
    private final RestMeter meter;
    private ByteBuf lastBytes = Unpooled.EMPTY_BUFFER;
    private @Nullable LongFunction<Future<Answer>> lastAnswers;
    private boolean waiting;

    FastProbes(Dispatcher dispatcher, Connections connections, NodeView view, RestMeter meter) {
        this.dispatcher = dispatcher;
        this.connections = connections;
        this.view = view;
        this.meter = meter;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (waiting) {
            // nothing is read while an answer is waited for; whoever gets here sent too much
            ReferenceCountUtil.release(message);
            ServerSocketGrip.cut(context.channel());
            return;
        }
        long nowNanos = view.nowNanos();
        Future<Answer> answer = message instanceof ByteBuf bytes ? answer(bytes, nowNanos) : null;
        if (answer == null) {
            leave(context, message);
        } else if (answer.isComplete()) {
            answered(context, message, answer, nowNanos);
        } else {
            await(context, message, answer, nowNanos);
        }
    }

    /** Null if it's not for here. */
    private @Nullable Future<Answer> answer(ByteBuf bytes, long nowNanos) {
        LongFunction<Future<Answer>> answers = recognized(bytes);
        if (answers == null || dispatcher.logsRequests()) {
            return null;
        }
        try {
            return answers.apply(nowNanos);
        } catch (RuntimeException e) {
            return Future.failedFuture(e); // fails once more on its usual way, which tells of it
        }
    }

    private @Nullable LongFunction<Future<Answer>> recognized(ByteBuf bytes) {
        if (!bytes.equals(lastBytes)) {
            if (bytes.readableBytes() > LONGEST) {
                return null;
            }
            byte[] copy = new byte[bytes.readableBytes()];
            bytes.getBytes(bytes.readerIndex(), copy);
            lastAnswers = ProbeRequest.recognize(copy).map(dispatcher::answers).orElse(null);
            lastBytes = Unpooled.wrappedBuffer(copy);
        }
        return lastAnswers;
    }

    private void answered(
            ChannelHandlerContext context,
            Object message,
            AsyncResult<Answer> answer,
            long nowNanos) {
        if (answer.succeeded()
                && answer.result() instanceof Answer.Document document
                && connections.answered(context.channel(), nowNanos)) {
            ReferenceCountUtil.release(message);
            meter.answeredPrepared();
            ChannelFuture _ = context.writeAndFlush(dispatcher.bytes(document).retainedDuplicate());
            readWhileTaken(context.channel());
        } else {
            leave(context, message);
        }
    }

    /** Who takes no answers gets none: what it sends stays in the socket. */
    private static void readWhileTaken(Channel channel) {
        if (!channel.isWritable()) {
            channel.config().setAutoRead(false);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (context.channel().isWritable() && !waiting) {
            context.channel().config().setAutoRead(true);
        }
        context.fireChannelWritabilityChanged();
    }

    /** The server is being looked at, on another thread. */
    private void await(
            ChannelHandlerContext context, Object message, Future<Answer> answer, long nowNanos) {
        waiting = true;
        context.channel().config().setAutoRead(false);
        connections.reading(context.channel(), nowNanos);
        answer.onComplete(result ->
                context.executor()
                        .execute(() -> {
                            waiting = false;
                            answered(context, message, result, view.nowNanos());
                            if (context.channel().isWritable()) {
                                context.channel().config().setAutoRead(true);
                            }
                        }));
    }

    /** For good. */
    private void leave(ChannelHandlerContext context, Object message) {
        if (context.isRemoved()) { // closed while it was waited for
            ReferenceCountUtil.release(message);
            return;
        }
        context.channel().config().setAutoRead(true);
        context.pipeline().remove(this);
        context.fireChannelRead(message);
        context.fireChannelReadComplete();
    }

    /** The HTTP layer has read nothing. */
    @Override
    public void channelReadComplete(ChannelHandlerContext context) {}
}
