#!/bin/sh
# Every #include against the rules in layers.txt.
set -eu
cd "$(dirname "$0")/../.."

list_includes() { # FILE "HEADER" or FILE <HEADER>
    find accounts agent cli common pam_module sudo_plugin -name '*.[ch]' -exec \
        sed -n 's/^#[[:space:]]*include[[:space:]]*\(["<][^">]*[">]\).*/\1/; T; F; p' {} + |
        paste - -
}

list_includes | awk -v rules=tests/check/layers.txt '
function folder_of(path) {
    sub(/\/[^\/]*$/, "", path)
    return path
}

function resolve(folder, header, parts, count, i, depth, kept) {
    count = split(folder "/" header, parts, "/")
    for (i = 1; i <= count; i++) {
        if (parts[i] == "..")
            depth--
        else if (parts[i] != ".")
            kept[++depth] = parts[i]
    }
    header = kept[1]
    for (i = 2; i <= depth; i++)
        header = header "/" kept[i]
    return header
}

function as_regex(pattern) {
    gsub(/\./, "\\.", pattern)
    gsub(/\*/, ".*", pattern)
    return "^" pattern "$"
}

function complain(text) {
    print "layers: " text
    failed = 1
}

function check_own(file, header, from, to) {
    from = folder_of(file)
    to = folder_of(resolve(from, header))
    if (!(from in known))
        complain(file ": its folder has no rule in " rules)
    else if (from != to && !((from, to) in may))
        complain(file ": may not include " resolve(from, header))
}

# The first pattern that fits the header counts.
function check_system(file, header, i, where, count, j) {
    for (i = 1; i <= only_count; i++) {
        if (header !~ only_header[i])
            continue
        count = split(only_where[i], where, " ")
        for (j = 1; j <= count; j++)
            if (file == where[j] || folder_of(file) == where[j])
                return
        complain(file ": may not include <" header ">")
        return
    }
}

BEGIN {
    while ((getline line < rules) > 0) {
        count = split(line, word, " ")
        if (word[1] == "may") {
            known[word[2]] = 1
            for (i = 3; i <= count; i++)
                may[word[2], word[i]] = 1
        } else if (word[1] == "only") {
            only_header[++only_count] = as_regex(word[2])
            for (i = 3; i <= count; i++)
                only_where[only_count] = only_where[only_count] " " word[i]
        }
    }
    if (!only_count) {
        print "layers: no rules in " rules
        exit 1
    }
}

{
    includes++
    header = substr($2, 2, length($2) - 2)
    if ($2 ~ /^"/)
        check_own($1, header)
    else
        check_system($1, header)
}

END {
    if (failed || !includes)
        exit 1
    print "layers: " includes " includes keep to the rules"
}'
