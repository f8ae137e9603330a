#!/bin/bash
# Asks the completion of `assent` for every verb and option of `assent help --machine` (in the
# file $1), the way bash would. $2: where the program is.
set -u
cd "$(dirname "$0")/../.." || exit 1
machine=$1
PATH=$(realpath "$2"):$PATH
failed=0

[ ! -r /usr/share/bash-completion/bash_completion ] || . /usr/share/bash-completion/bash_completion
. packaging/assent.bash-completion || exit 1
handler=$(complete -p assent | sed -n 's/.*-F \([^ ]*\).*/\1/p')

offers() { # WORD-TO-FIND WORDS...: completes the last of WORDS
    local expected=$1 offered
    shift
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    COMP_LINE="$*"
    COMP_POINT=${#COMP_LINE}
    COMPREPLY=()
    "$handler" assent "${*: -1}" "" >/dev/null 2>&1
    for offered in "${COMPREPLY[@]}"; do
        offered=${offered%% }
        [ "${offered%=}" != "$expected" ] || return 0
    done
    echo "completion: '$*' does not offer $expected"
    failed=1
}

while IFS=$'\t' read -r kind verb option _; do
    read -ra words <<<"$verb"
    if [ "$kind" = verb ]; then
        offers "${words[-1]}" assent "${words[@]:0:${#words[@]}-1}" ""
    elif [ "$verb" != "*" ]; then
        offers "$option" assent "${words[@]}" --
    fi
done <"$machine"
exit "$failed"
