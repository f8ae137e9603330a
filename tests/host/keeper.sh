#!/bin/bash
# Keeps one private host: makes what it stands on (a mount namespace with a tmpfs, a cgroup),
# starts its PID 1, and takes everything away when it ends.
#
#   keeper.sh DIR [OWNER]     DIR is the host's state directory; the host ends with process OWNER
#
# Two processes, so that no single death leaves anything behind: the warden (outer) and the
# runner (inner, parent of PID 1). If the runner is killed, the kernel kills PID 1
# (parent-death signal) and the warden cleans up; if the warden is killed, the kernel sends TERM to
# the runner, which does the same. Both run in the private mount namespace.
set -u
HERE=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/host/proc.sh
. "$HERE/proc.sh"

# Below our own cgroup: where we were started from may be a delegated subtree.
make_cgroup() {
    local own
    own=$(sed -n 's/^0:://p' /proc/self/cgroup)
    case $own in */..*) own=/ ;; esac
    CGROUP=$(mktemp -d "$DIR/t/cgroup${own%/}/assent-test-${DIR##*/}-XXXXXX")
    [ -n "$CGROUP" ] && chmod 755 "$CGROUP" && echo "$CGROUP" >"$DIR/cgroup"
}

# The version 2 hierarchy can be mounted anew wherever the machine itself uses version 1.
prepare() {
    mkdir -p "$DIR/t" &&
        mount -t tmpfs -o mode=755,size="${ASSENT_HOST_SIZE:-1g}" assent-test "$DIR/t" &&
        mkdir "$DIR/t/upper" "$DIR/t/work" "$DIR/t/root" "$DIR/t/cgroup" &&
        mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$DIR/t/cgroup" &&
        make_cgroup || return
    if [ -n "${HOST_LAYER:-}" ]; then
        tar --xattrs --xattrs-include='*' -C "$DIR/t/upper" -xf "$HOST_LAYER"
    fi
}

run_pid1() {
    local child
    echo 0 >"$CGROUP/cgroup.procs" || return
    setpriv --pdeathsig KILL unshare --cgroup --pid --net --uts --ipc --mount \
        --propagation private --fork --kill-child=KILL bash "$HERE/init.sh" "$DIR" &
    child=$!
    record $child "$DIR/unshare"
    echo 0 >"$DIR/t/cgroup${CGROUP_BEFORE%/}/cgroup.procs"
    trap 'kill -KILL $child 2>/dev/null' TERM INT HUP
    wait_for_child $child
}

# A signal with a trap ends `wait` early.
wait_for_child() {
    wait "$1"
    while [ -n "$(start_time "$1")" ]; do wait "$1"; done
}

# Everything that was entered from outside dies with the PID namespace, but a moment later.
remove_cgroup() {
    local tick
    for ((tick = 0; tick < 100; tick++)); do
        [ -d "$CGROUP" ] || return 0
        if [ -e "$CGROUP/cgroup.kill" ]; then echo 1 >"$CGROUP/cgroup.kill"; fi
        find "$CGROUP" -depth -type d -exec rmdir {} + 2>/dev/null
        sleep 0.05
    done
}

clean_up() {
    trap '' TERM INT HUP
    CGROUP=$(cat "$DIR/cgroup" 2>/dev/null) && remove_cgroup
    cd / && umount -l "$DIR/t" 2>/dev/null
    if [ -d "$DIR" ] && [ ! -e "$DIR/up" ]; then keep_failure; fi
    rm -rf --one-file-system "$DIR"
    rmdir "$STATE" 2>/dev/null
    return 0
}

# A host that never came up: what it said is all there is to find out why.
keep_failure() {
    cat "$DIR/keeper.log" "$DIR/console.log" >"$DIR.failed" 2>/dev/null
}

run() {
    CGROUP=$(cat "$DIR/cgroup")
    CGROUP_BEFORE=$(sed -n 's/^0:://p' /proc/self/cgroup)
    record $$ "$DIR/runner"
    run_pid1
    clean_up
}

warden() {
    local runner
    record $$ "$DIR/warden"
    trap 'clean_up; exit 1' TERM INT HUP
    prepare || { clean_up; exit 1; }
    setpriv --pdeathsig TERM bash "$0" "$DIR" run &
    runner=$!
    trap 'kill -TERM $runner 2>/dev/null' TERM INT HUP
    watch_owner $runner &
    wait_for_child $runner
    kill $! 2>/dev/null
    clean_up
}

# Ends the runner when the process that wanted this host is gone.
watch_owner() {
    local tail=
    trap 'kill $tail 2>/dev/null; exit' TERM
    [ -n "$OWNER" ] || return 0
    setpriv --pdeathsig KILL tail --pid="$OWNER" -s 0.2 -f /dev/null &
    tail=$!
    wait $tail && kill -TERM "$1"
}

DIR=$1 OWNER=${2:-}
if [ "$OWNER" = run ]; then run; else warden; fi
