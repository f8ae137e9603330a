/* Reports: rows with a head, as text, JSON, CSV or a page of HTML. A kind of report is one row in
 * the table of verb_report.c: what it reads, its columns, and what stands in each cell. Whatever
 * came in is escaped by the format. */
#pragma once

#include <jansson.h>

#include "../../common/str.h"
#include "../base/cli.h"
#include "../view/style.h"

struct report_column {
    const char *key;   /* of CSV's head line; also tells `put` which cell is meant */
    const char *title; /* for people */
    bool shrinks;      /* may be cut on a narrow terminal */
};

struct report;

struct report_kind {
    const char *name;    /* assent report NAME */
    const char *summary; /* one line for the list of kinds */
    const char *title;
    const char *empty; /* said when there are no rows */
    const char *since; /* how far it looks back without --since: since.h */
    const struct report_column *columns;
    size_t column_count;

    /* Fills rows and notes, and host and policy where it knows them. `since_us`: wall clock.
     * Returns CLI_OK or the exit code, with what went wrong on standard error. */
    int (*read)(const struct cli_options *options, uint64_t since_us, struct report *report);

    /* Appends the cell `key` of the row, as raw text. */
    void (*put)(struct str_builder *out, const json_t *row, const char *key);

    /* The style of that cell on a terminal; may be NULL. */
    enum style (*style)(const json_t *row, const char *key);
};

/* Zero-initialise; free with report_done. */
struct report {
    const struct report_kind *kind;
    uint64_t made_us; /* wall clock */
    json_t *rows;     /* array of objects: JSON's whole report */
    json_t *notes;    /* array of texts: lines above the rows */
    json_t *host;     /* texts, or NULL */
    json_t *policy;
};

extern const struct report_kind report_recertification; /* report_recertification.c */
extern const struct report_kind report_monitor;         /* monitored.c */

void report_done(struct report *report);

/* Adds a line above the rows; takes the text, which may be NULL (out of memory). */
void report_note(struct report *report, char *text);

/* How many decisions of self-tests (decisions_is_selftest) were left out; nothing for none. */
void report_note_selftests(struct report *report, uint64_t count);

/* ---- formats ------------------------------------------------------------------------------ */

void report_put_text(
    struct str_builder *out, const struct report *report, const struct cli_options *options);

/* One array of the rows; on a terminal indented and in ASCII. */
void report_put_json(struct str_builder *out, const struct report *report, bool for_terminal);

/* RFC 4180, with a head line. A spreadsheet takes a cell that begins with = + - or @ for a formula:
 * such a cell has an apostrophe in front. */
void report_put_csv(struct str_builder *out, const struct report *report);

/* One page that needs nothing else: no scripts, nothing fetched. */
void report_put_html(struct str_builder *out, const struct report *report);
