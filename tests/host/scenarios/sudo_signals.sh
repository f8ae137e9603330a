#!/bin/bash
# A signal while sudo waits for people ends the wait, and the command does not run, also when the
# approval comes later.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: alice-anything
    owner: approvers
    who: { user: [alice, erin] }
    what: { service: sudo }
    decision: escalate
    duration: 10m
    approval:
      stages: [ { from: approvers, need: 1, within: 10m } ]
      strength: local
X
door sudo

cat >"$WORK/sudo.exp" <<'X'
set timeout 40
spawn ssh -tt -i /home/alice/.ssh/id_ed25519 alice@127.0.0.1 "sudo /usr/bin/touch /tmp/ran; echo rc=\$?"
expect -re {[Rr]eason} { send "backup is due\r" }
set id [lindex $argv 0]
expect -re {[0-9A-Z]{4}-[0-9A-Z]{4}}
after 300
if {$id == "C"} { send "\x03" } elseif {$id == "Q"} { send "\x1c" } else { exec pkill -$id -x sudo }
expect {
    -re {rc=0} { exit 42 }
    -re {rc=[1-9]} { exit 0 }
    eof { exit 0 }
    timeout { exit 5 }
}
X
put /tmp/sudo.exp <"$WORK/sudo.exp"
no_request() { [ -z "$(waiting)" ]; }
for signal in C Q TERM HUP INT QUIT; do
    case $signal in C) name='^C' ;; Q) name='^Backslash' ;; *) name=SIG$signal ;; esac
    try on expect /tmp/sudo.exp $signal
    expect_rc 0 "$name ends the wait"
    check "$name: the request is withdrawn" wait_for 3 no_request
    check "$name: the command did not run" not on test -e /tmp/ran
done
