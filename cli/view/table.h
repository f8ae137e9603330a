/* Aligned columns. Cells are filled row by row. */
#pragma once

#include "../base/text.h"
#include "style.h"

#define TABLE_COLUMNS_MAX 10

struct table_column {
    const char *title;
    bool shrinks; /* may be cut when the terminal is too narrow */
};

struct table {
    const struct table_column *columns; /* ended by a NULL title; borrowed */
    size_t column_count;
    struct table_cell {
        char *text; /* escaped, owned */
        enum style style;
    } * cells;
    size_t count, size;
    bool failed; /* out of memory; table_render then fails too */
};

void table_init(struct table *table, const struct table_column *columns);
void table_done(struct table *table);

/* Appends the next cell, escaping `text`; NULL is an empty one. */
void table_add(struct table *table, const char *text, enum style style);

/* The same with text that is escaped already; takes it over. NULL: out of memory. */
void table_take(struct table *table, char *escaped, enum style style);

/* Appends the whole table with a head line, cut to options->width columns; without a terminal
 * nothing is cut, and what is very long moves only the rest of its own row. Lines carry no trailing
 * blanks. */
void table_render(
    const struct table *table, const struct cli_options *options, struct str_builder *out);
