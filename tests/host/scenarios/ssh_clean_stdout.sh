#!/bin/bash
# What speaks a protocol over ssh's stdout works unharmed through the gate.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: alice-in
    owner: approvers
    who: { user: alice }
    what: { service: sshd }
    certified_until: 2099-12-31
    decision: allow
    duration: 10m
X
door sshd
key='-o BatchMode=yes -i /home/alice/.ssh/id_ed25519'
on sh -c 'seq 1 20000 >/tmp/data; chmod 644 /tmp/data'

try ssh_as alice true
expect_rc 0 "ssh host true succeeds in BatchMode"
expect_clean_out "and prints nothing"
try ssh_as alice cat /tmp/data
check "ssh host cat gives the file and nothing else" [ "$(md5sum <<<"$OUT")" = "$(seq 1 20000 | md5sum)" ]
try on sh -c "scp $key /tmp/data alice@127.0.0.1:scp && cmp /tmp/data /home/alice/scp"
expect_rc 0 "scp copies"
try on sh -c "scp -O $key alice@127.0.0.1:scp /tmp/back && cmp /tmp/data /tmp/back"
expect_rc 0 "scp with the old protocol copies"
try on sh -c "echo 'put /tmp/data sftp' | sftp -b - $key alice@127.0.0.1 && cmp /tmp/data /home/alice/sftp"
expect_rc 0 "sftp copies"
try on sh -c "rsync -e 'ssh $key' /tmp/data alice@127.0.0.1:rsync && cmp /tmp/data /home/alice/rsync"
expect_rc 0 "rsync copies"
