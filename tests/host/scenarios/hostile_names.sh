#!/bin/bash
# Names and words that would deceive a terminal, a log or a parser: shown escaped, never obeyed.
# shellcheck source=tests/host/lib.sh
. "$(dirname "$0")/../lib.sh"

policy <<X
rules:
  - id: in
    owner: approvers
    who: { user: [alice, carol] }
    what: { service: sshd }
    certified_until: 2099-12-31
    decision: allow
    duration: 10m
  - id: asks
    owner: approvers
    who: { user: alice }
    what: { service: sudo }
    decision: escalate
    duration: 10m
    approval:
      stages: [ { from: approvers, need: 1, within: 10m } ]
      strength: local
X
door sshd

step "names that useradd takes only when told to"
# A host's tools let these through; which of them ssh and PAM take is theirs to say.
names=('back\slash' 'semi;colon' 'dollar$x' '$(id)' '%n%s' 'star*' 'quo"te' "one'quote" 'Ünïcode' \
    $'bell\a' $'esc\e[31m' $'bidi\u202e' '0' '-dash' 'a=b' 'alice ')
made=0
for name in "${names[@]}"; do
    # past useradd's own idea of a name: the files themselves
    printf '%s:x:%d:100::/home/alice:/bin/sh\n' "$name" $((3000 + made)) >"$WORK/put"
    "$LIB/host.sh" copy "$HOST" "$WORK/put" /tmp/line 644
    on sh -c 'cat /tmp/line >>/etc/passwd'
    made=$((made + 1))
done
on useradd --badname -M 'odd.name-1_' 2>/dev/null
put /tmp/ask 755 <<'X'
#!/usr/bin/perl
# pamtester with names as bytes: NUL-separated on standard input.
local $/ = "\0";
while (<STDIN>) { chomp; print system("pamtester", "--", "sshd", $_, "acct_mgmt") ? "no\n" : "yes\n"; }
X
printf '%s\0' "${names[@]}" 'odd.name-1_' >"$WORK/put"
"$LIB/host.sh" copy "$HOST" "$WORK/put" /tmp/names 644
try on sh -c '/tmp/ask </tmp/names 2>/tmp/ask.err'
check "every name was asked about" [ "$(grep -cE '^(yes|no)$' <<<"$OUT")" = $((made + 1)) ]
check "and none is let in" not grep -q '^yes$' <<<"$OUT"
check "no control character reached the terminal" \
    not grep -qP '[\x00-\x08\x0b-\x1f\x7f]' <<<"$(on cat /tmp/ask.err | tr -d '\r')"
try ssh_as alice id -un
expect_out '^alice$' "alice herself still gets in"
check "the agent lives" agent_active

step "words"
reason=$'backup\n2026-01-01 assentd[1]: request approved by carol\e[2J\e]0;x\a\u202etxt.exe\u200b'
try as alice assent request --service sudo --reason "$reason" -- /usr/bin/printf $'\e[31m' $'a\nb'
id=$(request_id 5)
need "a request is open" [ -n "$id" ]
for verb in "show $id" "show $id --json" "pending" "pending --json"; do
    # shellcheck disable=SC2086 # two words
    try ssh_as carol assent $verb
    check "assent ${verb/$id/ID} shows no control or bidi character" \
        not grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80(\xae|\x8b)' <<<"$OUT"
done
try ssh_as carol assent show "$id"
expect_out 'x1b' "the escape is shown as what it is"
check "no line of it begins with the forged text" not matches "$OUT" '^ *2026-01-01 assentd'
on journalctl --sync
try on journalctl -q -o cat _SYSTEMD_UNIT=assentd.service
check "no line of the journal is forged" not matches "$OUT" '^2026-01-01 assentd'
check "nor has a control character" not grep -qP '[\x00-\x08\x0b-\x1f\x7f]' <<<"$OUT"
try ssh_as carol "assent deny $id --reason \$'no\\e[31m\\nassentd: granted'"
expect_rc 0 "carol refuses it, with escapes too"
try on journalctl -q -o cat _SYSTEMD_UNIT=assentd.service
check "and forges nothing either" not matches "$OUT" '^assentd: granted'
