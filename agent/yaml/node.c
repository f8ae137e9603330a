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

/* A block without keys, from 1; 0 without memory. */
static unsigned take_block(struct yaml_document *document)
{
    unsigned number = document->spare, count = document->known_count;
    struct yaml_known *known;

    if (number > 0) {
        document->spare = document->known[number - 1].next;
        return number;
    }
    if ((count & (count - 1)) == 0) {
        known = reallocarray(document->known, count > 0 ? 2 * (size_t)count : 1, sizeof(*known));
        if (!known)
            return 0;
        document->known = known;
    }
    return ++document->known_count;
}

static void remember(struct yaml_node *mapping, const char *key)
{
    struct yaml_document *document = mapping->document;
    unsigned number = mapping->known;
    struct yaml_known *block;

    if (number == 0 || document->known[number - 1].count == YAML_KNOWN_BLOCK) {
        number = take_block(document);
        if (number == 0)
            return; /* only a suggestion is lost */
        document->known[number - 1].next = mapping->known;
        document->known[number - 1].count = 0;
        mapping->known = number;
    }
    block = &document->known[number - 1];
    block->keys[block->count++] = key;
}

static bool has_text(const struct yaml_node *node, const char *text, size_t length)
{
    return node->count == length && memcmp(node->text, text, length) == 0;
}

/* One of 32 bits, by the first two bytes. */
static unsigned mark(const char *text)
{
    unsigned second = text[0] == '\0' ? 0 : (unsigned char)text[1];

    return 1U << (((unsigned char)text[0] + 5 * second) & 31);
}

void yaml_mark_keys(struct yaml_node *mapping)
{
    unsigned marks = 0;

    for (size_t i = 0; i < mapping->count; i++)
        marks |= mark(mapping->children[2 * i].text);
    if (mapping->count > 0)
        mapping->children[0].marks = marks;
}

static bool may_have(const struct yaml_node *mapping, const char *key)
{
    return mapping->count > 0 && (mapping->children[0].marks & mark(key)) != 0;
}

struct yaml_node *yaml_take(struct yaml_node *mapping, const char *key)
{
    size_t length;

    if (yaml_kind_of(mapping) != YAML_MAPPING)
        return NULL;
    remember(mapping, key);
    if (!may_have(mapping, key))
        return NULL;
    length = strlen(key);
    for (size_t i = 0; i < mapping->count; i++) {
        struct yaml_node *node = &mapping->children[2 * i];

        if (has_text(node, key, length)) {
            node->taken = 1;
            return node + 1;
        }
    }
    return NULL;
}

static const char *nearest_known(const struct yaml_node *mapping, const char *word)
{
    const struct yaml_known *known = mapping->document->known;
    const char *nearest = NULL;

    for (unsigned number = mapping->known; number > 0; number = known[number - 1].next) {
        const struct yaml_known *block = &known[number - 1];
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

static void give_back_known(struct yaml_node *mapping)
{
    struct yaml_document *document = mapping->document;

    while (mapping->known > 0) {
        unsigned number = mapping->known;
        struct yaml_known *block = &document->known[number - 1];

        mapping->known = block->next;
        block->next = document->spare;
        document->spare = number;
    }
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
    give_back_known(mapping);
}

/* Keys that may be compared each with each: a list of people can be long, a rule has few keys. */
#define FEW_KEYS 16

static bool has_duplicates(const struct yaml_node *mapping)
{
    for (size_t i = 1; i < mapping->count; i++) {
        const struct yaml_node *key = &mapping->children[2 * i];

        for (size_t j = 0; j < i; j++)
            if (has_text(&mapping->children[2 * j], key->text, key->count))
                return true;
    }
    return false;
}

static int compare_keys(const void *left, const void *right)
{
    const struct yaml_node *const *a = left, *const *b = right;
    int order = strcmp((*a)->text, (*b)->text);

    return order != 0 ? order : (*a > *b) - (*a < *b);
}

static bool refuse_duplicates(const struct yaml_node *mapping, struct yaml_errors *errors)
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

bool yaml_check_duplicates(const struct yaml_node *mapping, struct yaml_errors *errors)
{
    if (mapping->count <= FEW_KEYS && !has_duplicates(mapping))
        return true;
    return refuse_duplicates(mapping, errors);
}
