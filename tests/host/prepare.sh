#!/bin/bash
# Makes the layer that test hosts start from: test users with keys, sudo rules and, when given,
# packages installed. Kept in the cache under a name that covers all of it, so that only the
# first run after a change pays for it.
#
#   prepare.sh [DEB...]      prints the path of the layer
#
# Users (each can ssh to 127.0.0.1 with a key of their own; their password is their name):
#   alice bob      sudo anything without a password
#   erin           sudo anything with a password
#   dave           sudo only /usr/bin/id, with a password
#   carol          no sudo; carol-adm is her second account, sudo without a password
#   testadmin      no sudo; in the rescue group
set -eu
HERE=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/host/proc.sh
. "$HERE/proc.sh"

layer_path() {
    local hash
    hash=$({ "$HERE/base.sh" path; cat "$0" "$@"; } | sha256sum | cut -c1-12)
    echo "$CACHE/layer-$hash.tar"
}

# Runs inside.
make_users() {
    local user
    for user in alice bob carol carol-adm dave erin testadmin; do
        useradd --create-home --shell /bin/bash "$user"
        echo "$user:$user" | chpasswd
        install -d -m 700 -o "$user" -g "$user" "/home/$user/.ssh"
        ssh-keygen -q -t ed25519 -N '' -C "$user" -f "/home/$user/.ssh/id_ed25519"
        cp "/home/$user/.ssh/id_ed25519.pub" "/home/$user/.ssh/authorized_keys"
        chown -R "$user:$user" "/home/$user/.ssh"
    done
    groupadd oncall
    usermod -a -G oncall alice
}

make_sudoers() {
    cat >/etc/sudoers.d/50-test <<'X'
alice, bob, carol-adm ALL=(ALL:ALL) NOPASSWD: ALL
erin ALL=(ALL:ALL) ALL
dave ALL=(ALL:ALL) /usr/bin/id
Defaults !fqdn
X
    chmod 440 /etc/sudoers.d/50-test
}

# Messages of PAM reach an ssh client as banners, which LogLevel ERROR would hide.
make_ssh() {
    cat >/etc/ssh/sshd_config.d/10-test.conf <<'X'
UseDNS no
PermitRootLogin prohibit-password
X
    local file
    for file in /etc/ssh/ssh_host_*_key.pub; do
        sed 's/^/127.0.0.*,localhost /' "$file"
    done >/etc/ssh/ssh_known_hosts
    cat >/etc/ssh/ssh_config.d/10-test.conf <<'X'
LogLevel INFO
ConnectTimeout 10
X
    install -d -m 700 /root/.ssh
    ssh-keygen -q -t ed25519 -N '' -C root -f /root/.ssh/id_ed25519
    cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys
}

# A host that boots from the layer shall find the state of a first start.
install_packages() {
    [ -d /tmp/debs ] || return 0
    DEBIAN_FRONTEND=noninteractive dpkg -i /tmp/debs/*.deb
    usermod -a -G assent-rescue testadmin
    systemctl stop assentd.socket assentd-gate.socket assentd.service
    rm -rf /var/lib/assent /tmp/debs
}

inside() {
    export LC_ALL=C.UTF-8
    make_users
    make_sudoers
    make_ssh
    install_packages
}

outside() {
    local layer=$1 deb
    shift
    "$HERE/host.sh" copy "$HOST" "$HERE/prepare.sh" /tmp/prepare.sh 755
    "$HERE/host.sh" copy "$HOST" "$HERE/proc.sh" /tmp/proc.sh
    for deb in "$@"; do "$HERE/host.sh" copy "$HOST" "$deb" "/tmp/debs/${deb##*/}"; done
    "$HERE/host.sh" exec "$HOST" /tmp/prepare.sh --inside >&2
    "$HERE/host.sh" save "$HOST" "$layer"
}

# The newest few are enough: one with and one without packages, of two trees.
remove_old() {
    # shellcheck disable=SC2012 # our own names
    ls -t "$CACHE"/layer-*.tar | tail -n +7 | xargs -r rm -f
}

make_layer() {
    local layer
    layer=$(layer_path "$@")
    mkdir -p "$CACHE"
    exec 7>"$CACHE/layer.lock"
    flock 7
    if [ ! -e "$layer" ]; then
        "$HERE/host.sh" run -- "$0" --outside "$layer" "$@" 7>&-
    fi
    touch "$layer"
    remove_old
    exec 7>&-
    echo "$layer"
}

case ${1:-} in
--inside) inside ;;
--outside)
    shift
    outside "$@"
    ;;
*) make_layer "$@" ;;
esac
