#!/bin/bash
# Installs what building and testing need, with apt, when something is missing. Quick when
# all is there. Debian 12 or later, as root.
#
#   tests/deps.sh           install what is missing
#   tests/deps.sh bench     the same with what is measured beside us
#   tests/deps.sh --list    print the package names
set -eu

PACKAGES=(
    # building
    build-essential pkg-config libsystemd-dev libpam0g-dev libsqlite3-dev libyaml-dev
    libjansson-dev libssl-dev
    # sudo_plugin.h comes with sudo itself
    sudo
    # packages
    dpkg-dev debhelper lintian
    # tests
    libcmocka-dev valgrind
    # the private host
    mmdebstrap util-linux tar iproute2 jq
    # static checks
    clang clang-format clang-tidy cppcheck shellcheck mandoc git
)

if [ "${1:-}" = bench ]; then
    PACKAGES+=(libipa-hbac-dev)
fi

missing() {
    local package
    dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${PACKAGES[@]}" 2>/dev/null |
        awk '$2 == "installed" { print $1 }' >"$LIST"
    for package in "${PACKAGES[@]}"; do
        grep -qx "$package" "$LIST" || echo "$package"
    done
}

install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -q >&2
    apt-get install -q -y --no-install-recommends "$@" </dev/null >&2
}

if [ "${1:-}" = --list ]; then
    printf '%s\n' "${PACKAGES[@]}"
    exit
fi
LIST=$(mktemp)
trap 'rm -f "$LIST"' EXIT
mapfile -t wanted < <(missing)
[ ${#wanted[@]} -gt 0 ] || exit 0
echo "deps: installing ${wanted[*]}" >&2
if [ "$(id -u)" != 0 ]; then
    echo "deps: not root; as root run: apt-get install ${wanted[*]}" >&2
    exit 1
fi
install_packages "${wanted[@]}"
