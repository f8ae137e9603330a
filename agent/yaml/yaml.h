/* Strict YAML for files that decide: libyaml underneath, every scalar a string until the
 * schema says otherwise. Refused: anchors, aliases, tags, merge keys, more than one document,
 * duplicate keys, keys that nobody asked for, invalid UTF-8, nesting over YAML_DEPTH_MAX, files
 * over YAML_SIZE_MAX.
 *
 * Reading is consume-and-refuse-leftovers: yaml_take() marks a key as known, yaml_finish()
 * reports every key that was not taken, with the nearest known key as a suggestion. All errors
 * are collected, none stops the reading. Not thread-safe; no I/O. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../common/macro.h"

#define YAML_DEPTH_MAX 16
#define YAML_SIZE_MAX ((size_t)16 * 1024 * 1024)

enum yaml_kind {
    YAML_SCALAR,
    YAML_SEQUENCE,
    YAML_MAPPING,
};

struct yaml_node;
struct yaml_document;

/* Findings, in the order they were found. Zero-initialise; free with yaml_errors_done.
 * At most YAML_ERRORS_MAX are kept, the rest is counted. */
#define YAML_ERRORS_MAX 1000
struct yaml_errors {
    struct yaml_error {
        char *file;            /* owned */
        unsigned line, column; /* from 1 */
        char *message;         /* owned, one line, escaped */
    } * items;
    size_t count;
    size_t dropped;
};

void yaml_errors_add(struct yaml_errors *errors, const char *file, unsigned line, unsigned column,
    const char *format, ...) PRINTF_LIKE(5, 6);

/* How many were found, kept or not. Zero: all is well. */
size_t yaml_errors_total(const struct yaml_errors *errors);

/* By file name, then place in the file: the order in which a person works through them. */
void yaml_errors_sort(struct yaml_errors *errors);
void yaml_errors_done(struct yaml_errors *errors);

/* Parses `text`; `file` is the name used in messages. Returns the document (an empty text is
 * an empty mapping), or NULL with at least one error added when it cannot be read to its end. What
 * is refused but leaves the rest readable adds errors and still gives the document, so that the
 * schema's errors are found in the same run: in the end, `errors` decides. */
struct yaml_document *yaml_parse(
    const char *file, const char *text, size_t length, struct yaml_errors *errors);
void yaml_document_free(struct yaml_document *document);
static inline void cleanup_yaml_document(struct yaml_document **document)
{
    yaml_document_free(*document);
}

struct yaml_node *yaml_root(struct yaml_document *document);
enum yaml_kind yaml_kind_of(const struct yaml_node *node);
unsigned yaml_line(const struct yaml_node *node);
unsigned yaml_column(const struct yaml_node *node);

/* Adds an error at the node's place. */
void yaml_error(struct yaml_errors *errors, const struct yaml_node *node, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The text of a scalar (borrowed from the document), or NULL with an error added. */
const char *yaml_text(const struct yaml_node *node, struct yaml_errors *errors);

/* Sequence items, or pairs of a mapping in file order. yaml_item of a scalar with index 0
 * is the scalar itself and yaml_count is 1: "a list or a single one" costs nothing. */
size_t yaml_count(const struct yaml_node *node);
struct yaml_node *yaml_item(const struct yaml_node *node, size_t index);
/* Key of pair `index` of a mapping; marks it as taken. yaml_item gives its value. */
struct yaml_node *yaml_key(struct yaml_node *mapping, size_t index);

/* The value of `key` or NULL; remembers that this key is known here. `key` must outlive the
 * document. */
struct yaml_node *yaml_take(struct yaml_node *mapping, const char *key);

/* Reports every key of the mapping that was not taken: "unknown key 'foo', did you mean 'food'?" */
void yaml_finish(struct yaml_node *mapping, struct yaml_errors *errors);

/* The name of the file the node is in. */
const char *yaml_file(const struct yaml_node *node);

/* True if the node is of that kind, else an error ("expected a mapping, found a list"). */
bool yaml_expect(const struct yaml_node *node, enum yaml_kind kind, struct yaml_errors *errors);

/* The index of the scalar's text in `words`, or -1 with an error that lists them. */
int yaml_choice(const struct yaml_node *node, const char *const *words, size_t count,
    struct yaml_errors *errors);

/* The word of `words` nearest to `word` (edit distance at most 1 + length/4), or NULL. */
const char *yaml_nearest(const char *word, const char *const *words, size_t count);
