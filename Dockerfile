# The image: agent, kumkictl and PostgreSQL on Debian trixie. Built from Debian's packages and Maven's artefacts alone; where
# no image registry is reached, compose/offline-base.sh makes the base first. Plain Dockerfile syntax on purpose (no
# heredocs, mounts or links), so that old builders read it. docs/container.md says how to use it.
ARG BASE=debian:trixie-slim

# A wrong pair of base and version is told before anything is built. It needs a JDK 25 and the version among BASE's packages:
# debian:trixie-slim with 17, debian:forky-slim with 18.
FROM ${BASE} AS base
ARG PG_MAJOR=17
RUN set -eu; \
    apt-get -qq update; \
    for package in "postgresql-$PG_MAJOR" openjdk-25-jdk-headless; do \
        if [ -z "$(apt-cache show "$package" 2>/dev/null)" ]; then \
            echo "ERROR: this base image ($(. /etc/os-release; echo "$PRETTY_NAME")) has no package $package. PG_MAJOR=$PG_MAJOR needs another BASE:" \
                "debian:trixie-slim has PostgreSQL 17, debian:forky-slim 18, both with JDK 25; see docs/container.md" >&2; \
            exit 1; \
        fi; \
    done; \
    apt-get clean; \
    rm -rf /var/lib/apt/lists/*

FROM base AS build
# Whose images these are: tools/run-containers clears away old ones of its own.
ARG STAGE=build
LABEL io.kumki.stage=$STAGE
# The packages' alternatives want the manuals' directories, which a slim base lacks.
RUN set -eux; \
    mkdir -p /usr/share/man/man1; \
    apt-get update; \
    apt-get install -y --no-install-recommends openjdk-25-jdk-headless ca-certificates-java; \
    apt-get clean; \
    rm -rf /var/lib/apt/lists/*
# A Java of only the modules we need: a tenth of the package's size. Its path says 25, so that lib/find-java finds it.
RUN set -eux; \
    jdk=$(echo /usr/lib/jvm/java-25-openjdk-*); \
    "$jdk/bin/jlink" --output /opt/java-25 --strip-java-debug-attributes --no-header-files --no-man-pages \
        --compress zip-0 --generate-cds-archive --add-modules \
        java.base,java.logging,java.management,java.naming,java.net.http,java.security.jgss,java.security.sasl,java.sql,java.transaction.xa,java.xml,jdk.management,jdk.naming.dns,jdk.unsupported; \
    ln -s "$jdk" /opt/jdk
ENV JAVA_HOME=/opt/jdk
# A distribution that was made before (tools/make-distribution), its place in the context: for CI, which has just tested its jars.
# Without one, Maven makes it here.
ARG DISTRIBUTION=
RUN set -eux; \
    if [ -z "$DISTRIBUTION" ]; then \
        apt-get update; \
        apt-get install -y --no-install-recommends maven gcc libc6-dev; \
        apt-get clean; \
        rm -rf /var/lib/apt/lists/*; \
    fi
WORKDIR /src
# First the poms alone: the artefacts they fetch stay in a layer that a change of a source leaves alone.
COPY .mvn .mvn
COPY pom.xml ./
COPY dcs/pom.xml dcs/
COPY restapi/pom.xml restapi/
COPY agent/pom.xml agent/
COPY ctl/pom.xml ctl/
COPY image/pom.xml image/
RUN [ -n "$DISTRIBUTION" ] || mvn -B -ntp -q -Dquick -DskipTests -Pdistribution -Ddistribution.lib=/tmp/lib -pl agent,ctl -am package
COPY . .
# The class archives name path, size and time of each jar: they are made where the jars will be, with the Java that will
# run them, and all jars get one time, so that a layer taken from the cache still fits.
RUN set -eux; \
    [ -n "$DISTRIBUTION" ] || MVN_ARGS=-Dquick KUMKI_CLASS_ARCHIVES=no tools/make-distribution; \
    cp -r "${DISTRIBUTION:-target/kumki}" /opt/kumki; \
    find /opt/kumki -exec touch -d 2026-01-01T00:00:00Z {} +; \
    JAVA_HOME=/opt/java-25 /opt/kumki/lib/make-class-archives; \
    mkdir -p /opt/own/lib /opt/own/bin; \
    mv /opt/kumki/lib/kumki* /opt/own/lib/; \
    mv /opt/kumki/bin/* /opt/own/bin/

FROM base
ARG PG_MAJOR=17
ARG POSTGRES_UID=999
ARG POSTGRES_GID=999
# The user comes before the package, which would take the next free number. The package would also create a cluster.
RUN set -eux; \
    groupadd --system --gid "$POSTGRES_GID" postgres; \
    useradd --system --uid "$POSTGRES_UID" --gid postgres --home-dir /var/lib/postgresql --shell /bin/bash postgres; \
    mkdir -p /etc/postgresql-common /usr/share/man/man1 /usr/share/man/man7; \
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf; \
    apt-get update; \
    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "postgresql-$PG_MAJOR" tini; \
    apt-get clean; \
    rm -rf /var/lib/apt/lists/* /var/log/*.log /var/log/apt/* /var/cache/debconf/*-old; \
    rm -rf /var/lib/postgresql; \
    install -d -o postgres -g postgres -m 0700 /var/lib/postgresql
COPY --from=build /opt/java-25 /opt/java-25
COPY --from=build /opt/kumki /opt/kumki
COPY packaging/image/kumki.yml /etc/kumki/kumki.yml
COPY packaging/image/entrypoint /opt/kumki/image/
COPY --from=build /opt/own /opt/kumki
RUN ln -s /opt/kumki/bin/kumki /opt/kumki/bin/kumkictl /usr/local/bin/
ENV PATH=/usr/local/bin:/usr/lib/postgresql/${PG_MAJOR}/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    JAVA_HOME=/opt/java-25 \
    LANG=C.UTF-8 \
    PATRONICTL_CONFIG_FILE=/etc/kumki/kumki.yml \
    KUMKI_IMAGE_BIN_DIR=/usr/lib/postgresql/${PG_MAJOR}/bin
LABEL org.opencontainers.image.title="Kumki" \
      org.opencontainers.image.description="PostgreSQL with a high-availability agent" \
      org.opencontainers.image.licenses="Apache-2.0"
USER postgres
VOLUME /var/lib/postgresql
EXPOSE 5432 8008
STOPSIGNAL SIGTERM
# Until its first success a failure says nothing: a first copy of the leader may take hours, and is no illness.
HEALTHCHECK --interval=5s --timeout=3s --start-period=24h --retries=3 CMD ["kumki", "healthcheck", "postgresql"]
ENTRYPOINT ["/usr/bin/tini", "--", "/opt/kumki/image/entrypoint"]
CMD ["kumki", "/etc/kumki/kumki.yml"]
