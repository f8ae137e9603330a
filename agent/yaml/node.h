/* The tree behind yaml.h, for the files of this folder only. */
#pragma once

#include "arena.h"
#include "yaml.h"

/* Keys somebody asked a mapping for. Blocks go back to the document when the mapping is finished,
 * so that a long list of small mappings needs only a few. */
#define YAML_KNOWN_BLOCK 30
struct yaml_known {
    unsigned next; /* block of the same mapping, or spare one; from 1, 0: none */
    unsigned count;
    const char *keys[YAML_KNOWN_BLOCK];
};

/* A long policy has hundreds of thousands of these, so their size is most of what loading needs. */
struct yaml_node {
    struct yaml_document *document;
    unsigned line;
    unsigned column : 28; /* YAML_SIZE_MAX is less */
    unsigned kind : 2;    /* enum yaml_kind */
    unsigned taken : 1;   /* of a key: somebody asked for it */
    unsigned refused : 1; /* an error about it has been added already: say no more */
    unsigned count;       /* items, pairs, or bytes of the text */
    union {
        unsigned known; /* of a mapping: the newest block of known keys, from 1 */
        unsigned marks; /* of a mapping's first key: the marks of all its keys */
    };
    union {
        const char *text;           /* scalar */
        struct yaml_node *children; /* items; or key, value, key, value .. */
    };
};

struct yaml_document {
    struct arena arena;
    const char *file;
    struct yaml_node *root;
    struct yaml_known *known; /* all blocks, block 1 first; owned */
    unsigned known_count, spare;
};

struct yaml_flaw {
    unsigned line, column; /* from 1, inside the text */
    char text[80];
};

/* Looks for what must not stand in a file that decides: bytes that are not UTF-8 and
 * characters that are not seen or that reorder the text around them. Tells the first. */
MUST_USE bool yaml_text_has_flaw(const char *text, size_t length, struct yaml_flaw *ret_flaw);

/* Notes in the mapping which keys cannot be in it: most that are asked for are not. */
void yaml_mark_keys(struct yaml_node *mapping);

/* Refuses keys that stand twice in the mapping. Returns false on OOM. */
MUST_USE bool yaml_check_duplicates(const struct yaml_node *mapping, struct yaml_errors *errors);
