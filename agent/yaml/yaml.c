#include "node.h"

#include <string.h>
#include <yaml.h>

#include "../../common/str.h"

/* Turns libyaml's events into nodes. Open containers lie on `stack` with the children seen so far
 * above them; `open` holds their places. At the end of a container its children move into
 * the document. No recursion, and nothing is copied twice. */
struct reader {
    yaml_parser_t parser;
    struct yaml_document *document;
    struct yaml_errors *errors;
    struct yaml_node *stack;
    size_t used, size;
    size_t open[YAML_DEPTH_MAX];
    size_t depth;
    unsigned documents;
};

enum step {
    STEP_ON,
    STEP_DONE,
    STEP_FAILED, /* an error has been added */
};

static enum step out_of_memory(struct reader *reader)
{
    yaml_errors_add(reader->errors, reader->document->file, 0, 0, "out of memory");
    return STEP_FAILED;
}

/* Whether the next node is the key of a pair. */
static bool at_key(const struct reader *reader)
{
    size_t container;

    if (reader->depth == 0)
        return false;
    container = reader->open[reader->depth - 1];
    return reader->stack[container].kind == YAML_MAPPING && (reader->used - container - 1) % 2 == 0;
}

static struct yaml_node *push(struct reader *reader, enum yaml_kind kind, const yaml_event_t *event)
{
    struct yaml_node *node;

    if (reader->used == reader->size) {
        size_t size = reader->size ? reader->size * 2 : 64;
        struct yaml_node *stack = realloc(reader->stack, size * sizeof(*stack));

        if (!stack)
            return NULL;
        reader->stack = stack;
        reader->size = size;
    }
    node = &reader->stack[reader->used++];
    *node = (struct yaml_node){
        .document = reader->document,
        .line = (unsigned)event->start_mark.line + 1,
        .column = (unsigned)(event->start_mark.column + 1) & 0xfffffff,
        .kind = kind,
    };
    return node;
}

/* Anchors and tags change what a file means in ways that a reviewer overlooks. */
static void refuse_marks(struct reader *reader, struct yaml_node *node, const yaml_char_t *anchor,
    const yaml_char_t *tag)
{
    if (anchor)
        yaml_error(reader->errors, node, "anchors (&%s) are not allowed here; write the value out",
            (const char *)anchor);
    if (tag)
        yaml_error(reader->errors, node,
            "tags (%s) are not allowed here; every value is plain text", (const char *)tag);
}

/* Only double quotes can make characters that do not stand in the file, which has been checked. */
static bool has_flaw(
    const struct yaml_node *node, const yaml_event_t *event, struct yaml_flaw *ret_flaw)
{
    return event->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE &&
           yaml_text_has_flaw(node->text, event->data.scalar.length, ret_flaw);
}

static void check_scalar(
    struct reader *reader, struct yaml_node *node, const yaml_event_t *event, bool is_key)
{
    struct yaml_flaw flaw;

    if (has_flaw(node, event, &flaw)) {
        node->refused = 1;
        node->count = (unsigned)strlen(node->text); /* a NUL may stand in it */
        yaml_error(reader->errors, node, "%s", flaw.text);
    } else if (is_key && strcmp(node->text, "<<") == 0) {
        node->refused = 1;
        yaml_error(
            reader->errors, node, "merge keys (<<) are not allowed here; write the keys out");
    }
}

static enum step on_scalar(struct reader *reader, const yaml_event_t *event)
{
    bool is_key = at_key(reader);
    struct yaml_node *node = push(reader, YAML_SCALAR, event);
    size_t length = event->data.scalar.length;

    if (!node)
        return out_of_memory(reader);
    node->text =
        arena_text(&reader->document->arena, (const char *)event->data.scalar.value, length);
    if (!node->text)
        return out_of_memory(reader);
    node->count = (unsigned)length;
    refuse_marks(reader, node, event->data.scalar.anchor, event->data.scalar.tag);
    check_scalar(reader, node, event, is_key);
    return STEP_ON;
}

static enum step on_alias(struct reader *reader, const yaml_event_t *event)
{
    struct yaml_node *node = push(reader, YAML_SCALAR, event);

    if (!node)
        return out_of_memory(reader);
    node->text = "";
    node->refused = 1;
    yaml_error(reader->errors, node, "aliases (*%s) are not allowed here; put a wildcard in quotes",
        (const char *)event->data.alias.anchor);
    return STEP_ON;
}

static enum step on_open(struct reader *reader, enum yaml_kind kind, const yaml_event_t *event)
{
    bool is_key = at_key(reader);
    struct yaml_node *node;

    node = push(reader, kind, event);
    if (!node)
        return out_of_memory(reader);
    if (kind == YAML_SEQUENCE)
        refuse_marks(
            reader, node, event->data.sequence_start.anchor, event->data.sequence_start.tag);
    else
        refuse_marks(reader, node, event->data.mapping_start.anchor, event->data.mapping_start.tag);
    if (is_key)
        yaml_error(reader->errors, node, "a key must be a single word");
    if (reader->depth == YAML_DEPTH_MAX) {
        yaml_error(reader->errors, node, "nested deeper than %d levels", YAML_DEPTH_MAX);
        return STEP_FAILED;
    }
    reader->open[reader->depth++] = reader->used - 1;
    return STEP_ON;
}

static enum step on_close(struct reader *reader)
{
    size_t start = reader->open[--reader->depth], count = reader->used - start - 1;
    struct yaml_node *node = &reader->stack[start];

    node->children = arena_copy(&reader->document->arena, node + 1, count, sizeof(*node));
    if (!node->children)
        return out_of_memory(reader);
    reader->used = start + 1;
    node->count = (unsigned)(node->kind == YAML_MAPPING ? count / 2 : count);
    if (node->kind == YAML_MAPPING && !yaml_check_duplicates(node, reader->errors))
        return out_of_memory(reader);
    if (node->kind == YAML_MAPPING)
        yaml_mark_keys(node);
    if (reader->depth > 0) {
        size_t parent = reader->open[reader->depth - 1];
        bool was_key = reader->stack[parent].kind == YAML_MAPPING && (start - parent) % 2 == 1;

        if (was_key)
            *node = (struct yaml_node){.document = node->document,
                .line = node->line,
                .column = node->column,
                .kind = YAML_SCALAR,
                .refused = 1,
                .text = ""};
    }
    return STEP_ON;
}

static enum step on_document(struct reader *reader, const yaml_event_t *event)
{
    bool directives = event->data.document_start.version_directive ||
                      event->data.document_start.tag_directives.start !=
                          event->data.document_start.tag_directives.end;
    unsigned line = (unsigned)event->start_mark.line + 1;
    unsigned column = (unsigned)event->start_mark.column + 1;

    if (directives)
        yaml_errors_add(reader->errors, reader->document->file, line, column,
            "directives (%%) are not allowed here");
    if (reader->documents++ == 0)
        return STEP_ON;
    yaml_errors_add(reader->errors, reader->document->file, line, column,
        "a second document begins here; one file holds one");
    return STEP_FAILED;
}

static enum step on_event(struct reader *reader, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return on_scalar(reader, event);
    case YAML_ALIAS_EVENT:
        return on_alias(reader, event);
    case YAML_SEQUENCE_START_EVENT:
        return on_open(reader, YAML_SEQUENCE, event);
    case YAML_MAPPING_START_EVENT:
        return on_open(reader, YAML_MAPPING, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return on_close(reader);
    case YAML_DOCUMENT_START_EVENT:
        return on_document(reader, event);
    case YAML_STREAM_END_EVENT:
        return STEP_DONE;
    default:
        return STEP_ON;
    }
}

static enum step on_syntax_error(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    const char *file = reader->document->file;
    unsigned line = (unsigned)parser->problem_mark.line + 1;
    unsigned column = (unsigned)parser->problem_mark.column + 1;

    if (parser->error == YAML_MEMORY_ERROR)
        return out_of_memory(reader);
    if (parser->context && strstr(parser->context, "an alias"))
        yaml_errors_add(reader->errors, file, line, column,
            "not valid YAML: a value that begins with '*' is an alias; put a wildcard in quotes");
    else if (parser->context)
        yaml_errors_add(reader->errors, file, line, column, "not valid YAML: %s, %s from line %u",
            parser->problem, parser->context, (unsigned)parser->context_mark.line + 1);
    else
        yaml_errors_add(reader->errors, file, line, column, "not valid YAML: %s",
            parser->problem ? parser->problem : "unknown problem");
    return STEP_FAILED;
}

static enum step read_events(struct reader *reader)
{
    enum step step = STEP_ON;

    while (step == STEP_ON) {
        yaml_event_t event;

        if (!yaml_parser_parse(&reader->parser, &event))
            return on_syntax_error(reader);
        step = on_event(reader, &event);
        yaml_event_delete(&event);
    }
    return step;
}

/* A file without a word in it says nothing, as an empty mapping does. */
static enum step take_root(struct reader *reader)
{
    struct yaml_document *document = reader->document;

    document->root = arena_alloc(&document->arena, sizeof(*document->root));
    if (!document->root)
        return out_of_memory(reader);
    *document->root =
        (struct yaml_node){.document = document, .line = 1, .column = 1, .kind = YAML_MAPPING};
    if (reader->used > 0 && !(reader->stack[0].kind == YAML_SCALAR && !*reader->stack[0].text))
        *document->root = reader->stack[0];
    return STEP_DONE;
}

static enum step read_document(struct reader *reader, const char *text, size_t length)
{
    enum step step;

    if (!yaml_parser_initialize(&reader->parser))
        return out_of_memory(reader);
    yaml_parser_set_encoding(&reader->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader->parser, (const unsigned char *)text, length);
    step = read_events(reader);
    yaml_parser_delete(&reader->parser);
    if (step == STEP_DONE)
        step = take_root(reader);
    free(reader->stack);
    return step;
}

static bool check_input(
    const char *file, const char *text, size_t length, struct yaml_errors *errors)
{
    struct yaml_flaw flaw;

    if (length > YAML_SIZE_MAX) {
        yaml_errors_add(errors, file, 0, 0, "the file is larger than %zu MiB", YAML_SIZE_MAX >> 20);
        return false;
    }
    if (!yaml_text_has_flaw(text, length, &flaw))
        return true;
    yaml_errors_add(errors, file, flaw.line, flaw.column, "%s", flaw.text);
    return false;
}

struct yaml_document *yaml_parse(
    const char *file, const char *text, size_t length, struct yaml_errors *errors)
{
    CLEANUP(cleanup_yaml_document) struct yaml_document *document = NULL;
    struct reader reader = {.errors = errors};

    if (!check_input(file, text, length, errors))
        return NULL;
    document = calloc(1, sizeof(*document));
    if (document)
        document->file = arena_text(&document->arena, file, strlen(file));
    if (!document || !document->file) {
        yaml_errors_add(errors, file, 0, 0, "out of memory");
        return NULL;
    }
    reader.document = document;
    if (read_document(&reader, text, length) == STEP_FAILED)
        return NULL;
    return TAKE_PTR(document);
}

void yaml_document_free(struct yaml_document *document)
{
    if (!document)
        return;
    free(document->known);
    arena_done(&document->arena);
    free(document);
}
