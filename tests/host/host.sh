#!/bin/bash
# host.sh - private Debian hosts for tests: a real systemd as PID 1 with sshd, sudo, logind
# and journald, made of namespaces over a shared base tree. The writable layer is a tmpfs.
# Outside, a host is one directory under /run/assent-test and one cgroup, both removed when
# it ends, however it ends.
#
#   host.sh mkbase                              make the base tree (once), print its path
#   host.sh boot NAME [OPTIONS]                 start a host, return when it is up
#       -l LAYER.tar     start from a layer made by `save`
#       -B SRC:DST[:ro]  bind mount something of this machine into it (repeatable)
#       -o PID           end the host when this process ends
#   host.sh exec NAME [-u USER] [--] CMD...     run CMD inside; stdio and status pass through
#   host.sh copy NAME SRC DST [MODE]            a file or directory into it (atomically)
#   host.sh fetch NAME SRC DST                  a file out of it
#   host.sh save NAME LAYER.tar                 everything changed since boot, for `boot -l`
#   host.sh shutdown NAME [-f]                  power off; -f: at once
#   host.sh run [OPTIONS of boot] -- CMD...     boot, run CMD here with HOST=name set, end it
#   host.sh list                                names and whether they are up
#   host.sh gc                                  remove what two kill -9 at once left behind
#
# Needs root, util-linux and coreutils; mkbase also mmdebstrap.
set -eu
HERE=$(dirname "$(readlink -f "$0")")
# CI may start us with stdin closed: the next file opened would become stdin
if [ ! -e /proc/self/fd/0 ]; then exec </dev/null; fi
# shellcheck source=tests/host/proc.sh
. "$HERE/proc.sh"

BOOT_TICKS=1500 # of 20 ms

set_name() {
    case ${1:-} in '' | .* | *[!A-Za-z0-9_-]*) die "bad host name '${1:-}'" ;; esac
    NAME=$1
    DIR=$STATE/$NAME
}

need_running() {
    set_name "${1:-}"
    alive "$DIR/init" || die "no host '$NAME' is running"
    INIT=$(pid_in "$DIR/init")
    WARDEN=$(pid_in "$DIR/warden")
}

# ---- boot ------------------------------------------------------------------------------

parse_boot_options() {
    local option
    BINDS='' OWNER='' LAYER='' OPTIND=1
    while getopts B:l:o: option; do
        case $option in
        B) BINDS+=$OPTARG$'\n' ;;
        l) LAYER=$(readlink -e "$OPTARG") || die "no layer $OPTARG" ;;
        o) OWNER=$OPTARG ;;
        *) die "see the head of host.sh" ;;
        esac
    done
}

# A host that ends at this moment may take the empty parent away again.
make_fresh() {
    local try
    for try in 1 2 3 4 5; do
        install -d -m 700 "$STATE"
        mktemp -d "$STATE/.new-XXXXXX" 2>/dev/null && return
    done
    die "cannot make a directory in $STATE (try $try)"
}

# The rename onto a directory that is not empty fails, so two boots cannot both win.
claim_directory() {
    local fresh
    if [ -d "$DIR" ] && ! in_use "$DIR"; then rm -rf --one-file-system "$DIR"; fi
    rm -f "$DIR.failed"
    fresh=$(make_fresh)
    : >"$fresh/console.log"
    printf %s "$BINDS" >"$fresh/binds"
    record $$ "$fresh/booting"
    mv -T "$fresh" "$DIR" 2>/dev/null || {
        rm -rf "$fresh"
        die "'$NAME' is already there"
    }
}

in_use() {
    alive "$1/warden" || alive "$1/runner" || alive "$1/booting"
}

# The keeper holds the base's lock shared, so that nobody removes the tree under a host.
start_keeper() {
    local base
    base=$("$HERE/base.sh" make)
    exec 8>>"$base.lock"
    flock -s 8
    [ -d "$base" ] || die "the base tree $base has been removed meanwhile"
    HOST_BASE=$base HOST_NAME=$NAME HOST_LAYER=$LAYER setsid unshare --mount --propagation private \
        bash "$HERE/keeper.sh" "$DIR" "$OWNER" </dev/null >"$DIR/keeper.log" 2>&1 9>&- &
    exec 8>&-
}

boot_failed() {
    local state=$1
    shutdown_host -f
    if [ -e "$DIR.failed" ]; then
        cat "$DIR.failed" >&2
        rm -f "$DIR.failed"
    fi
    die "'$NAME' $state"
}

wait_for_systemd() {
    local tick
    for ((tick = 0; tick < BOOT_TICKS; tick++)); do
        if [ -e "$DIR.failed" ] || [ ! -d "$DIR" ]; then boot_failed "died while booting"; fi
        if alive "$DIR/init" && [ -S "/proc/$(pid_in "$DIR/init")/root/run/systemd/private" ]; then return; fi
        sleep 0.02
    done
    boot_failed "did not come up"
}

wait_for_units() {
    local state
    state=$(timeout 30 nsenter -t "$(pid_in "$DIR/init")" -a -r -w -- systemctl is-system-running --wait || :)
    [ "$state" = running ] && return
    echo "host: '$NAME' is $state" >&2
    nsenter -t "$(pid_in "$DIR/init")" -a -r -w -- systemctl --no-pager --no-legend --plain --failed >&2 || :
}

boot() {
    set_name "${1:-}"
    shift
    parse_boot_options "$@"
    claim_directory
    start_keeper
    wait_for_systemd
    : >"$DIR/up"
    wait_for_units
    rm -f "$DIR/booting"
}

# ---- inside ----------------------------------------------------------------------------

# Joins a cgroup of the host before its namespaces: else systemd and logind would see a
# process from outside their tree. The hierarchy is mounted in the keeper's namespace only.
# The target's own root (-r), for a machine that is itself a chroot.
enter() {
    local cgroup become=()
    cgroup=/proc/$WARDEN/root$(cat "$DIR/cgroup")/visitors
    mkdir -p "$cgroup"
    echo $BASHPID >"$cgroup/cgroup.procs"
    if [ -n "${AS_USER:-}" ]; then
        become=(--reuid "$AS_USER" --regid "$AS_USER" --init-groups --reset-env)
    fi
    exec nsenter -t "$INIT" -a -r -w -- env -i PATH="$PATH" HOME=/root LANG=C.UTF-8 \
        TERM="${TERM:-dumb}" setpriv --bounding-set "$DROPPED" "${become[@]}" -- "$@"
}

exec_in() {
    need_running "${1:-}"
    shift
    local AS_USER=
    if [ "${1:-}" = -u ]; then
        AS_USER=$2
        shift 2
    fi
    if [ "${1:-}" = -- ]; then shift; fi
    enter "$@"
}

copy_in() {
    local src=$2 dst=$3 mode=${4:-}
    need_running "$1"
    if [ ! -d "$src" ] && [ -z "$mode" ]; then mode=$(stat -c %a "$src"); fi
    # shellcheck disable=SC2016
    if [ -d "$src" ]; then
        tar -C "$src" --owner=0 --group=0 -cf - . |
            enter sh -c 'mkdir -p "$1" && tar -C "$1" -xf -' sh "$dst"
    else
        enter sh -c 'dir=$(dirname "$1") && mkdir -p "$dir" && new=$(mktemp "$dir/.copy.XXXXXX") &&
            cat >"$new" && chmod "$2" "$new" && mv -f "$new" "$1"' \
            sh "$dst" "$mode" <"$src"
    fi
}

fetch() {
    need_running "$1"
    (enter cat "$2") >"$3"
}

# What a fresh boot makes anew is left out: identity, journal, random seed.
save() {
    need_running "$1"
    tar --xattrs --xattrs-include='*' --sort=name \
        --exclude=./etc/machine-id --exclude=./etc/hostname --exclude=./etc/hosts \
        --exclude=./etc/systemd/system/test-host.target --exclude='./var/log/journal/*' \
        --exclude=./var/lib/systemd/random-seed --exclude='./var/cache/apt/*' \
        -C "/proc/$WARDEN/root$DIR/t/upper" -cf - . >"$2.new"
    mv "$2.new" "$2"
}

# ---- end -------------------------------------------------------------------------------

# SIGRTMIN+4 asks systemd to power off.
power_off() {
    if alive "$DIR/init"; then
        kill -s RTMIN+4 "$(pid_in "$DIR/init")" 2>/dev/null || :
        wait_gone "$DIR/init" 500 || kill_pid1
    fi
}

kill_pid1() {
    local file
    for file in init unshare runner; do
        if alive "$DIR/$file"; then
            kill -KILL "$(pid_in "$DIR/$file")" 2>/dev/null || :
            return
        fi
    done
    if alive "$DIR/warden"; then kill -TERM "$(pid_in "$DIR/warden")" 2>/dev/null || :; fi
}

shutdown_host() {
    local tick
    if [ "${1:-}" = -f ]; then kill_pid1; else power_off; fi
    for ((tick = 0; tick < 500; tick++)); do
        if [ ! -d "$DIR" ] || ! { alive "$DIR/warden" || alive "$DIR/runner"; }; then break; fi
        sleep 0.02
    done
    rm -rf --one-file-system "$DIR"
    rmdir "$STATE" 2>/dev/null || :
}

run() {
    local options=() status=0
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift || die "run: no command"
    set_name "run-$$"
    trap 'shutdown_host -f' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    (boot "$NAME" -o $$ "${options[@]}") || exit 125
    HOST=$NAME "$@" || status=$?
    exit $status
}

list() {
    local dir state
    for dir in "$STATE"/*/; do
        [ -d "$dir" ] || continue
        state=stale
        if in_use "${dir%/}"; then state=up; fi
        echo "$(basename "$dir") $state"
    done
}

# A cgroup of ours without processes, somewhere below where we are.
remove_stale_cgroups() {
    local mount
    mount=$(mktemp -d)
    mount -t cgroup2 cgroup2 "$mount"
    find "$mount" -depth -type d -path '*/assent-test-*' -exec rmdir {} + 2>/dev/null || :
    umount "$mount"
    rmdir "$mount"
}

gc() {
    local dir
    for dir in "$STATE"/*/ "$STATE"/.new-*/; do
        if [ -d "$dir" ] && ! in_use "${dir%/}"; then rm -rf --one-file-system "$dir"; fi
    done
    rm -f "$STATE"/*.failed
    rmdir "$STATE" 2>/dev/null || :
    remove_stale_cgroups
}

[ "$(id -u)" = 0 ] || die "must be root: it makes namespaces and mounts"
verb=${1:-help}
if [ $# -gt 0 ]; then shift; fi
case $verb in
mkbase) "$HERE/base.sh" make ;;
boot) boot "$@" ;;
exec) exec_in "$@" ;;
copy) copy_in "$@" ;;
fetch) fetch "$@" ;;
save) save "$@" ;;
shutdown) set_name "${1:-}"; shift; shutdown_host "$@" ;;
run) run "$@" ;;
list) list ;;
gc) gc ;;
*) sed -n '2,/^# Needs/s/^# \{0,1\}//p' "$0" ;;
esac
