#include "table.h"

#include <string.h>

#include "../../common/columns.h"

#define GAP 2
#define NARROWEST 8    /* columns below which a cell tells nothing any more */
#define PADDED_MAX 100 /* without a terminal a longer cell is not cut, and moves only its row */

void table_init(struct table *table, const struct table_column *columns)
{
    *table = (struct table){.columns = columns};
    while (table->column_count < TABLE_COLUMNS_MAX && columns[table->column_count].title)
        table->column_count++;
}

void table_done(struct table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i].text);
    free(table->cells);
    *table = (struct table){0};
}

static bool reserve(struct table *table)
{
    size_t size = table->size ? table->size * 2 : 64;
    struct table_cell *cells;

    if (table->count < table->size)
        return true;
    cells = reallocarray(table->cells, size, sizeof(*cells));
    if (!cells)
        return false;
    table->cells = cells;
    table->size = size;
    return true;
}

void table_take(struct table *table, char *escaped, enum style style)
{
    if (!escaped || !reserve(table)) {
        free(escaped);
        table->failed = true;
        return;
    }
    table->cells[table->count++] = (struct table_cell){escaped, style};
}

void table_add(struct table *table, const char *text, enum style style)
{
    table_take(table, text_escape(text ? text : ""), style);
}

static void measure(const struct table *table, size_t widths[TABLE_COLUMNS_MAX])
{
    for (size_t i = 0; i < table->column_count; i++)
        widths[i] = strlen(table->columns[i].title);
    for (size_t i = 0; i < table->count; i++) {
        size_t columns = columns_of(table->cells[i].text);

        if (columns > widths[i % table->column_count])
            widths[i % table->column_count] = columns;
    }
}

/* The widest column that may still be cut, or column_count. */
static size_t widest(const struct table *table, const size_t widths[TABLE_COLUMNS_MAX])
{
    size_t found = table->column_count;

    for (size_t i = 0; i < table->column_count; i++)
        if (table->columns[i].shrinks && widths[i] > NARROWEST &&
            (found == table->column_count || widths[i] > widths[found]))
            found = i;
    return found;
}

static void shrink(const struct table *table, size_t width, size_t widths[TABLE_COLUMNS_MAX])
{
    size_t total = GAP * (table->column_count - 1);

    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].shrinks && widths[i] > width)
            widths[i] = width > NARROWEST ? width : NARROWEST;
        total += widths[i];
    }
    while (total > width) {
        size_t column = widest(table, widths);

        if (column == table->column_count)
            return;
        widths[column]--;
        total--;
    }
}

static void keep_padding(size_t count, size_t widths[TABLE_COLUMNS_MAX])
{
    for (size_t i = 0; i < count; i++)
        if (widths[i] > PADDED_MAX)
            widths[i] = PADDED_MAX;
}

static void put_cell(struct str_builder *out, const char *text, size_t width, bool cut, bool last)
{
    size_t columns = columns_of(text);

    text_put_cut(out, text, cut ? width : columns);
    if (!last && columns < width)
        str_appendf(out, "%*s", (int)(width - columns), "");
    if (!last)
        str_appendf(out, "%*s", GAP, "");
}

/* The last cell of a row with something in it: what follows needs no padding. */
static size_t row_length(const struct table *table, size_t row)
{
    size_t length = table->column_count;

    while (length > 0 && table->cells[row * table->column_count + length - 1].text[0] == '\0')
        length--;
    return length;
}

static void put_row(const struct table *table, const struct cli_options *options, size_t row,
    const size_t widths[TABLE_COLUMNS_MAX], struct str_builder *out)
{
    size_t length = row_length(table, row);

    for (size_t i = 0; i < length; i++) {
        const struct table_cell *cell = &table->cells[row * table->column_count + i];

        str_append(out, style_on(options, cell->style));
        put_cell(out, cell->text, widths[i], options->width > 0, i + 1 == length);
        str_append(out, style_off(options, cell->style));
    }
    str_append(out, "\n");
}

void table_render(
    const struct table *table, const struct cli_options *options, struct str_builder *out)
{
    size_t widths[TABLE_COLUMNS_MAX], rows = table->count / table->column_count;

    if (table->failed) {
        out->failed = true;
        return;
    }
    measure(table, widths);
    if (options->width > 0)
        shrink(table, options->width, widths);
    else
        keep_padding(table->column_count, widths);
    str_append(out, style_on(options, STYLE_DIM));
    for (size_t i = 0; i < table->column_count; i++)
        put_cell(out, table->columns[i].title, widths[i], options->width > 0,
            i + 1 == table->column_count);
    str_append(out, style_off(options, STYLE_DIM));
    str_append(out, "\n");
    for (size_t row = 0; row < rows; row++)
        put_row(table, options, row, widths, out);
}
