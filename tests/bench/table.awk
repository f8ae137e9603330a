# Rows of run.sh's table on standard input; the measured values, "name value unit", in the file
# `figures`. Prints the table and writes `json`.

function value(name) {
    if (name ~ /^[0-9]+$/) return name
    return (name in measured) ? measured[name] : ""
}

function show(number) {
    if (number == "") return "-"
    if (number >= 1000) return sprintf("%.0f", number)
    return number >= 1 ? sprintf("%.1f", number) : sprintf("%.3f", number)
}

function show_ratio(ratio) {
    return ratio >= 0.01 || ratio <= 0 ? sprintf("%.2f", ratio) : sprintf("1/%.0f", 1 / ratio)
}

function either(name) {
    return value(name "_p50") != "" ? value(name "_p50") : value(name)
}

function judge(ratio, goal) {
    if (goal == "") return ""
    split(goal, part, " ")
    if (split(part[2], fraction, "/") == 2) part[2] = fraction[1] / fraction[2]
    if (part[1] == "<=") return ratio <= part[2] + 0 ? "met" : "missed"
    return ratio >= part[2] + 0 ? "met" : "missed"
}

function number_or_null(text) {
    return text == "" ? "null" : text
}

BEGIN {
    while ((getline line < figures) > 0) {
        split(line, word, " ")
        measured[word[1]] = word[2]
        unit[word[1]] = word[3]
        order[++count] = word[1]
    }
    format = "%-55s %10s %10s %10s %10s %-4s %7s  %-9s %s\n"
    printf format, "figure", "p50", "p99", "beside p50", "p99", "", "ratio", "goal", ""
    printf "{\n  \"about\": \"%s\",\n  \"figures\": [", about >json
}

either($2) != "" && either($3) != "" {
    ratio = either($2) / either($3)
    met = judge(ratio, $5)
    printf format, $1, show(either($2)), show(value($2 "_p99")), show(either($3)),
        show(value($3 "_p99")), $4, show_ratio(ratio), $5, met
    printf "%s\n    {\"figure\": \"%s\", \"unit\": \"%s\", \"ours\": {\"p50\": %s, \"p99\": %s}, " \
        "\"beside\": {\"p50\": %s, \"p99\": %s}, \"ratio\": %.7g, \"goal\": %s, \"met\": %s}",
        comma, $1, $4, either($2), number_or_null(value($2 "_p99")), either($3),
        number_or_null(value($3 "_p99")), ratio, ($5 == "" ? "null" : "\"" $5 "\""),
        ($5 == "" ? "null" : met == "met" ? "true" : "false") >json
    comma = ","
}

END {
    printf "\n  ],\n  \"measured\": {" >json
    for (i = 1; i <= count; i++)
        printf "%s\n    \"%s\": {\"value\": %s, \"unit\": \"%s\"}", (i == 1 ? "" : ","), order[i],
            measured[order[i]], unit[order[i]] >json
    printf "\n  }\n}\n" >json
    print about
}
