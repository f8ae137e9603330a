#include "node.h"

#include <string.h>

#include "../../common/str.h"

struct yaml_node *yaml_root(struct yaml_document *document)
{
    return document->root;
}

enum yaml_kind yaml_kind_of(const struct yaml_node *node)
{
    return (enum yaml_kind)node->kind;
}

const char *yaml_file(const struct yaml_node *node)
{
    return node->document->file;
}

unsigned yaml_line(const struct yaml_node *node)
{
    return node->line;
}

unsigned yaml_column(const struct yaml_node *node)
{
    return node->column;
}

bool yaml_expect(const struct yaml_node *node, enum yaml_kind kind, struct yaml_errors *errors)
{
    static const char *const names[] = {
        [YAML_SCALAR] = "a single value",
        [YAML_SEQUENCE] = "a list",
        [YAML_MAPPING] = "a mapping",
    };

    if (yaml_kind_of(node) == kind)
        return true;
    if (!node->refused)
        yaml_error(errors, node, "expected %s, found %s", names[kind],
            yaml_kind_of(node) == YAML_SCALAR && node->text[0] == '\0' ? "nothing"
                                                                       : names[node->kind]);
    return false;
}

const char *yaml_text(const struct yaml_node *node, struct yaml_errors *errors)
{
    if (node->refused || !yaml_expect(node, YAML_SCALAR, errors))
        return NULL;
    return node->text;
}

size_t yaml_count(const struct yaml_node *node)
{
    return yaml_kind_of(node) == YAML_SCALAR ? 1 : node->count;
}

struct yaml_node *yaml_item(const struct yaml_node *node, size_t index)
{
    if (index >= yaml_count(node))
        return NULL;
    switch (yaml_kind_of(node)) {
    case YAML_SCALAR:
        return (struct yaml_node *)(uintptr_t)node;
    case YAML_SEQUENCE:
        return &node->children[index];
    case YAML_MAPPING:
        return &node->children[2 * index + 1];
    }
    return NULL;
}

struct yaml_node *yaml_key(struct yaml_node *mapping, size_t index)
{
    struct yaml_node *key;

    if (yaml_kind_of(mapping) != YAML_MAPPING || index >= mapping->count)
        return NULL;
    key = &mapping->children[2 * index];
    key->taken = 1;
    return key;
}

static void remember(struct yaml_node *mapping, const char *key)
{
    struct yaml_document *document = mapping->document;
    struct yaml_known *block = mapping->known;

    if (!block || block->count == YAML_KNOWN_BLOCK) {
        block = document->spare;
        if (block)
            document->spare = block->next;
        else
            block = arena_alloc(&document->arena, sizeof(*block));
        if (!block)
            return; /* only a suggestion is lost */
        *block = (struct yaml_known){.next = mapping->known};
        mapping->known = block;
    }
    block->keys[block->count++] = key;
}

struct yaml_node *yaml_take(struct yaml_node *mapping, const char *key)
{
    if (yaml_kind_of(mapping) != YAML_MAPPING)
        return NULL;
    remember(mapping, key);
    for (size_t i = 0; i < mapping->count; i++) {
        struct yaml_node *node = &mapping->children[2 * i];

        if (str_equal(node->text, key)) {
            node->taken = 1;
            return node + 1;
        }
    }
    return NULL;
}

static const char *nearest_known(const struct yaml_node *mapping, const char *word)
{
    const char *nearest = NULL;

    for (const struct yaml_known *block = mapping->known; block; block = block->next) {
        const char *both[] = {yaml_nearest(word, block->keys, block->count), nearest};

        if (both[0])
            nearest = nearest ? yaml_nearest(word, both, 2) : both[0];
    }
    return nearest;
}

static void refuse_key(
    const struct yaml_node *mapping, const struct yaml_node *key, struct yaml_errors *errors)
{
    const char *nearest = nearest_known(mapping, key->text);

    if (nearest)
        yaml_error(errors, key, "unknown key '%s', did you mean '%s'?", key->text, nearest);
    else
        yaml_error(errors, key, "unknown key '%s'", key->text);
}

void yaml_finish(struct yaml_node *mapping, struct yaml_errors *errors)
{
    if (yaml_kind_of(mapping) != YAML_MAPPING)
        return;
    for (size_t i = 0; i < mapping->count; i++) {
        const struct yaml_node *key = &mapping->children[2 * i];

        if (!key->taken && !key->refused)
            refuse_key(mapping, key, errors);
    }
    while (mapping->known) {
        struct yaml_known *block = mapping->known;

        mapping->known = block->next;
        block->next = mapping->document->spare;
        mapping->document->spare = block;
    }
}

static int compare_keys(const void *left, const void *right)
{
    const struct yaml_node *const *a = left, *const *b = right;
    int order = strcmp((*a)->text, (*b)->text);

    return order != 0 ? order : (*a > *b) - (*a < *b);
}

bool yaml_check_duplicates(const struct yaml_node *mapping, struct yaml_errors *errors)
{
    AUTO_FREE struct yaml_node **keys =
        calloc((size_t)mapping->count + 1, sizeof(struct yaml_node *));

    if (!keys)
        return false;
    for (size_t i = 0; i < mapping->count; i++)
        keys[i] = &mapping->children[2 * i];
    qsort(keys, mapping->count, sizeof(*keys), compare_keys);
    for (size_t i = 1; i < mapping->count; i++) {
        if (strcmp(keys[i]->text, keys[i - 1]->text) != 0 || keys[i]->refused)
            continue;
        keys[i]->refused = 1;
        yaml_error(errors, keys[i], "key '%s' stands in line %u already", keys[i]->text,
            keys[i - 1]->line);
    }
    return true;
}
