#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../common/str.h"
#include "node.h"

/* Longer findings are cut: they hold names and texts out of the file. */
#define MESSAGE_MAX 1024

/* Escaped here and nowhere else, so that no message can forget it. */
PRINTF_LIKE(1, 0) static char *format_message(const char *format, va_list args)
{
    char raw[MESSAGE_MAX], escaped[MESSAGE_MAX];

    if (vsnprintf(raw, sizeof(raw), format, args) < 0)
        return NULL;
    return strdup(str_escape(raw, strlen(raw), escaped, sizeof(escaped)));
}

static bool reserve(struct yaml_errors *errors)
{
    struct yaml_error *items;

    if (errors->count >= YAML_ERRORS_MAX)
        return false;
    if ((errors->count & (errors->count - 1)) != 0)
        return true;
    items = realloc(errors->items, (errors->count ? errors->count * 2 : 1) * sizeof(*items));
    if (items)
        errors->items = items;
    return items != NULL;
}

PRINTF_LIKE(3, 0)
static void add(
    struct yaml_errors *errors, const struct yaml_error *place, const char *format, va_list args)
{
    AUTO_FREE char *file = str_escape_new(place->file), *message = format_message(format, args);

    if (!file || !message || !reserve(errors)) {
        errors->dropped++;
        return;
    }
    errors->items[errors->count++] = (struct yaml_error){
        .file = TAKE_PTR(file),
        .line = place->line,
        .column = place->column,
        .message = TAKE_PTR(message),
    };
}

void yaml_errors_add(struct yaml_errors *errors, const char *file, unsigned line, unsigned column,
    const char *format, ...)
{
    struct yaml_error place = {.file = (char *)(uintptr_t)file, .line = line, .column = column};
    va_list args;

    va_start(args, format);
    add(errors, &place, format, args);
    va_end(args);
}

void yaml_error(struct yaml_errors *errors, const struct yaml_node *node, const char *format, ...)
{
    struct yaml_error place = {
        .file = (char *)(uintptr_t)node->document->file,
        .line = node->line,
        .column = node->column,
    };
    va_list args;

    va_start(args, format);
    add(errors, &place, format, args);
    va_end(args);
}

size_t yaml_errors_total(const struct yaml_errors *errors)
{
    return errors->count + errors->dropped;
}

static int compare_places(const void *left, const void *right)
{
    const struct yaml_error *a = left, *b = right;
    int order = strcmp(a->file, b->file);

    if (order == 0)
        order = (a->line > b->line) - (a->line < b->line);
    if (order == 0)
        order = (a->column > b->column) - (a->column < b->column);
    return order != 0 ? order : strcmp(a->message, b->message);
}

void yaml_errors_sort(struct yaml_errors *errors)
{
    if (errors->count > 1)
        qsort(errors->items, errors->count, sizeof(*errors->items), compare_places);
}

void yaml_errors_done(struct yaml_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++) {
        free(errors->items[i].file);
        free(errors->items[i].message);
    }
    free(errors->items);
    *errors = (struct yaml_errors){0};
}
