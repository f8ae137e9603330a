#include "scope.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../common/names.h"
#include "../../common/record.h"
#include "../../common/str.h"

const char *scope_service(const char *service)
{
    if (str_equal(service, SERVICE_SUDO_I))
        return SERVICE_SUDO;
    if (str_equal(service, SERVICE_SU_L))
        return SERVICE_SU;
    return service;
}

bool scope_is_setuid_door(const char *service)
{
    const char *name = scope_service(service);

    return str_equal(name, SERVICE_SUDO) || str_equal(name, SERVICE_SU) ||
           str_equal(name, SERVICE_DOAS);
}

/* Adds one part so that no two different lists of parts give the same bytes: presence and
 * length stand before the content. */
static void add_part(struct str_builder *builder, const void *data, size_t length)
{
    str_appendf(builder, "%c%zu:", data ? '+' : '-', length);
    if (data)
        str_append_n(builder, data, length);
}

static void add_text(struct str_builder *builder, const char *text)
{
    add_part(builder, text, text ? strlen(text) : 0);
}

static int make_id(
    const struct gate_ask *ask, const struct scope *scope, char ret_id[DIGEST_HEX_SIZE])
{
    struct str_builder builder = {0};
    AUTO_FREE char *bytes = NULL;
    size_t length;

    add_text(&builder, scope->service);
    add_text(&builder, scope->rhost);
    if (scope_is_setuid_door(ask->service))
        str_appendf(&builder, "%llu;", (unsigned long long)ask->run_as_uid);
    add_text(&builder, ask->command);
    add_part(&builder, ask->argv.data, ask->argv.length);
    add_text(&builder, ask->command ? ask->cwd : NULL);
    add_part(&builder, ask->env.data, ask->env.length);
    length = builder.length;
    bytes = str_builder_take(&builder);
    if (!bytes)
        return -ENOMEM;
    digest_bytes(bytes, length, ret_id);
    return 0;
}

static int copy_escaped(const char *text, char **ret_copy)
{
    if (!text)
        return 0;
    *ret_copy = str_escape_new(text);
    return *ret_copy ? 0 : -ENOMEM;
}

static int copy_list(const struct gate_list *list, struct texts *ret_texts)
{
    for (const char *item = NULL; (item = record_list_next(list, item));) {
        AUTO_FREE char *escaped = str_escape_new(item);
        int r = escaped ? texts_add(ret_texts, escaped) : -ENOMEM;

        if (r < 0)
            return r;
    }
    return 0;
}

int scope_from_ask(const struct gate_ask *ask, struct scope *ret_scope)
{
    bool local = scope_is_setuid_door(ask->service);
    struct scope scope = {0};

    if (copy_escaped(scope_service(ask->service), &scope.service) < 0 ||
        copy_escaped(local ? ask->run_as : NULL, &scope.run_as) < 0 ||
        copy_escaped(local ? NULL : ask->rhost, &scope.rhost) < 0 ||
        copy_escaped(ask->command, &scope.command) < 0 || copy_escaped(ask->cwd, &scope.cwd) < 0 ||
        copy_list(&ask->argv, &scope.arguments) < 0 ||
        copy_list(&ask->env, &scope.environment) < 0 || make_id(ask, &scope, scope.id) < 0) {
        scope_done(&scope);
        return -ENOMEM;
    }
    *ret_scope = scope;
    return 0;
}

static int copy_text(const char *text, char **ret_copy)
{
    *ret_copy = text ? strdup(text) : NULL;
    return text && !*ret_copy ? -ENOMEM : 0;
}

static char *join(const struct policy *policy, size_t entitlement, size_t count,
    const char *(*item)(const struct policy *policy, size_t entitlement, size_t i))
{
    struct str_builder builder = {0};

    for (size_t i = 0; i < count; i++)
        str_appendf(&builder, "%s%s", i > 0 ? " or " : "", item(policy, entitlement, i));
    return str_builder_take(&builder);
}

static const char *service_of(const struct policy *policy, size_t entitlement, size_t i)
{
    struct entitlement_info info;

    policy_entitlement(policy, entitlement, &info);
    return info.services[i];
}

static int add_line(struct texts *texts, const char *text, const char *run_as)
{
    AUTO_FREE char *escaped = text ? str_escape_new(text) : NULL;
    struct str_builder builder = {0};
    AUTO_FREE char *line = NULL;

    if (!escaped)
        return -ENOMEM;
    str_appendf(&builder, "%s as %s", escaped, str_empty(run_as) ? "anybody" : run_as);
    line = str_builder_take(&builder);
    return line ? texts_add(texts, line) : -ENOMEM;
}

/* A line for each command; they are few, or there would be no telling what is approved. */
static int list_commands(struct scope *scope, const struct policy *policy, size_t entitlement,
    const struct entitlement_info *info)
{
    AUTO_FREE char *run_as =
        join(policy, entitlement, info->run_as_count, policy_entitlement_run_as);
    int r = run_as ? 0 : -ENOMEM;

    if (r == 0 && info->command_count == 0)
        r = add_line(&scope->opens, "any command", run_as);
    for (size_t i = 0; r == 0 && i < info->command_count; i++) {
        AUTO_FREE char *command = policy_entitlement_command(policy, entitlement, i);

        r = add_line(&scope->opens, command, run_as);
    }
    return r;
}

static bool is_at_console(const char *service, const char *rhost)
{
    return str_equal(service, SERVICE_LOGIN) && str_empty(rhost);
}

static int add_login(struct scope *scope, const char *service)
{
    struct str_builder builder = {0};
    AUTO_FREE char *line = NULL;

    str_appendf(&builder, "login by %s", service);
    if (scope->rhost && !str_equal(service, SERVICE_LOGIN))
        str_appendf(&builder, " from %s", scope->rhost);
    line = str_builder_take(&builder);
    return line ? texts_add(&scope->opens, line) : -ENOMEM;
}

/* A line for each command, where there is a door for commands, and for each login. */
static int list_opens(struct scope *scope, const struct policy *policy, size_t entitlement)
{
    struct entitlement_info info;
    bool commands = false;
    int r = 0;

    policy_entitlement(policy, entitlement, &info);
    for (size_t i = 0; i < info.service_count; i++)
        commands = commands || scope_is_setuid_door(info.services[i]);
    if (commands)
        r = list_commands(scope, policy, entitlement, &info);
    for (size_t i = 0; r == 0 && i < info.service_count; i++)
        if (!scope_is_setuid_door(info.services[i]))
            r = add_login(scope, info.services[i]);
    return r;
}

static int make_whole_id(struct scope *scope)
{
    struct str_builder builder = {0};
    AUTO_FREE char *bytes = NULL;
    size_t length;

    add_text(&builder, "entitlement");
    add_text(&builder, scope->entitlement);
    add_text(&builder, scope->entitlement_digest);
    add_text(&builder, scope->rhost);
    length = builder.length;
    bytes = str_builder_take(&builder);
    if (!bytes)
        return -ENOMEM;
    digest_bytes(bytes, length, scope->id);
    return 0;
}

/* How much there is to say of where it is gone through from. */
static int rank_of(const char *service)
{
    if (scope_is_setuid_door(service))
        return 0;
    if (str_equal(service, SERVICE_LOGIN))
        return 1;
    return str_equal(service, SERVICE_SSHD) ? 3 : 2;
}

const char *scope_first_door(const struct policy *policy, size_t entitlement)
{
    struct entitlement_info info;
    const char *first;

    policy_entitlement(policy, entitlement, &info);
    first = info.services[0];
    for (size_t i = 1; i < info.service_count; i++)
        if (rank_of(info.services[i]) > rank_of(first))
            first = info.services[i];
    return first;
}

int scope_widen(struct scope *scope, const struct policy *policy, size_t entitlement)
{
    struct entitlement_info info;

    policy_entitlement(policy, entitlement, &info);
    scope->whole = true;
    memcpy(scope->entitlement_digest, info.digest, sizeof(scope->entitlement_digest));
    free(scope->service);
    scope->service = join(policy, entitlement, info.service_count, service_of);
    if (!scope->service || copy_text(info.name, &scope->entitlement) < 0 ||
        list_opens(scope, policy, entitlement) < 0)
        return -ENOMEM;
    return make_whole_id(scope);
}

static int copy_texts(const struct texts *texts, struct texts *ret_copy)
{
    for (const char *item = NULL; (item = texts_next(texts, item));)
        if (texts_add(ret_copy, item) < 0)
            return -ENOMEM;
    return 0;
}

int scope_copy(const struct scope *scope, struct scope *ret_copy)
{
    struct scope copy = {0};

    memcpy(copy.id, scope->id, sizeof(copy.id));
    memcpy(copy.digest, scope->digest, sizeof(copy.digest));
    memcpy(copy.entitlement_digest, scope->entitlement_digest, sizeof(copy.entitlement_digest));
    copy.whole = scope->whole;
    if (copy_text(scope->entitlement, &copy.entitlement) < 0 ||
        copy_texts(&scope->opens, &copy.opens) < 0 ||
        copy_text(scope->service, &copy.service) < 0 ||
        copy_text(scope->run_as, &copy.run_as) < 0 || copy_text(scope->rhost, &copy.rhost) < 0 ||
        copy_text(scope->command, &copy.command) < 0 || copy_text(scope->cwd, &copy.cwd) < 0 ||
        copy_texts(&scope->arguments, &copy.arguments) < 0 ||
        copy_texts(&scope->environment, &copy.environment) < 0) {
        scope_done(&copy);
        return -ENOMEM;
    }
    *ret_copy = copy;
    return 0;
}

void scope_done(struct scope *scope)
{
    free(scope->service);
    free(scope->run_as);
    free(scope->rhost);
    free(scope->command);
    free(scope->cwd);
    texts_done(&scope->arguments);
    texts_done(&scope->environment);
    free(scope->entitlement);
    texts_done(&scope->opens);
    *scope = (struct scope){0};
}

bool scope_covers(const struct scope *granted, const struct scope *asked)
{
    if (!digest_equal(granted->id, asked->id))
        return false;
    return granted->digest[0] == '\0' || digest_equal(granted->digest, asked->digest);
}

/* The entitlement as the policy in force has it, if that is still what was granted; else -1. */
static int64_t find_same(const struct scope *granted, const struct policy *policy)
{
    int64_t index = policy_find_entitlement(policy, granted->entitlement);
    struct entitlement_info info;

    if (index < 0)
        return -1;
    policy_entitlement(policy, (size_t)index, &info);
    return strcmp(info.digest, granted->entitlement_digest) == 0 ? index : -1;
}

bool scope_is_outdated(const struct scope *granted, const struct policy *policy)
{
    return granted->whole && find_same(granted, policy) < 0;
}

/* The wall clock of the facts: an identity ends at a day, a grant by the boot clock. */
static bool is_alive(const struct doorway *door)
{
    uint64_t now_us = door->facts->now_us;
    int64_t identity = policy_identity_of(door->policy, door->uid, now_us);

    return identity < 0 ||
           policy_identity_state(door->policy, (size_t)identity, now_us) == IDENTITY_ALIVE;
}

/* A login by sshd without an address is from nowhere. */
static bool is_from_there(const struct scope *granted, const struct doorway *door)
{
    const char *service = door->scope->service, *rhost = door->scope->rhost;

    if (scope_is_setuid_door(service) || is_at_console(service, rhost))
        return true;
    return (rhost || !str_equal(service, SERVICE_SSHD)) && str_equal(granted->rhost, rhost);
}

bool scope_opens(const struct scope *granted, const struct doorway *door)
{
    int64_t index;

    if (!is_alive(door))
        return false;
    if (!granted->whole)
        return scope_covers(granted, door->scope);
    index = find_same(granted, door->policy);
    return index >= 0 && !door->facts->command_writable && !door->facts->environment_changed &&
           is_from_there(granted, door) &&
           policy_entitlement_opens(door->policy, (size_t)index, door->facts);
}

bool scope_may_open(const struct scope *granted, const struct doorway *door)
{
    int64_t index;

    if (!is_alive(door))
        return false;
    if (!granted->whole)
        return str_equal(granted->service, door->scope->service);
    index = find_same(granted, door->policy);
    return index >= 0 && policy_entitlement_may_open(door->policy, (size_t)index, door->facts);
}

/* A word as a shell would need it, so that "a b" as one argument is seen to be one. */
static void append_word(struct str_builder *builder, const char *word)
{
    bool plain = word[0] != '\0' &&
                 strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                              "@%+=:,./-_") == strlen(word);

    if (plain) {
        str_append(builder, word);
        return;
    }
    str_append(builder, "'");
    for (const char *p = word; *p != '\0'; p++) {
        if (*p == '\'')
            str_append(builder, "'\\''");
        else
            str_append_n(builder, p, 1);
    }
    str_append(builder, "'");
}

char *scope_command_line(const struct scope *scope)
{
    const char *argument = texts_next(&scope->arguments, NULL);
    struct str_builder builder = {0};

    if (scope->command)
        append_word(&builder, scope->command);
    while (argument && (argument = texts_next(&scope->arguments, argument))) {
        str_append(&builder, " ");
        append_word(&builder, argument);
    }
    return str_builder_take(&builder);
}

/* In one line among others; the whole is in the request and in the records. */
#define COMMAND_SHOWN_MAX 400

char *scope_describe(const struct scope *scope)
{
    AUTO_FREE char *line = scope_command_line(scope);
    struct str_builder builder = {0};
    const char *run_as = scope->run_as ? scope->run_as : "another user";

    if (!line)
        return NULL;
    if (scope->whole) {
        str_appendf(&builder, "use the entitlement %s (%s)", scope->entitlement, scope->service);
    } else if (!scope_is_setuid_door(scope->service)) {
        str_appendf(&builder, "log in by %s", scope->service);
        if (scope->rhost)
            str_appendf(&builder, " from %s", scope->rhost);
    } else if (scope->command) {
        str_appendf(&builder, "run %.*s%s as %s with %s", COMMAND_SHOWN_MAX, line,
            strlen(line) > COMMAND_SHOWN_MAX ? "... (cut)" : "", run_as, scope->service);
        if (scope->cwd)
            str_appendf(&builder, " in %s", scope->cwd);
    } else if (str_equal(scope->service, SERVICE_SU)) {
        str_appendf(&builder, "become %s with su and run anything as that user", run_as);
    } else {
        str_appendf(&builder, "run anything with %s", scope->service);
    }
    return str_builder_take(&builder);
}
