#!/bin/bash
# Makes the base image kumki-base:trixie out of Debian's own packages, for machines that reach a Debian mirror but no image
# registry. Needs root, debootstrap and a running Docker engine. compose/prepare takes it where debian:trixie-slim isn't had.
#   compose/offline-base.sh [MIRROR [SECURITY_MIRROR]]     those of this machine, else deb.debian.org
set -euo pipefail
suite=trixie
image=kumki-base:$suite

fail() {
    echo "offline-base: $*" >&2
    exit 1
}

[ "$(id -u)" = 0 ] || fail "debootstrap needs root: run it with sudo"
command -v debootstrap >/dev/null || fail "debootstrap is missing: apt-get install debootstrap"
docker info >/dev/null 2>&1 || fail "no Docker engine answers: start it (systemctl start docker, or dockerd)"
if docker image inspect "$image" >/dev/null 2>&1; then
    echo "offline-base: $image is there already"
    exit 0
fi
sources=/etc/apt/sources.list.d/debian.sources
# The first one that $1 fits in what this machine itself takes packages from; nothing where that is written down elsewhere.
mirror_here() {
    [ ! -e "$sources" ] || awk "/^URIs:/ && $1 { print \$2; exit }" "$sources"
}
mirror=${1:-$(mirror_here '!/security/')}
mirror=${mirror:-http://deb.debian.org/debian}
security=${2:-$(mirror_here /security/)}
security=${security:-http://deb.debian.org/debian-security}

root=$(mktemp -d /var/tmp/kumki-base.XXXXXX)
trap 'rm -rf --one-file-system "$root"' EXIT
debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" "$mirror" >"$root.log" 2>&1 \
    || fail "debootstrap $suite from $mirror failed; its output: $root.log"
rm -f "$root.log"
# The authorities this machine trusts on top of Debian's: behind a proxy with its own, Maven could fetch nothing without.
authorities=/usr/local/share/ca-certificates
[ ! -d "$authorities" ] || find "$authorities" -maxdepth 1 -name '*.crt' -exec cp -t "$root$authorities" {} +
chroot "$root" update-ca-certificates >"$root.log" 2>&1 || fail "the authorities can't be taken over: $(tail -n 5 "$root.log")"
rm -f "$root.log"
# As the registry's image has it: security updates and what was mended since the release.
printf 'deb %s main\n' "$mirror $suite" "$mirror $suite-updates" "$security $suite-security" >"$root/etc/apt/sources.list"
# A mirror that stands still for a while is no reason to stop.
echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/99valid-until"
# As slim as the registry's image debian:trixie-slim: no manuals, no translations, neither now nor with packages to come.
cat >"$root/etc/dpkg/dpkg.cfg.d/slim" <<'END'
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/man/*
END
find "$root/usr/share/doc" -type f ! -name copyright -delete
rm -rf "$root"/usr/share/{info,locale,man}/* "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/var/log/*
tar -C "$root" -c . | docker import -c 'CMD ["bash"]' - "$image" >/dev/null
echo "offline-base: $image made from $mirror and $security"
