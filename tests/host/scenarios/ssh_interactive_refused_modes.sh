#!/bin/bash
# The module never is the authentication: without a completed public key nothing lets it say yes.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: people-in
    owner: approvers
    who: { user: [carol, dave] }
    what: { service: sshd }
    certified_until: 2099-12-31
    decision: allow
    duration: 10m
  - id: alice-asks
    owner: approvers
    who: { user: [alice, bob] }
    what: { service: sshd }
    decision: escalate
    duration: 10m
    approval:
      stages: [ { from: approvers, need: 1, within: 10m } ]
      strength: local
X
door sshd sshd-interactive
on usermod -a -G assent-interactive alice
on systemctl restart ssh

policy <<X
rules:
  - id: everybody
    owner: approvers
    what: { service: sshd }
    certified_until: 2099-12-31
    decision: allow
    duration: 10m
X
mode() { # TEXT, then lines of sshd_config for alice
    local text=$1
    shift
    { echo "Match User alice"; printf '    %s\n' "$@"; } | put /etc/ssh/sshd_config.d/00-mode.conf
    on systemctl restart ssh
    put /tmp/login.exp <<'X'
set timeout 20
spawn ssh -i /home/alice/.ssh/id_ed25519 -o NumberOfPasswordPrompts=1 -o PreferredAuthentications=keyboard-interactive,password alice@127.0.0.1 "echo in-as-\$(id -un)"
expect {
    -re {[Pp]assword:} { send "alice\r"; exp_continue }
    -re {[Rr]eason|[Pp]ress} { send "because\r"; exp_continue }
    -re {in-as-alice} { exit 42 }
    eof { }
    timeout { exit 5 }
}
exit [lindex [wait] 3]
X
    begun=$(now_ms)
    try on expect /tmp/login.exp
    check "$text: refused" [ "$RC" != 42 -a "$RC" != 5 -a "$RC" != 0 ]
    check "$text: at once" [ $(($(now_ms) - begun)) -lt 6000 ]
}

mode "keyboard-interactive alone" "AuthenticationMethods keyboard-interactive" "KbdInteractiveAuthentication yes"
mode "password" "AuthenticationMethods password" "PasswordAuthentication yes"
mode "an empty AuthenticationMethods" "AuthenticationMethods any" "KbdInteractiveAuthentication yes" "PasswordAuthentication yes"
