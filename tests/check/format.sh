#!/bin/sh
# Layout of every C file against .clang-format, and three habits that the compiler cannot see.
set -eu
cd "$(dirname "$0")/../.."
failed=0

list_sources() {
    find accounts agent cli common pam_module sudo_plugin tests -name '*.[ch]' "$@"
}

refuse() { # WHAT PATTERN FIND-ARGUMENTS...
    what=$1 pattern=$2
    shift 2
    if list_sources "$@" -exec grep -nE "$pattern" {} + | grep .; then
        echo "format: $what"
        failed=1
    fi
}

list_sources -print0 | xargs -0 clang-format --dry-run -Werror || failed=1
refuse "a choice made by the preprocessor inside a .c file" '^#[[:space:]]*(if|ifdef|ifndef|elif)\b' -name '*.c'
refuse "work left undone" '\b(TODO|FIXME|XXX)\b'
refuse "white space at the end of a line" '[[:space:]]$'
[ "$failed" -eq 0 ] || exit 1
echo "format: $(list_sources -print | wc -l) files are laid out alike"
