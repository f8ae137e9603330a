#!/bin/sh
# How long functions and files are, in lines. Fails past 100 lines for a function or 600 for a
# file; prints the middle and the 90th percentile, which should be about 15 and 45. Relies on the
# formatter: a function starts at a `{` in the first column and ends at a `}` there.
set -eu
cd "$(dirname "$0")/../.."

find accounts agent cli common pam_module sudo_plugin -name '*.[ch]' -exec awk '
    FNR == 1 { start = 0 }
    /^{$/ { start = FNR }
    /^}$/ && start { print "function", FNR - start - 1, FILENAME ":" start; start = 0 }
    { lines[FILENAME] = FNR }
    END { for (file in lines) print "file", lines[file], file }' {} + |
    sort -k1,1 -k2,2n | awk '
    $1 == "function" { length_of[++count] = $2 }
    $1 == "function" && $2 > 100 { print "sizes: " $3 ": a function of " $2 " lines"; failed = 1 }
    $1 == "function" && $2 > 60 && $2 <= 100 { print "sizes: " $3 ": " $2 " lines is long" }
    $1 == "file" && $2 > 600 { print "sizes: " $3 ": a file of " $2 " lines"; failed = 1 }
    END {
        if (!count)
            exit 1
        printf "sizes: %d functions, median %d lines, 90th percentile %d, longest %d\n", count,
            length_of[int((count + 1) / 2)], length_of[int(count * 0.9)], length_of[count]
        exit failed
    }'
