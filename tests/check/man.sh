#!/bin/sh
# The manual against the programs: pages without warnings; every verb and option of the CLI
# in assent(1) and in the completion; every module argument, journal event and configuration key
# described; every policy that is shown as an example loads; every folder is in ARCHITECTURE.md. BUILD: where the programs are.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build/out}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

complain() {
    echo "man: $*"
    failed=1
}

rendered() { # PAGE: as plain text in one line, so that nothing is broken over two
    [ -f "docs/man/$1" ] || return 0
    mandoc -T ascii -O width=200 "docs/man/$1" | col -b | tr -s ' \n' ' '
}

check_pages() {
    for page in assent.1 assent-policy.5 assent.yaml.5 assent-accounts.8 assentd.8 assent_sudo.8 \
        pam_assent.8; do
        [ -f "docs/man/$page" ] || complain "docs/man/$page is missing"
    done
    # Only references to pages of other packages may be unknown to mandoc.
    mandoc -T lint -W warning docs/man/*.[158] >"$work/lint" 2>&1 || true
    if grep -v 'outdated mandoc.db' "$work/lint"; then
        failed=1
    fi
}

check_cli() {
    if ! "$build/assent" help --machine >"$work/cli"; then
        complain "$build/assent help --machine failed"
        return
    fi
    rendered assent.1 >"$work/assent.1"
    awk -F '\t' '$1 == "verb" { print $2 } $1 == "option" { print $3 }' "$work/cli" |
        sort -u >"$work/words"
    while read -r word; do
        grep -qF -e "$word" "$work/assent.1" || complain "assent(1) does not mention: $word"
    done <"$work/words"
    bash tests/check/completion.bash "$work/cli" "$build" || failed=1
}

check_module_options() {
    rendered pam_assent.8 >"$work/pam_assent.8"
    options=$(sed -n '/table\[\] = {/,/^};/s/^ *{"\([a-z]*=\{0,1\}\)".*/\1/p' pam_module/options.c)
    [ -n "$options" ] || complain "no options found in pam_module/options.c"
    for option in $options; do
        grep -qF "$option" "$work/pam_assent.8" || complain "pam_assent(8) does not mention: $option"
    done
}

check_config() {
    rendered assent.yaml.5 >"$work/assent.yaml.5"
    for key in $(grep -oE '(yaml_take|take_[a-z_]+)\([a-z]+, "[a-z_]+"' agent/load/config.c |
        grep -oE '"[a-z_]+"' | tr -d '"'); do
        grep -qE "\b$key\b" "$work/assent.yaml.5" || complain "assent.yaml(5) does not mention: $key"
        grep -qE "^#? *$key:" etc/assent.yaml || complain "etc/assent.yaml does not mention: $key"
    done
}

check_daemon_options() { # PROGRAM
    rendered "$1.8" >"$work/$1.8"
    for option in $("$build/$1" --help | grep -oE -e '--[a-z]+' | sort -u); do
        [ "$option" = --help ] || grep -qF -e "$option" "$work/$1.8" ||
            complain "$1(8) does not mention: $option"
    done
}

# Who may call what is told of every method.
check_methods() {
    rendered assentd.8 >"$work/assentd.8"
    for method in $(sed -n 's/^method \([A-Za-z]*\)(.*/\1/p' etc/io.assent.varlink); do
        grep -qw -e "$method" "$work/assentd.8" || complain "assentd(8) does not mention: $method"
    done
}

# Every event that the agent records has a message id; each id has its text in the catalog, each
# event its place in docs/journal.md.
check_events() {
    sed -n 's/.*{"\([a-z-]*\)", *"\([0-9a-f]\{32\}\)".*/\1 \2/p' agent/journal/journal_catalog.c \
        >"$work/events"
    [ -s "$work/events" ] || complain "no events found in agent/journal/journal_catalog.c"
    for event in $(sed -n 's/^#define EVENT_[A-Z_]* "\([a-z-]*\)"$/\1/p' agent/core/audit.h); do
        grep -q "^$event " "$work/events" || complain "no message id for event: $event"
    done
    while read -r event id; do
        grep -q "^-- $id\$" packaging/assent.catalog || complain "no text in the catalog for: $event"
        grep -qw -e "$event" docs/journal.md || complain "docs/journal.md lacks: $event"
    done <"$work/events"
    for id in $(sed -n 's/^-- //p' packaging/assent.catalog); do
        grep -q " $id\$" "$work/events" || complain "catalog text for an unknown id: $id"
    done
}

# Every kind of finding, and every program that counts as a way to a shell, is told of.
check_findings() {
    rendered assent-policy.5 >"$work/assent-policy.5"
    sed -n 's/.*= {"\([a-z-]*\)", LINT_.*/\1/p' agent/policy/lint/lints.c >"$work/lints"
    sed -n 's/^ *{"\([^"]*\)", ESCAPE_.*/\1/p' agent/policy/lint/escapes.c >"$work/escapes"
    [ -s "$work/lints" ] && [ -s "$work/escapes" ] || complain "no findings found in agent/policy/lint"
    while read -r word; do
        grep -qF -e "$word (" "$work/assent-policy.5" || complain "assent-policy(5) lacks the finding: $word"
    done <"$work/lints"
    while read -r word; do
        grep -qF -e " $word" "$work/assent-policy.5" || complain "assent-policy(5) lacks the program: $word"
    done <"$work/escapes"
}

# Every fenced yaml block of the documents and every shipped policy, each on its own.
check_examples() {
    mkdir "$work/policies"
    for document in README.md docs/*.md; do
        awk -v to="$work/policies/$(basename "$document")" '
            /^```yaml/ { inside = 1; count++; next }
            /^```/ { inside = 0 }
            inside { print >(to "." count ".yaml") }' "$document"
    done
    find etc docs -name '*.yaml' ! -path etc/assent.yaml -exec cp -t "$work/policies" {} +
    for policy in "$work"/policies/*.yaml; do
        [ -f "$policy" ] || continue
        mkdir "$work/one"
        cp "$policy" "$work/one/"
        "$build/assent" policy check "$work/one" >"$work/out" 2>&1 ||
            complain "$(basename "$policy") does not load: $(cat "$work/out")"
        rm -r "$work/one"
    done
}

# A newcomer finds each folder in ARCHITECTURE.md, and nothing there that is gone.
check_architecture() {
    find . -mindepth 1 \( -name .git -o -path ./build -o -path './tests/*/*' -o -path './*/*/*/*' -o \
        -path './packaging/debian/*' \) -prune -o -type d -print | sort >"$work/folders"
    while read -r folder; do
        name=$(basename "$folder")/
        grep -qF -e "$name" ARCHITECTURE.md || complain "ARCHITECTURE.md does not name the folder: $folder"
    done <"$work/folders"
    grep -oE '`[a-z_./]+\.[ch]`' ARCHITECTURE.md | tr -d '`' | sort -u >"$work/files"
    while read -r file; do
        find ./* -name "${file##*/}" | grep -qF -e "/$file" ||
            complain "ARCHITECTURE.md names a file that is gone: $file"
    done <"$work/files"
}

check_pages
check_architecture
check_cli
check_module_options
check_config
check_daemon_options assentd
check_methods
check_daemon_options assent-accounts
check_events
check_findings
check_examples
[ "$failed" -eq 0 ] || exit 1
echo "man: $(wc -l <"$work/words") verbs and options, and the other documents, say what is there"
