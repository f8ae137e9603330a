#!/bin/bash
# The story of Assent, played live on a private host: a login that is pre-approved, one that is
# refused, an entitlement that is granted at once, a sudo command that asks for evidence and waits
# for a second person, what the journal has of it, and what a change of the rules would have meant.
#
# Each line begins with whose terminal it is on. Needs root; leaves nothing behind but
# packages that apt had to install and the cache in /var/cache/assent-test.
set -u
# shellcheck source=tests/demo/stage.sh
. "$(dirname "$(readlink -f "$0")")/stage.sh"
HOST=demo-$$
WORK=$(mktemp -d)

# ---- looks -----------------------------------------------------------------------------

colours() {
    declare -gA COLOUR=([alice]='' [bob]='' [carol]='' [root]='')
    BOLD='' PLAIN=''
    if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
        BOLD=$'\e[1m' PLAIN=$'\e[0m'
        COLOUR=([alice]=$'\e[36m' [bob]=$'\e[33m' [carol]=$'\e[35m' [root]=$'\e[32m')
    fi
}

chapter() {
    printf '\n%s%s%s\n' "$BOLD" "$1" "$PLAIN"
}

# What appears on somebody's terminal, line by line. A line that is drawn anew, only with other
# numbers in it (a count of seconds), is shown once.
terminal_of() {
    local who=$1 line shape='' last=''
    stdbuf -o0 tr '\r' '\n' | while IFS= read -r line || [ -n "$line" ]; do
        shape=${line//[0-9 ]/}
        if [ -z "$shape" ] || [ "$shape" = "$last" ]; then continue; fi
        printf '%s%6s |%s %s\n' "${COLOUR[$who]}" "$who" "$PLAIN" "$line"
        last=$shape
    done
}

typed() {
    printf '%s%6s |%s %s$ %s%s\n' "${COLOUR[$1]}" "$1" "$PLAIN" "$BOLD" "$2" "$PLAIN"
    pause
}

# Time to read, for people.
pause() {
    if [ -t 1 ]; then sleep "${1:-1}"; fi
}

# ---- the people -------------------------------------------------------------------------

# WHO types COMMAND and sees what comes; returns COMMAND's status.
at() {
    local who=$1 command=$2
    typed "$who" "$command"
    on sh -c "$command" 2>&1 </dev/null | terminal_of "$who"
    return "${PIPESTATUS[0]}"
}

# alice at her terminal: types the command, and what she is asked for; the ticket not well at first.
alice_restarts() {
    cat >"$WORK/alice" <<'X'
set timeout 60
set tickets {4711 INC-4711}
spawn -noecho ssh -tt alice "sudo systemctl restart shop; echo \"(exit status \$?)\""
expect {
    -re {Reason[^\n]*: $} {
        sleep 1
        send "checkout hangs since 10:00\r"
        exp_continue
    }
    -re {Ticket[^\n]*: $} {
        sleep 1
        send "[lindex $tickets 0]\r"
        set tickets [lrange $tickets 1 end]
        exp_continue
    }
    eof
}
X
    "$TOOL/host.sh" copy "$HOST" "$WORK/alice" /tmp/alice 644
    typed alice "sudo systemctl restart shop"
    on expect /tmp/alice 2>&1 </dev/null | terminal_of alice
}

waiting_request() {
    on assent pending --all --json | jq -r '.[] | select(.state == "waiting") | .id' | head -1
}

wait_for_request() {
    local tick
    REQUEST=
    for ((tick = 0; tick < 200; tick++)); do
        REQUEST=$(waiting_request)
        [ -n "$REQUEST" ] && return
        sleep 0.1
    done
    fail "alice's request did not open"
}

carol_approves() {
    wait_for_request
    pause 2
    typed carol "assent pending"
    on ssh carol assent pending 2>&1 </dev/null | terminal_of carol
    typed carol "assent show $REQUEST"
    on ssh carol assent show "$REQUEST" 2>&1 </dev/null | terminal_of carol
    pause 2
    typed carol "assent approve $REQUEST"
    on ssh carol assent approve "$REQUEST" 2>&1 </dev/null | terminal_of carol
}

# ---- the story --------------------------------------------------------------------------

chapter_policy() {
    chapter "The rules of this host (tests/demo/policy.yaml)"
    sed -n '/^entitlements/,$p' "$TREE/tests/demo/policy.yaml" |
        grep -E '^[a-z]|^  [a-z-]+:|^  - id:|^    (description|sensitivity|evidence|who|what|decision|reason):|^      (stages):'
    pause 3
}

chapter_logins() {
    chapter "1. A login that policy has approved before"
    at alice "ssh alice 'echo \"\$(id -un) is in on \$(hostname)\"'" || fail "alice was not let in"
    pause
    chapter "2. A login that policy refuses"
    at bob "ssh bob hostname" && fail "bob was let in"
    pause
}

# In her own login; what is typed is shown without the ssh that brings it there.
in_login_of() {
    local who=$1 command=$2
    typed "$who" "$command"
    on ssh "$who" "$command" 2>&1 </dev/null | terminal_of "$who"
    return "${PIPESTATUS[0]}"
}

chapter_entitlement() {
    chapter "3. What belongs together has a name, and is asked for by it"
    in_login_of alice "assent entitlements" || fail "alice has no entitlements"
    pause 3
    in_login_of alice "assent request shop-logs" && fail "the logs need no reason"
    in_login_of alice "assent request shop-logs --reason 'orders are slow'" ||
        fail "the logs were not granted"
    in_login_of alice "sudo journalctl --no-pager -u shop -n 1 -o cat" || fail "the logs stay closed"
    pause
    chapter "4. Nothing else comes with it"
    in_login_of alice "sudo bash" && fail "alice got a root shell"
    pause
}

chapter_approval() {
    local alice
    chapter "5. A command that needs a ticket and a second person: both terminals, as it happens"
    alice_restarts &
    alice=$!
    carol_approves
    wait $alice
}

chapter_journal() {
    chapter "6. What the journal has of it: one chain"
    typed root "journalctl _SYSTEMD_UNIT=assentd.service ASSENT_CHAIN=$REQUEST"
    on journalctl --sync
    on journalctl -q --no-pager -o cat --output-fields=MESSAGE _SYSTEMD_UNIT=assentd.service \
        ASSENT_CHAIN="$REQUEST" | terminal_of root
    pause 2
}

# Before it is loaded: in words, and against what really happened just now.
chapter_change() {
    chapter "7. Somebody proposes other rules: what they mean, and what they would have changed"
    at root "assent policy diff running /root/proposal" || fail "the proposal cannot be compared"
    pause 2
    at root "assent policy replay /root/proposal" || fail "the proposal cannot be replayed"
    on assent policy replay /root/proposal --json |
        jq -e '.changes[] | select(.change == "newly-allowed" and .subject == "alice" and .would.rule == "restart-at-once")' \
            >>"$LOG" || fail "the replay does not show that a restart would need nobody"
    pause 2
}

# The demo is a test too: it fails when the story did not come true.
verify() {
    local events
    events=$(on journalctl -q -o json _SYSTEMD_UNIT=assentd.service ASSENT_CHAIN="$REQUEST" |
        jq -r .ASSENT_EVENT | tr '\n' ' ')
    case $events in *request-opened*approval*granted*used*) return ;; esac
    fail "the chain is not whole ($events)"
}

at_end() {
    end_host
    rm -rf "$WORK"
}

main() {
    colours
    echo "Assent: who gets in, who may do what, and who says so."
    begin_stage
    trap at_end EXIT
    trap 'exit 130' INT TERM HUP
    build_all
    boot_host
    during "Policy and gate" dress_host
    chapter_policy
    chapter_logins
    chapter_entitlement
    chapter_approval
    chapter_journal
    verify
    chapter_change
    printf '\nThe host is gone again. To try it by hand: make demo-shell (%s s)\n' "$SECONDS"
}

main
