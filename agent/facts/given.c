#include "given.h"

#include <string.h>

#include "../../common/names.h"
#include "../../common/parse.h"
#include "../../common/str.h"
#include "address.h"
#include "facts_members.h"
#include "given_time.h"
#include "line.h"

#define LIST_MAX 1024
#define SEEN_MAX 1000000

struct reader {
    struct given *given;
    struct yaml_node *node;
    const struct given_world *world;
    struct yaml_errors *errors;
};

static struct yaml_node *take(const struct reader *reader, const char *key)
{
    return yaml_take(reader->node, key);
}

static void out_of_memory(const struct reader *reader)
{
    yaml_error(reader->errors, reader->node, "out of memory");
}

static void read_texts(const struct reader *reader)
{
    char *facts = (char *)&reader->given->facts;

    for (size_t i = 0; i < FACTS_TEXTS; i++) {
        const struct yaml_node *node = take(reader, facts_texts[i].key);

        if (node)
            *(const char **)(void *)(facts + facts_texts[i].offset) =
                yaml_text(node, reader->errors);
    }
}

/* The doors are asked about by these names, whichever the service of PAM is. */
static void name_door(struct facts *facts)
{
    if (str_equal(facts->service, SERVICE_SUDO_I))
        facts->service = SERVICE_SUDO;
    else if (str_equal(facts->service, SERVICE_SU_L))
        facts->service = SERVICE_SU;
}

/* `words` as in facts_members.h: by value, none for 0. */
static unsigned read_word(
    const struct reader *reader, const char *key, const char *const *words, size_t count)
{
    const struct yaml_node *node = take(reader, key);

    return node ? (unsigned)(yaml_choice(node, words + 1, count - 1, reader->errors) + 1) : 0;
}

static bool read_flag(const struct reader *reader, const char *key)
{
    const struct yaml_node *node = take(reader, key);
    const char *text = node ? yaml_text(node, reader->errors) : NULL;
    bool flag = false;

    if (text && parse_bool(text, &flag) < 0)
        yaml_error(reader->errors, node, "'%s' is neither yes nor no", text);
    return flag;
}

/* One value or a list, which may be empty. NULL: there is none, or none that can be used. */
static const char *const *read_list(
    const struct reader *reader, const struct yaml_node *node, size_t *ret_count)
{
    size_t count = node ? yaml_count(node) : 0;
    const char **items;

    if (!node)
        return NULL;
    if (yaml_kind_of(node) == YAML_MAPPING) {
        (void)yaml_expect(node, YAML_SEQUENCE, reader->errors);
        return NULL;
    }
    if (count > LIST_MAX) {
        yaml_error(reader->errors, node, "a list holds at most %d items here", LIST_MAX);
        return NULL;
    }
    items = arena_alloc(reader->world->arena, count * sizeof(*items));
    if (!items)
        out_of_memory(reader);
    for (size_t i = 0; items && i < count; i++) {
        items[i] = yaml_text(yaml_item(node, i), reader->errors);
        if (!items[i])
            return NULL;
    }
    *ret_count = count;
    return items;
}

static bool find_id(
    const struct reader *reader, enum cast_kind kind, const char *name, uint32_t *ret_id)
{
    if (cast_id(reader->world->cast, kind, name, ret_id) == 0)
        return true;
    out_of_memory(reader);
    return false;
}

static void read_who(const struct reader *reader)
{
    struct given *given = reader->given;
    struct facts *facts = &given->facts;
    const struct yaml_node *node = take(reader, "groups");
    size_t count = 0;
    const char *const *names = read_list(reader, node, &count);
    gid_t *groups = names ? arena_alloc(reader->world->arena, count * sizeof(*groups)) : NULL;

    given->has_user = facts->user && find_id(reader, CAST_USER, facts->user, &facts->uid);
    facts->kind = (enum subject_kind)read_word(reader, "kind", facts_kinds, FACTS_KINDS);
    if (!groups)
        return;
    for (size_t i = 0; i < count; i++)
        if (!find_id(reader, CAST_GROUP, names[i], &groups[i]))
            return;
    facts->groups_known = true;
    facts->groups = groups;
    facts->group_count = count;
}

static bool is_absent(const struct reader *reader, const char *name)
{
    const struct cast_changes *changes = &reader->given->changes;

    for (size_t i = 0; i < changes->absent_count; i++)
        if (strcmp(changes->absent[i], name) == 0)
            return true;
    return false;
}

/* An account that does not exist runs nothing. */
static void read_run_as(const struct reader *reader)
{
    struct facts *facts = &reader->given->facts;
    const struct yaml_node *node = take(reader, "run_as");
    const char *name = node ? yaml_text(node, reader->errors) : NULL;

    facts->run_as_known =
        name && !is_absent(reader, name) && find_id(reader, CAST_USER, name, &facts->run_as);
}

/* A text is split into words, a list is taken as it stands. */
static bool read_words(
    const struct reader *reader, const struct yaml_node *node, struct text_list *ret_words)
{
    const char *text, *wrong;

    if (yaml_kind_of(node) != YAML_SCALAR) {
        ret_words->items = read_list(reader, node, &ret_words->count);
        return ret_words->items != NULL;
    }
    text = yaml_text(node, reader->errors);
    wrong = text ? line_split(text, reader->world->arena, ret_words) : NULL;
    if (wrong)
        yaml_error(reader->errors, node, "this is no command: %s", wrong);
    return text && !wrong;
}

static void read_command(const struct reader *reader)
{
    static const char *const unknown[] = {"unknown"};
    struct facts *facts = &reader->given->facts;
    const struct yaml_node *node = take(reader, "command"), *argv = take(reader, "argv");
    bool known = !argv || yaml_choice(argv, unknown, 1, reader->errors) < 0;
    struct text_list words = {0};

    if (!node || !read_words(reader, node, &words))
        return;
    facts->command_is_none = words.count == 1 && strcmp(words.items[0], "none") == 0;
    if (facts->command_is_none)
        return;
    if (words.count == 0 || words.items[0][0] != '/') {
        yaml_error(reader->errors, node,
            "a command begins with its absolute path; 'none' is a login, which has none");
        return;
    }
    facts->command = words.items[0];
    facts->argv = known ? words.items : NULL;
    facts->argc = known ? words.count : 0;
}

static void read_what(const struct reader *reader)
{
    static const char *const changed[] = {"unchanged", "changed"};
    struct facts *facts = &reader->given->facts;
    const struct yaml_node *node = take(reader, "environment");

    read_run_as(reader);
    read_command(reader);
    facts->command_writable = read_flag(reader, "writable");
    facts->environment_changed = node && yaml_choice(node, changed, 2, reader->errors) == 1;
}

static void read_where(const struct reader *reader)
{
    struct facts *facts = &reader->given->facts;
    const struct yaml_node *node = take(reader, "rhost"), *labels = take(reader, "labels");
    const char *text = node ? yaml_text(node, reader->errors) : NULL;

    facts->tty = (enum tty_kind)read_word(reader, "tty", facts_ttys, FACTS_TTYS);
    facts->labels = read_list(reader, labels, &facts->label_count);
    reader->given->has_labels = facts->labels != NULL;
    reader->given->has_host = facts->host != NULL;
    facts->rhost_is_none = text && strcmp(text, FACTS_LOCAL) == 0;
    if (!text || facts->rhost_is_none)
        return;
    facts->rhost_known = address_parse(text, &facts->rhost);
    if (!facts->rhost_known)
        yaml_error(reader->errors, node,
            "'%s' is neither an IP address nor 'local', which is no remote host", text);
}

static void read_seen(const struct reader *reader)
{
    const struct yaml_node *node = take(reader, "reason_seen");
    const char *text = node ? yaml_text(node, reader->errors) : NULL;
    uint64_t count = 0;

    if (text && parse_u64(text, SEEN_MAX, &count) < 0)
        yaml_error(reader->errors, node, "'%s' is not a number from 0 to %d", text, SEEN_MAX);
    reader->given->facts.reason_seen = (unsigned)count;
}

static const char *nearest_entitlement(const struct policy *policy, const char *text)
{
    size_t count = policy_entitlement_count(policy);
    AUTO_FREE const char **names = calloc(count + 1, sizeof(*names));

    for (size_t i = 0; names && i < count; i++) {
        struct entitlement_info info;

        policy_entitlement(policy, i, &info);
        names[i] = info.name;
    }
    return names ? yaml_nearest(text, names, count) : NULL;
}

/* One that does not exist is a slip of the pen: it can neither be asked for nor be given. */
static void check_entitlement(const struct reader *reader)
{
    const struct policy *policy = reader->world->policy;
    const struct facts *facts = &reader->given->facts;
    const char *nearest;

    if (!facts->entitlement || policy_find_entitlement(policy, facts->entitlement) >= 0)
        return;
    nearest = nearest_entitlement(policy, facts->entitlement);
    yaml_error(reader->errors, take(reader, "entitlement"),
        "this policy has no entitlement '%s'%s%s%s", facts->entitlement,
        nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

/* By its name alone one asks for all that it gives. */
static void read_entitlement(const struct reader *reader)
{
    struct facts *facts = &reader->given->facts;

    check_entitlement(reader);
    facts->whole = facts->entitlement && !facts->service && !facts->run_as_known &&
                   !facts->command && !facts->command_is_none;
}

/* What nobody in the policy is called is a slip of the pen too. */
static void check_name(const struct reader *reader, const struct yaml_node *node, bool people)
{
    const struct policy *policy = reader->world->policy;
    const char *name = yaml_text(node, reader->errors);
    bool found = !name;

    for (uint32_t i = 0; people && !found && i < policy_person_count(policy); i++)
        found = strcmp(policy_person(policy, i)->name, name) == 0;
    for (size_t i = 0; !people && !found && i < policy_user_count(policy); i++)
        found = strcmp(policy_user_name(policy, i), name) == 0;
    for (size_t i = 0; !people && !found && i < policy_group_count(policy); i++)
        found = strcmp(policy_group_name(policy, i), name) == 0;
    if (!found)
        yaml_error(reader->errors, node, "this policy names no %s '%s'",
            people ? "person" : "account or group", name);
}

static const char *const *read_changes(
    const struct reader *reader, const char *key, bool people, size_t *ret_count)
{
    const struct yaml_node *node = take(reader, key);
    const char *const *names = read_list(reader, node, ret_count);

    for (size_t i = 0; names && i < *ret_count; i++)
        check_name(reader, yaml_item(node, i), people);
    return names;
}

void given_read(struct given *given, struct yaml_node *node, const struct given_world *world,
    struct yaml_errors *errors)
{
    struct reader reader = {given, node, world, errors};

    *given = (struct given){0};
    if (!yaml_expect(node, YAML_MAPPING, errors))
        return;
    given->changes.absent = read_changes(&reader, "absent", false, &given->changes.absent_count);
    given->changes.gone = read_changes(&reader, "gone", true, &given->changes.gone_count);
    read_texts(&reader);
    name_door(&given->facts);
    read_who(&reader);
    read_what(&reader);
    read_where(&reader);
    read_seen(&reader);
    given->facts.ticket_state = (enum ticket_state)read_word(
        &reader, "ticket_state", facts_ticket_states, FACTS_TICKET_STATES);
    read_entitlement(&reader);
    given_read_time(given, node, world, errors);
    yaml_finish(node, errors);
}
