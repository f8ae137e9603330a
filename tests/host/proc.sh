#!/bin/bash
# Shared by the host tool's parts: processes known by pid and start time (a pid alone may have
# been given to somebody else meanwhile), and how to give up.

# shellcheck disable=SC2034 # for those who source this
STATE=${ASSENT_HOST_STATE:-/run/assent-test}
# shellcheck disable=SC2034
CACHE=${ASSENT_HOST_CACHE:-/var/cache/assent-test}

# Setting the clock and touching the hardware are not for a guest: it shares the kernel.
# CAP_SYS_ADMIN stays, systemd's sandboxing needs it: this is no jail.
# shellcheck disable=SC2034
DROPPED=-sys_module,-sys_rawio,-sys_time,-syslog,-mac_admin,-mac_override,-wake_alarm,-block_suspend,-perfmon,-checkpoint_restore
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

die() {
    echo "host: $*" >&2
    exit 125
}

# Start time of a process; empty when it is gone or only waits to be reaped.
start_time() {
    local stat
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
    stat=${stat##*) }
    case $stat in Z* | X*) return 0 ;; esac
    # shellcheck disable=SC2086
    set -- $stat
    echo "${20}"
}

# Writes "pid start-time" of process $1 to file $2, whole or not at all.
record() {
    echo "$1 $(start_time "$1")" >"$2.new" && mv "$2.new" "$2"
}

# True while the very process recorded in file $1 runs.
alive() {
    local pid time
    { read -r pid time <"$1"; } 2>/dev/null || return 1
    [ -n "$time" ] && [ "$(start_time "$pid")" = "$time" ]
}

pid_in() {
    local pid _
    { read -r pid _ <"$1"; } 2>/dev/null && echo "$pid"
}

# Waits at most $2 ticks of 20 ms until the process recorded in $1 has ended.
wait_gone() {
    local tick
    for ((tick = 0; tick < $2; tick++)); do
        alive "$1" || return 0
        sleep 0.02
    done
    ! alive "$1"
}
