#include "errors.h"

#include "../../agent/yaml/yaml.h"
#include "../base/text.h"

#define INDENT 4

static void put_one(struct str_builder *out, const struct yaml_error *error, unsigned width)
{
    size_t before = out->length;

    if (error->file[0] != '\0') {
        text_put(out, error->file);
        str_appendf(out, ":%u:%u: ", error->line, error->column);
    }
    text_put_wrapped_at(out, error->message, out->length - before, INDENT, width);
}

void errors_put(struct str_builder *out, const struct yaml_errors *errors, unsigned width)
{
    for (size_t i = 0; i < errors->count; i++)
        put_one(out, &errors->items[i], width);
    if (errors->dropped > 0)
        str_appendf(out, "and %zu more errors\n", errors->dropped);
}

json_t *errors_to_json(const struct yaml_errors *errors)
{
    json_t *array = json_array();

    for (size_t i = 0; i < errors->count; i++) {
        const struct yaml_error *error = &errors->items[i];

        (void)json_array_append_new(
            array, json_pack("{s:s, s:i, s:i, s:s}", "file", error->file, "line", (int)error->line,
                       "column", (int)error->column, "message", error->message));
    }
    return array;
}
