#!/bin/bash
# Installs what building and testing need, with apt, when something is missing. Quick when
# all is there. Debian 12 or later, as root.
#
#   tests/deps.sh           what building and testing need
#   tests/deps.sh demo      what building and the private host need, for the demo
#   tests/deps.sh bench     the first, with what is measured beside us
#   tests/deps.sh --list    print the package names of the first
set -eu

PACKAGES=(
    # building
    build-essential pkg-config libsystemd-dev libpam0g-dev libsqlite3-dev libyaml-dev
    libjansson-dev libssl-dev
    # sudo_plugin.h comes with sudo itself
    sudo
    # packages
    dpkg-dev debhelper
    # the private host
    mmdebstrap util-linux tar iproute2 jq
)
TESTS=(
    libcmocka-dev valgrind lintian
    # static checks
    clang clang-format clang-tidy cppcheck shellcheck mandoc git
)

case ${1:-} in
demo) ;;
bench) PACKAGES+=("${TESTS[@]}" libipa-hbac-dev) ;;
*) PACKAGES+=("${TESTS[@]}") ;;
esac

missing() {
    local package
    dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${PACKAGES[@]}" 2>/dev/null |
        awk '$2 == "installed" { print $1 }' >"$LIST"
    for package in "${PACKAGES[@]}"; do
        grep -qx "$package" "$LIST" || echo "$package"
    done
}

# What apt says is of interest only where it fails.
apt() {
    apt-get -q -y -o Dpkg::Use-Pty=0 "$@" </dev/null >"$LOG" 2>&1 || {
        cat "$LOG" >&2
        exit 1
    }
}

install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    apt update
    apt install --no-install-recommends "$@"
}

if [ "${1:-}" = --list ]; then
    printf '%s\n' "${PACKAGES[@]}"
    exit
fi
LIST=$(mktemp)
LOG=$(mktemp)
trap 'rm -f "$LIST" "$LOG"' EXIT
mapfile -t wanted < <(missing)
[ ${#wanted[@]} -gt 0 ] || exit 0
echo "deps: installing ${wanted[*]}" >&2
if [ "$(id -u)" != 0 ]; then
    echo "deps: not root; as root run: apt-get install ${wanted[*]}" >&2
    exit 1
fi
install_packages "${wanted[@]}"
