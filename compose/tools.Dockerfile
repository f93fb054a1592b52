# etcd and HAProxy for the compose clusters, and iptables to cut a node's network (compose/README.md). From Debian's packages, so
# that they run where no image registry is reached too.
ARG BASE=debian:trixie-slim
FROM ${BASE}
RUN set -eux; \
    apt-get update; \
    apt-get install -y --no-install-recommends etcd-server etcd-client haproxy iptables tini; \
    apt-get clean; \
    rm -rf /var/lib/apt/lists/*; \
    install -d -o etcd -g etcd -m 0700 /var/lib/etcd
ENV ETCDCTL_API=3
ENTRYPOINT ["/usr/bin/tini", "--"]
