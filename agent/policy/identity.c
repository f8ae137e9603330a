#include "identity.h"

#include <string.h>

#include "../../common/str.h"
#include "moment.h"
#include "people.h"

/* The number of a new identity, or NAMES_NONE. */
static uint32_t add_identity(struct reading *reading, const struct yaml_node *key, const char *name)
{
    struct policy *policy = reading->policy;
    uint32_t before = policy->identity_names.count, number;

    if (!read_grow(reading, &policy->identities, &reading->identities_size, before,
            sizeof(*policy->identities)))
        return NAMES_NONE;
    number = names_add(&policy->identity_names, &policy->arena, name, key);
    if (number == NAMES_NONE) {
        reading->out_of_memory = true;
        return NAMES_NONE;
    }
    if (number < before) {
        const struct yaml_node *first = policy->identity_names.places[number];

        yaml_error(reading->errors, key, "identity '%s' is defined at %s:%u:%u already", name,
            yaml_file(first), yaml_line(first), yaml_column(first));
        return NAMES_NONE;
    }
    policy->identities[number] = (struct identity){
        .name = policy->identity_names.texts[number],
        .place = read_place(reading, key),
    };
    return number;
}

static const struct yaml_node *take_required(
    struct reading *reading, struct yaml_node *node, const char *key, const char *what)
{
    const struct yaml_node *value = yaml_take(node, key);

    if (!value)
        yaml_error(reading->errors, node, "an identity needs '%s': %s", key, what);
    return value;
}

/* An account is one person's or one identity's: else nobody could tell who it was. */
static void own_account(
    struct reading *reading, const struct yaml_node *node, uint32_t user, uint32_t number)
{
    struct policy *policy = reading->policy;
    const struct yaml_node *first = policy->user_names.places[user];
    const char *account = policy->user_names.texts[user];
    uint32_t person = people_find_named(reading, account);
    uint32_t other = policy->users[user].identity;

    if (other != IDENTITY_NONE) {
        yaml_error(reading->errors, node, "account '%s' is that of identity '%s' at %s:%u:%u",
            account, policy->identities[other].name, yaml_file(first), yaml_line(first),
            yaml_column(first));
    } else if (person != PERSON_NONE) {
        first = policy->people_names.places[person];
        yaml_error(reading->errors, node,
            "account '%s' is that of a person, or is named like one, '%s' at %s:%u:%u; an identity "
            "needs an account of its own",
            account, policy->people_names.texts[person], yaml_file(first), yaml_line(first),
            yaml_column(first));
    } else {
        policy->users[user].identity = number;
    }
}

static void read_account(struct reading *reading, struct yaml_node *node, uint32_t number)
{
    const struct yaml_node *value = take_required(reading, node, "user", "the account that it has");
    const char *name = value ? read_name(reading, value, "user") : NULL;
    uint32_t user = name ? read_user(reading, value, name) : NAMES_NONE;

    if (user == NAMES_NONE)
        return;
    own_account(reading, value, user, number);
    reading->policy->identities[number].user = user;
}

static void read_owner(struct reading *reading, struct yaml_node *node, struct identity *identity)
{
    const struct yaml_node *value =
        take_required(reading, node, "owner", "the group or person who answers for it");
    struct stage people;

    identity->owner = value ? people_read_owner_name(reading, value) : NULL;
    if (!identity->owner)
        return;
    people_read_owner(reading, identity->owner, &people);
    identity->people = (struct numbers){people.people, people.people_count};
}

static void read_end(struct reading *reading, struct yaml_node *node, struct identity *identity)
{
    const struct yaml_node *value =
        take_required(reading, node, "expires", "its last day, such as 2027-06-30");
    const char *text = value ? yaml_text(value, reading->errors) : NULL;

    if (!text)
        return;
    if (!moment_parse_end_of_day(text, &identity->expires_us)) {
        yaml_error(reading->errors, value, "'%s' is not a day such as 2027-06-30", text);
        return;
    }
    identity->last_day = arena_text(&reading->policy->arena, text, strlen(text));
    reading->out_of_memory |= !identity->last_day;
}

static const char *keep(struct reading *reading, struct str_builder *builder)
{
    AUTO_FREE char *text = str_builder_take(builder);
    const char *kept = text ? arena_text(&reading->policy->arena, text, strlen(text)) : NULL;

    reading->out_of_memory |= !kept;
    return kept;
}

static void make_texts(struct reading *reading, struct identity *identity)
{
    const struct names *teams = &reading->policy->team_names;
    struct str_builder text = {0};

    str_appendf(&text, "the identity %s ended on %s", identity->name, identity->last_day);
    identity->ended_reason = keep(reading, &text);
    str_appendf(&text, "Ask its owner, %s, to set a later day under `expires` in the policy.",
        identity->owner);
    identity->ended_advice = keep(reading, &text);
    str_appendf(&text, "nobody answers for the identity %s any more: ", identity->name);
    if (names_find(teams, identity->owner) != NAMES_NONE)
        str_appendf(&text, "nobody of %s is left", identity->owner);
    else
        str_appendf(&text, "%s is gone", identity->owner);
    identity->unowned_reason = keep(reading, &text);
}

static void refuse_bind(struct reading *reading, struct yaml_node *node)
{
    const struct yaml_node *bind = yaml_take(node, "bind");

    if (bind)
        yaml_error(reading->errors, bind,
            "this version checks no key of an identity, so that nothing may rely on 'bind'; take "
            "it out");
}

static void read_one(struct reading *reading, struct yaml_node *node, uint32_t number)
{
    static const char *const kinds[] = {"service"};
    struct identity *identity = &reading->policy->identities[number];
    const struct yaml_node *kind, *purpose;
    struct yaml_node *accept;

    if (!yaml_expect(node, YAML_MAPPING, reading->errors))
        return;
    kind = yaml_take(node, "kind");
    if (kind)
        (void)read_choice(reading, kind, (struct words){kinds, ARRAY_SIZE(kinds)});
    read_account(reading, node, number);
    read_owner(reading, node, identity);
    purpose = take_required(reading, node, "purpose", "what it is for");
    if (purpose)
        identity->purpose = read_sentence(reading, purpose);
    read_end(reading, node, identity);
    refuse_bind(reading, node);
    accept = yaml_take(node, "accept");
    if (accept)
        read_accepts(reading, accept, &identity->accepts);
    if (identity->owner && identity->last_day)
        make_texts(reading, identity);
    yaml_finish(node, reading->errors);
}

void identity_read_all(struct reading *reading, struct yaml_node *identities)
{
    if (!yaml_expect(identities, YAML_MAPPING, reading->errors))
        return;
    for (size_t i = 0; i < yaml_count(identities); i++) {
        const struct yaml_node *key = yaml_key(identities, i);
        const char *name = yaml_text(key, reading->errors);
        uint32_t number = NAMES_NONE;

        if (name && read_is_id(name))
            number = add_identity(reading, key, name);
        else if (name)
            yaml_error(reading->errors, key,
                "'%s' is not the name of an identity: lower-case letters, digits, and . _ - behind "
                "the first, at most %d",
                name, READ_ID_MAX);
        if (number != NAMES_NONE)
            read_one(reading, yaml_item(identities, i), number);
    }
}
