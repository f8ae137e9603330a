#!/bin/bash
# The base tree of the private hosts: a minimal Debian with what a login server has. Made
# once by mmdebstrap, kept in the cache under a name that covers how it is made.
#
#   base.sh path      prints where the tree is, or will be
#   base.sh make      makes it if it is not there, and prints where it is
set -eu
HERE=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/host/proc.sh
. "$HERE/proc.sh"

SUITE=${ASSENT_HOST_SUITE:-bookworm}
PACKAGES=(
    # the host
    systemd systemd-sysv dbus libpam-systemd login passwd util-linux bsdutils procps iproute2
    # the doors
    openssh-server openssh-client sudo
    # what the assent packages depend on, so that installing them needs no network
    libsystemd0 libsqlite3-0 libyaml-0-2 libjansson4 libssl3 libpam0g libpam-runtime adduser
    # what the scenarios use
    expect strace rsync jq pamtester less nano bash-completion
)

path() {
    local hash
    hash=$({ declare -f build; echo "$SUITE ${PACKAGES[*]}"; } | sha256sum | cut -c1-12)
    echo "$CACHE/base-$hash"
}

# This machine's own Debian sources, so that whatever mirror it may reach is used; other
# vendors' lists are left out.
sources() {
    local file
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources; do
        if [ -s "$file" ]; then echo "$file"; fi
    done
}

build() {
    local tree=$1 include mirrors
    include=$(IFS=,; echo "${PACKAGES[*]}")
    mapfile -t mirrors < <(sources)
    mmdebstrap --mode=root --variant=minbase --quiet --include="$include" \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-include=/usr/share/man/man?/*assent*' \
        --dpkgopt='path-include=/usr/share/doc/*assent*' \
        "$SUITE" "$tree" "${mirrors[@]}" </dev/null >&2
}

# Trees of earlier versions that no host is using: a running host holds a shared lock.
remove_old() {
    local lock tree
    for lock in "$CACHE"/base-*.lock; do
        tree=${lock%.lock}
        if [ "$tree" = "$1" ] || [ ! -e "$lock" ]; then continue; fi
        if flock -n "$lock" rm -rf --one-file-system "$tree" "$tree.new"; then rm -f "$lock"; fi
    done
}

# Hosts that run hold the lock shared: a tree that is there must not need it.
make_tree() {
    local tree=$1
    [ -d "$tree" ] && return
    mkdir -p "$CACHE"
    exec 9>"$tree.lock"
    flock 9
    if [ ! -d "$tree" ]; then
        command -v mmdebstrap >/dev/null || die "mmdebstrap is missing (tests/deps.sh installs it)"
        echo "host: making the base tree $tree (once, about half a minute)" >&2
        rm -rf --one-file-system "$tree.new"
        build "$tree.new"
        mv "$tree.new" "$tree"
        remove_old "$tree"
    fi
    exec 9>&-
}

case ${1:-} in
path) path ;;
make)
    tree=$(path)
    make_tree "$tree"
    echo "$tree"
    ;;
*) die "usage: base.sh path|make" ;;
esac
