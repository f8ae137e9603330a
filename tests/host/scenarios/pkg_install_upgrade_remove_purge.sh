#!/bin/bash
# host: bare
# Install, upgrade, remove and purge: people can log in and use sudo at every step, and installing
# switches nothing on.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

doors_open() { # TEXT
    try ssh_as alice sudo -n id -u
    expect_rc 0 "$1: alice logs in and uses sudo"
    try on ssh -o BatchMode=yes root@127.0.0.1 true
    expect_rc 0 "$1: root logs in"
    # Not by way of PATH: the very file that a login uses.
    try on pamtester login root acct_mgmt
    expect_rc 0 "$1: the console's account stack lets root through"
}
login_files() {
    on sh -c 'cat /etc/pam.d/* /etc/ssh/sshd_config /etc/ssh/sshd_config.d/* /etc/sudoers /etc/sudo.conf /etc/nsswitch.conf 2>/dev/null | sha256sum'
}

before=$(login_files)
doors_open "before"
for deb in "$DEBS"/assent_*.deb "$DEBS"/libpam-assent_*.deb "$DEBS"/assent-sudo_*.deb; do
    "$LIB/host.sh" copy "$HOST" "$deb" "/tmp/debs/${deb##*/}"
done
try on dpkg -i -R /tmp/debs
expect_rc 0 "the packages install"
check "installing changes no file of PAM, sshd or sudo" [ "$(login_files)" = "$before" ]
doors_open "installed"
try on assent status
expect_rc 0 "the agent answers"

step "switched on"
on usermod -a -G assent-rescue testadmin
policy <<X
rules:
  - id: us
    owner: approvers
    who: { user: [alice, root] }
    what: { service: [sshd, sudo] }
    certified_until: 2099-12-31
    decision: allow
    duration: 10m
X
door sshd sudo
doors_open "switched on"
try ssh_as bob true
expect_refused "switched on: who has no rule is refused"

step "upgrade to a later version while logins go on"
put /tmp/later.sh 755 <<'X'
#!/bin/sh
set -e
mkdir -p /tmp/later
for deb in /tmp/debs/*.deb; do
    rm -rf /tmp/tree
    dpkg-deb -R "$deb" /tmp/tree
    old=$(sed -n 's/^Version: //p' /tmp/tree/DEBIAN/control)
    sed -i "s/$old/$old+later/g" /tmp/tree/DEBIAN/control
    dpkg-deb -b --root-owner-group /tmp/tree "/tmp/later/${deb##*/}"
done
X
try on /tmp/later.sh
expect_rc 0 "a later version is made"
hammer() {
    while [ ! -e "$WORK/stop" ]; do
        ssh_as alice true || echo failed
    done
}
start hammer hammer
try on dpkg -i -R /tmp/later
expect_rc 0 "the upgrade goes through"
touch "$WORK/stop"
finish hammer 20
check "no login was refused during the upgrade" [ -z "$OUT" ]
doors_open "upgraded"
check "the policy is the administrator's own" on test -s /etc/assent/policy.d/50-test.yaml

step "remove and purge"
try on dpkg --remove assent-sudo libpam-assent assent
expect_rc 0 "the packages can be removed while switched on"
check "removing takes our lines out" not on grep -rqs assent /etc/pam.d /etc/sudo.conf
doors_open "removed"
try ssh_as bob true
expect_rc 0 "removed: the gate is off"
try on dpkg --purge assent-sudo libpam-assent assent
expect_rc 0 "and purged"
doors_open "purged"
check "nothing of it is left" [ -z "$(on sh -c 'ls -d /etc/assent /var/lib/assent /run/assent /usr/lib/systemd/system/assent* 2>/dev/null')" ]
