#include "people.h"

#include <string.h>

#include "../../common/str.h"

#define MAIL_MAX 254 /* RFC 5321 path limit */

static void refuse_second(struct reading *reading, const struct yaml_node *node,
    const struct names *names, uint32_t number)
{
    const struct yaml_node *first = names->places[number];

    yaml_error(reading->errors, node, "'%s' is defined at %s:%u:%u already", names->texts[number],
        yaml_file(first), yaml_line(first), yaml_column(first));
}

/* A new person without accounts, or PERSON_NONE. */
static uint32_t add_person(struct reading *reading, const struct yaml_node *node, const char *name)
{
    struct policy *policy = reading->policy;
    uint32_t number;

    if (!read_grow(reading, &policy->people, &reading->people_size, policy->people_names.count,
            sizeof(*policy->people)))
        return PERSON_NONE;
    number = names_add(&policy->people_names, &policy->arena, name, node);
    if (number == NAMES_NONE)
        reading->out_of_memory = true;
    else
        policy->people[number] = (struct owner){
            .number = number,
            .person = {.name = policy->people_names.texts[number]},
        };
    return number;
}

static void own_account(
    struct reading *reading, const struct yaml_node *node, uint32_t user, uint32_t person)
{
    struct policy *policy = reading->policy;
    uint32_t owner = policy->users[user].person;

    if (owner == PERSON_NONE)
        policy->users[user].person = person;
    else if (owner == person)
        yaml_error(reading->errors, node, "account '%s' stands here twice",
            policy->user_names.texts[user]);
    else
        yaml_error(reading->errors, node, "account '%s' belongs to '%s' already",
            policy->user_names.texts[user], policy->people[owner].person.name);
}

/* Gives `person` the accounts named by `node`, a list or the person's own name. */
static void set_accounts(
    struct reading *reading, const struct yaml_node *node, const char *only, uint32_t person)
{
    struct policy *policy = reading->policy;
    size_t count = only ? 1 : yaml_count(node), used = 0;
    const char **accounts = arena_alloc(&policy->arena, count * sizeof(*accounts));
    uint32_t *users = arena_alloc(&policy->arena, count * sizeof(*users));
    uid_t *uids = arena_alloc(&policy->arena, count * sizeof(*uids));

    if (!accounts || !users || !uids) {
        reading->out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *item = only ? node : yaml_item(node, i);
        const char *name = only ? only : read_name(reading, item, "user");
        uint32_t user = name ? read_user(reading, item, name) : NAMES_NONE;

        if (user == NAMES_NONE)
            continue;
        own_account(reading, item, user, person);
        users[used] = user;
        accounts[used++] = policy->user_names.texts[user];
    }
    policy->people[person].users = users;
    policy->people[person].uids = uids;
    policy->people[person].person.uids = uids;
    policy->people[person].person.accounts = accounts;
    policy->people[person].person.account_count = used;
}

static const char *read_mail(struct reading *reading, const struct yaml_node *node)
{
    const char *mail = yaml_text(node, reading->errors);
    const char *at = mail ? strchr(mail, '@') : NULL;

    if (!mail)
        return NULL;
    if (!at || at == mail || at[1] == '\0' || strlen(mail) > MAIL_MAX || mail[0] == '-' ||
        strpbrk(mail, " \t\r\n<>,;\"'\\")) {
        yaml_error(reading->errors, node, "'%s' is not a mail address", mail);
        return NULL;
    }
    mail = arena_text(&reading->policy->arena, mail, strlen(mail));
    if (!mail)
        reading->out_of_memory = true;
    return mail;
}

static void read_person(struct reading *reading, struct yaml_node *key, struct yaml_node *value)
{
    const char *name = read_name(reading, key, "person");
    const struct names *names = &reading->policy->people_names;
    struct yaml_node *accounts, *mail;
    uint32_t person;

    if (!name)
        return;
    person = names_find(names, name);
    if (person != NAMES_NONE) {
        refuse_second(reading, key, names, person);
        return;
    }
    person = add_person(reading, key, name);
    if (person == PERSON_NONE || !yaml_expect(value, YAML_MAPPING, reading->errors))
        return;
    reading->policy->people[person].listed = true;
    reading->policy->lists_people = true;
    accounts = yaml_take(value, "accounts");
    mail = yaml_take(value, "mail");
    if (!accounts)
        set_accounts(reading, key, name, person);
    else if (read_is_list(reading, accounts))
        set_accounts(reading, accounts, NULL, person);
    if (mail)
        reading->policy->people[person].person.mail = read_mail(reading, mail);
    yaml_finish(value, reading->errors);
}

void people_read(struct reading *reading, struct yaml_node *people)
{
    if (!yaml_expect(people, YAML_MAPPING, reading->errors))
        return;
    for (size_t i = 0; i < yaml_count(people); i++)
        read_person(reading, yaml_key(people, i), yaml_item(people, i));
}

uint32_t people_find_named(const struct reading *reading, const char *name)
{
    const struct policy *policy = reading->policy;
    uint32_t person = names_find(&policy->people_names, name), user;

    if (person != NAMES_NONE)
        return person;
    user = names_find(&policy->user_names, name);
    return user == NAMES_NONE ? PERSON_NONE : policy->users[user].person;
}

void people_check_names(struct reading *reading)
{
    const struct policy *policy = reading->policy;

    for (uint32_t user = 0; user < policy->user_names.count; user++) {
        const char *name = policy->user_names.texts[user];
        uint32_t person = names_find(&policy->people_names, name);

        if (person != NAMES_NONE && policy->users[user].person != person)
            yaml_error(reading->errors, policy->user_names.places[user],
                "account '%s' of '%s' has the name of another person", name,
                policy->people[policy->users[user].person].person.name);
    }
}

static void read_team_name(struct reading *reading, struct yaml_node *key)
{
    const char *name = read_name(reading, key, "group");
    uint32_t before = reading->policy->team_names.count, team;

    if (!name)
        return;
    if (people_find_named(reading, name) != PERSON_NONE)
        yaml_error(
            reading->errors, key, "'%s' is a person already and cannot be a group too", name);
    team = names_add(&reading->policy->team_names, &reading->policy->arena, name, key);
    if (team == NAMES_NONE)
        reading->out_of_memory = true;
    else if (team < before)
        refuse_second(reading, key, &reading->policy->team_names, team);
}

void people_read_team_names(struct reading *reading, struct yaml_node *teams)
{
    if (!yaml_expect(teams, YAML_MAPPING, reading->errors))
        return;
    for (size_t i = 0; i < yaml_count(teams); i++)
        read_team_name(reading, yaml_key(teams, i));
}

/* Whoever is in a group and nowhere else described has one account, of the same name. */
static uint32_t find_or_add_person(
    struct reading *reading, const struct yaml_node *node, const char *name)
{
    uint32_t person = people_find_named(reading, name);

    if (person != PERSON_NONE)
        return person;
    person = add_person(reading, node, name);
    if (person != PERSON_NONE)
        set_accounts(reading, node, name, person);
    return person;
}

static void read_members(struct reading *reading, const struct yaml_node *members, uint32_t team)
{
    size_t count = yaml_count(members), used = 0;
    uint32_t *people = arena_alloc(&reading->policy->arena, count * sizeof(*people));

    if (!people) {
        reading->out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *item = yaml_item(members, i);
        const char *name = read_name(reading, item, "person");

        if (name && names_find(&reading->policy->team_names, name) != NAMES_NONE)
            yaml_error(reading->errors, item, "'%s' is a group; groups hold people only", name);
        else if (name)
            people[used] = find_or_add_person(reading, item, name);
        if (name && people[used] != PERSON_NONE)
            used++;
    }
    reading->policy->team_people[team] = (struct numbers){people, used};
}

void people_read_teams(struct reading *reading, struct yaml_node *teams)
{
    if (yaml_kind_of(teams) != YAML_MAPPING)
        return;
    for (size_t i = 0; i < yaml_count(teams); i++) {
        const struct yaml_node *key = yaml_key(teams, i), *members = yaml_item(teams, i);
        const char *name = yaml_text(key, reading->errors);
        uint32_t team = name ? names_find(&reading->policy->team_names, name) : NAMES_NONE;

        if (yaml_kind_of(members) == YAML_MAPPING)
            (void)yaml_expect(members, YAML_SEQUENCE, reading->errors);
        else if (team != NAMES_NONE && reading->policy->team_people)
            read_members(reading, members, team);
    }
}
