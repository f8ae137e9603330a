#include <string.h>

#include "../../common/str.h"
#include "yaml.h"

static char *list_words(const char *const *words, size_t count)
{
    struct str_builder list = {0};

    for (size_t i = 0; i < count; i++) {
        str_append(&list, i > 0 ? ", " : "");
        str_append(&list, words[i]);
    }
    return str_builder_take(&list);
}

int yaml_choice(const struct yaml_node *node, const char *const *words, size_t count,
    struct yaml_errors *errors)
{
    const char *text = yaml_text(node, errors), *nearest;
    AUTO_FREE char *listed = NULL;

    if (!text)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, words[i]) == 0)
            return (int)i;
    nearest = yaml_nearest(text, words, count);
    listed = list_words(words, count);
    yaml_error(errors, node, "'%s' is not one of %s%s%s%s", text,
        listed ? listed : "the words known here", nearest ? "; did you mean '" : "",
        nearest ? nearest : "", nearest ? "'?" : "");
    return -1;
}
