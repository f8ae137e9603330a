#include "stack.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "../../common/file.h"
#include "../../common/parse.h"
#include "../../common/str.h"

static const struct {
    const char *name;
    unsigned type;
} type_names[] = {
    {"auth", STACK_AUTH},
    {"account", STACK_ACCOUNT},
    {"password", STACK_PASSWORD},
    {"session", STACK_SESSION},
};

/* What is left of a line while its words are taken off. */
struct words {
    const char *at, *end;
};

size_t stack_line_length(const char *text)
{
    const char *at = text;
    while (*at != '\0') {
        const char *newline = strchr(at, '\n');
        if (newline == NULL)
            return (size_t)(at - text) + strlen(at);
        bool comment = memchr(at, '#', (size_t)(newline - at)) != NULL;
        bool goes_on = newline > at && newline[-1] == '\\' && !comment;
        at = newline + 1;
        if (!goes_on)
            break;
    }
    return (size_t)(at - text);
}

static bool is_gap(const struct words *words)
{
    if (isspace((unsigned char)*words->at))
        return true;
    return *words->at == '\\' && words->at + 1 < words->end && words->at[1] == '\n';
}

static void skip_gap(struct words *words)
{
    while (words->at < words->end && is_gap(words))
        words->at += *words->at == '\\' ? 2 : 1;
}

/* The next word, "[...]" being one; NULL at the end. -ENOMEM shows as a NULL too, with `at` not
 * at the end. */
static char *take_word(struct words *words)
{
    skip_gap(words);
    const char *start = words->at;
    bool bracket = start < words->end && *start == '[';
    while (words->at < words->end && (bracket || !is_gap(words))) {
        if (bracket && *words->at == ']')
            bracket = false;
        words->at++;
    }
    if (words->at == start)
        return NULL;
    return strndup(start, (size_t)(words->at - start));
}

static char *take_rest(struct words *words)
{
    struct str_builder out = {0};
    skip_gap(words);
    while (words->at < words->end) {
        AUTO_FREE char *word = take_word(words);
        if (word == NULL)
            break;
        if (out.length > 0)
            str_append(&out, " ");
        str_append(&out, word);
        skip_gap(words);
    }
    return str_builder_take(&out);
}

void stack_rule_done(struct stack_rule *rule)
{
    free(rule->control);
    free(rule->module);
    free(rule->arguments);
    free(rule->file);
    *rule = (struct stack_rule){0};
}

static unsigned type_of(const char *word)
{
    for (size_t i = 0; i < ARRAY_SIZE(type_names); i++) {
        if (strcasecmp(word, type_names[i].name) == 0)
            return type_names[i].type;
    }
    return 0;
}

static int parse_words(struct words *words, struct stack_rule *rule)
{
    AUTO_FREE char *first = take_word(words);
    if (first == NULL)
        return -ENOMEM;
    if (strcmp(first, "@include") == 0) {
        rule->type = STACK_ALL;
        rule->include = true;
        rule->control = TAKE_PTR(first);
    } else {
        rule->silent = first[0] == '-';
        rule->type = type_of(first + rule->silent);
        rule->control = take_word(words);
        rule->include = rule->control != NULL && (strcasecmp(rule->control, "include") == 0 ||
                                                     strcasecmp(rule->control, "substack") == 0);
    }
    rule->module = take_word(words);
    rule->arguments = take_rest(words);
    if (rule->type == 0 || rule->control == NULL || rule->module == NULL)
        return -EINVAL;
    return rule->arguments != NULL ? 1 : -ENOMEM;
}

int stack_parse_line(const char *text, size_t length, struct stack_rule *ret_rule)
{
    const char *comment = memchr(text, '#', length);
    struct words words = {text, comment != NULL ? comment : text + length};
    skip_gap(&words);
    if (words.at == words.end)
        return 0;
    CLEANUP(stack_rule_done) struct stack_rule rule = {0};
    int r = parse_words(&words, &rule);
    if (r < 0)
        return r;
    *ret_rule = rule;
    rule = (struct stack_rule){0};
    return 1;
}

void stack_done(struct stack *stack)
{
    for (size_t i = 0; i < stack->count; i++)
        stack_rule_done(&stack->rules[i]);
    free(stack->rules);
    free(stack->missing);
    *stack = (struct stack){0};
}

static int read_service(const char *confdir, const char *service, char **ret_text)
{
    AUTO_FREE char *path = NULL;
    /* libpam takes an absolute include as it stands. */
    if (service[0] == '/')
        path = strdup(service);
    else if (asprintf(&path, "%s/%s", confdir, service) < 0)
        path = NULL;
    if (path == NULL)
        return -ENOMEM;
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    size_t length;
    return file_read_all(fd, STACK_FILE_MAX, ret_text, &length);
}

static int push_rule(struct stack *stack, struct stack_rule *rule)
{
    struct stack_rule *grown = reallocarray(stack->rules, stack->count + 1, sizeof(*stack->rules));
    if (grown == NULL)
        return -ENOMEM;
    stack->rules = grown;
    stack->rules[stack->count++] = *rule;
    *rule = (struct stack_rule){0};
    return 0;
}

/* Where an include stands: what is read and which types of it count. */
struct place {
    const char *confdir;
    const char *service;
    unsigned types;
    int depth;
};

static int load_service(const struct place *place, struct stack *stack);

static int take_rule(const struct place *place, struct stack_rule *rule, struct stack *stack)
{
    if ((rule->type & place->types) == 0)
        return 0;
    if (!rule->include) {
        rule->file = strdup(place->service);
        return rule->file != NULL ? push_rule(stack, rule) : -ENOMEM;
    }
    struct place inner = *place;
    inner.service = rule->module;
    inner.types = rule->type & place->types;
    inner.depth++;
    int r = load_service(&inner, stack);
    if (r != -ENOENT)
        return r;
    free(stack->missing);
    stack->missing = strdup(rule->module);
    return stack->missing != NULL ? 0 : -ENOMEM;
}

static int load_service(const struct place *place, struct stack *stack)
{
    if (place->depth > STACK_DEPTH_MAX)
        return -ELOOP;
    AUTO_FREE char *text = NULL;
    int r = read_service(place->confdir, place->service, &text);
    unsigned number = 1;
    for (const char *at = text; r >= 0 && *at != '\0';) {
        size_t length = stack_line_length(at);
        CLEANUP(stack_rule_done) struct stack_rule rule = {0};
        r = stack_parse_line(at, length, &rule);
        rule.line = number;
        if (r > 0)
            r = take_rule(place, &rule, stack);
        for (size_t i = 0; i < length; i++)
            number += at[i] == '\n';
        at += length;
    }
    return r < 0 ? r : 0;
}

int stack_load(const char *confdir, const char *service, struct stack *ret_stack)
{
    CLEANUP(stack_done) struct stack stack = {0};
    struct place place = {confdir, service, STACK_ALL, 0};
    int r = load_service(&place, &stack);
    if (r < 0)
        return r;
    *ret_stack = stack;
    stack = (struct stack){0};
    return 0;
}

bool stack_rule_is_ours(const struct stack_rule *rule)
{
    if (rule->include)
        return false;
    const char *slash = strrchr(rule->module, '/');
    return strcmp(slash != NULL ? slash + 1 : rule->module, STACK_MODULE) == 0;
}

bool stack_rule_argument(const struct stack_rule *rule, const char *name, char **ret_value)
{
    struct words words = {rule->arguments, rule->arguments + strlen(rule->arguments)};
    size_t length = strlen(name);
    for (;;) {
        AUTO_FREE char *word = take_word(&words);
        if (word == NULL)
            return false;
        if (strncmp(word, name, length) != 0 || (word[length] != '\0' && word[length] != '='))
            continue;
        if (ret_value != NULL)
            *ret_value = word[length] == '=' ? strdup(word + length + 1) : NULL;
        return true;
    }
}

size_t stack_find_ours(const struct stack *stack, unsigned type, size_t from)
{
    size_t i = from;
    while (i < stack->count &&
           ((stack->rules[i].type & type) == 0 || !stack_rule_is_ours(&stack->rules[i])))
        i++;
    return i < stack->count ? i : stack->count;
}

/* The farthest jump among a control's "value=N" actions; 0 without one. */
static size_t longest_jump(const char *control)
{
    size_t longest = 0;
    for (const char *at = strchr(control, '='); at != NULL; at = strchr(at + 1, '=')) {
        char *end;
        if (!isdigit((unsigned char)at[1]))
            continue;
        unsigned long jump = strtoul(at + 1, &end, 10);
        if (jump > longest && jump <= 1000)
            longest = jump;
    }
    return longest;
}

static bool rule_skips(const struct stack_rule *rule, size_t distance)
{
    if (strcasecmp(rule->control, "sufficient") == 0)
        return strstr(rule->module, "pam_rootok.so") == NULL;
    if (rule->control[0] != '[')
        return false;
    return strstr(rule->control, "=done") != NULL || longest_jump(rule->control) >= distance;
}

bool stack_rule_may_skip(const struct stack_rule *rule)
{
    return rule_skips(rule, 1);
}

const struct stack_rule *stack_skips(const struct stack *stack, unsigned type, size_t index)
{
    /* Jumps count the rules of their own type alone. */
    size_t distance = 0;
    const struct stack_rule *found = NULL;
    for (size_t i = index; i-- > 0;) {
        const struct stack_rule *rule = &stack->rules[i];
        if ((rule->type & type) == 0)
            continue;
        distance++;
        if (rule_skips(rule, distance))
            found = rule;
    }
    return found;
}
