#!/bin/bash
# Runs as PID 1 of fresh namespaces and turns them into a host: root file system, /proc, /sys,
# /dev, an identity, and then systemd.
#
#   init.sh DIR     HOST_BASE, HOST_NAME and DIR/binds say what it is made of
set -eu
HERE=$(dirname "$(readlink -f "$0")")
# shellcheck source=tests/host/proc.sh
. "$HERE/proc.sh"

# Units that make no sense here or reach for the kernel that is shared with the machine.
MASKED=(
    console-getty.service getty@tty1.service getty.target sys-kernel-debug.mount
    sys-kernel-tracing.mount sys-kernel-config.mount sys-fs-fuse-connections.mount
    dev-hugepages.mount dev-mqueue.mount modprobe@.service systemd-udevd.service
    systemd-udev-trigger.service systemd-firstboot.service systemd-pstore.service
    systemd-timesyncd.service apt-daily.timer apt-daily-upgrade.timer fstrim.timer
    e2scrub_all.timer e2scrub_reap.service dpkg-db-backup.timer
    proc-sys-fs-binfmt_misc.automount
)

# /proc still shows the machine's process ids here; from inside there is no way to learn ours.
tell_pid() {
    local pid _
    read -r pid _ </proc/self/stat
    record "$pid" "$DIR/init"
}

mount_root() {
    mount -t overlay -o "lowerdir=$HOST_BASE,upperdir=upper,workdir=work" overlay root
    cd root
    mount -t proc -o nosuid,nodev,noexec proc proc
    mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
    mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 sys/fs/cgroup
    mount -t tmpfs -o mode=755,nosuid,nodev run run
    mount -t tmpfs -o mode=1777,nosuid,nodev tmp tmp
}

make_node() {
    mknod -m 666 "dev/$1" c "$2" "$3"
}

make_dev() {
    mount -t tmpfs -o mode=755,nosuid dev dev
    mkdir dev/pts dev/shm dev/mqueue
    mount -t devpts -o newinstance,nosuid,noexec,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
    mount -t tmpfs -o mode=1777,nosuid,nodev shm dev/shm
    make_node null 1 3
    make_node zero 1 5
    make_node full 1 7
    make_node random 1 8
    make_node urandom 1 9
    make_node tty 5 0
    ln -s pts/ptmx dev/ptmx
    ln -s /proc/self/fd dev/fd
    ln -s fd/0 dev/stdin
    ln -s fd/1 dev/stdout
    ln -s fd/2 dev/stderr
    : >dev/console
    mount --bind "$DIR/console.log" dev/console
}

# Settings of the shared kernel are not for the guest to change. This one is its own network
# namespace's; systemd would set it, or else a dozen log lines would block who logs them.
protect_kernel() {
    local name
    echo 512 >proc/sys/net/unix/max_dgram_qlen
    for name in sys sysrq-trigger irq bus fs; do
        [ -e "proc/$name" ] || continue
        mount --bind "proc/$name" "proc/$name"
        mount -o remount,bind,ro,nosuid,nodev,noexec "proc/$name"
    done
}

give_identity() {
    tr -d - </proc/sys/kernel/random/uuid >etc/machine-id
    echo "$HOST_NAME" >etc/hostname
    hostname "$HOST_NAME"
    printf '127.0.0.1 localhost %s\n::1 localhost\n' "$HOST_NAME" >etc/hosts
    rm -f etc/resolv.conf etc/nologin
    : >etc/resolv.conf
    : >etc/fstab
    ip link set lo up
}

configure_units() {
    local unit
    mkdir -p etc/systemd/system
    for unit in "${MASKED[@]}"; do ln -sf /dev/null "etc/systemd/system/$unit"; done
    cat >etc/systemd/system/test-host.target <<X
[Unit]
Description=Private test host
Requires=basic.target
Wants=multi-user.target dbus.service systemd-logind.service systemd-user-sessions.service ssh.service
After=basic.target multi-user.target
AllowIsolate=yes
X
}

# Lines SRC:DST[:ro].
bind_mounts() {
    local src dst mode
    while IFS=: read -r src dst mode; do
        if [ -d "$src" ]; then
            mkdir -p "./$dst"
        else
            mkdir -p "./${dst%/*}"
            : >>"./$dst"
        fi
        mount --rbind "$src" "./$dst"
        if [ "$mode" = ro ]; then mount -o remount,bind,ro "./$dst"; fi
    done <"$DIR/binds"
}

start_systemd() {
    mkdir .old
    pivot_root . .old
    cd /
    umount -l /.old
    rmdir /.old
    # In a container systemd leaves propagation as it is; private would make LoadCredential=
    # and the like mount into nowhere.
    mount --make-rshared /
    exec env -i container=assent-test PATH="$PATH" LANG=C.UTF-8 TERM=dumb \
        setpriv --bounding-set "$DROPPED" \
        /lib/systemd/systemd --system --unit=test-host.target --show-status=no \
        </dev/null >/dev/console 2>&1
}

DIR=$1
tell_pid
cd "$DIR/t"
mount_root
make_dev
protect_kernel
give_identity
configure_units
bind_mounts
start_systemd
