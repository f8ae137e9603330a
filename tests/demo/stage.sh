#!/bin/bash
# The stage of the demo, for demo.sh and shell.sh: packages built, a private host booted
# with them installed, the story's policy in force and the gate on at ssh and sudo.

TREE=$(dirname "$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")")
TOOL=$TREE/tests/host
LOG=$TREE/build/demo.log

on() {
    "$TOOL/host.sh" exec "$HOST" "$@"
}

fail() {
    on journalctl -q --no-pager -n 20 _COMM=assentd + _COMM=sshd + _COMM=sudo >>"$LOG" 2>/dev/null
    echo "demo: $1; the end of $LOG:" >&2
    tail -n 30 "$LOG" >&2
    exit 1
}

# Says what takes time, with how long it took.
during() {
    local text=$1 begun=$SECONDS
    shift
    printf '%s ... ' "$text"
    "$@" >>"$LOG" 2>&1 </dev/null || {
        echo
        fail "$text failed"
    }
    echo "$((SECONDS - begun)) s"
}

begin_stage() {
    if [ ! -e /proc/self/fd/0 ]; then exec </dev/null; fi
    if [ "$(id -u)" != 0 ]; then
        echo "demo: needs root, to make namespaces and mounts" >&2
        exit 1
    fi
    mkdir -p "$TREE/build"
    : >"$LOG"
}

build_all() {
    during "Installing what it needs (apt)" "$TREE/tests/deps.sh" demo
    during "Building the packages" make -C "$TREE" deb-quiet
    during "Preparing a private Debian host" "$TOOL/prepare.sh" "$TREE"/build/deb/*.deb
    LAYER=$("$TOOL/prepare.sh" "$TREE"/build/deb/*.deb)
}

boot_host() {
    during "Booting it" "$TOOL/host.sh" boot "$HOST" -l "$LAYER" -o $$
}

# `ssh alice` works for root inside: the demo plays everybody.
short_names() {
    local user
    for user in alice bob carol; do
        printf 'Host %s\n  HostName 127.0.0.1\n  User %s\n  IdentityFile /home/%s/.ssh/id_ed25519\n' \
            $user $user $user
    done >"$TREE/build/demo-ssh"
    "$TOOL/host.sh" copy "$HOST" "$TREE/build/demo-ssh" /root/.ssh/config 600
    rm "$TREE/build/demo-ssh"
}

# The stage's policy, good for half a year from today, as a file inside.
put_policy() { # FILE DST
    local until
    until=$(date -u -d '180 days' +%F)
    sed "s/HALF-A-YEAR/$until/" "$TREE/tests/demo/$1" >"$TREE/build/demo-policy"
    "$TOOL/host.sh" copy "$HOST" "$TREE/build/demo-policy" "$2" 644
    rm "$TREE/build/demo-policy"
}

dress_host() {
    on sh -c 'hostname shop1; echo shop1 >/etc/hostname; sed -i "1s/$/ shop1/" /etc/hosts
        printf "[Service]\nExecStart=/usr/bin/sleep infinity\n" >/etc/systemd/system/shop.service
        systemctl daemon-reload; systemctl start shop'
    short_names
    put_policy policy.yaml /etc/assent/policy.d/50-shop.yaml
    put_policy policy.yaml /root/proposal/50-shop.yaml
    put_policy change.yaml /root/proposal/40-change.yaml
    on systemctl restart assentd
    on assent setup enable sshd --yes --confirm-within 0
    on assent setup enable sudo --yes --confirm-within 0
}

end_host() {
    "$TOOL/host.sh" shutdown "$HOST" -f
}
