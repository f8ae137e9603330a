#include "notices.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "../../common/str.h"
#include "../ledger/ledger.h"
#include "../load/survey_say.h"
#include "../state/object.h"
#include "agent.h"
#include "audit.h"
#include "damage.h"

#define AT_ONCE 64 /* of all kinds in one turn of the loop, and in one transaction */

/* What was told of a rule ("rule ID"), an identity ("identity NAME") or a person ("person NAME").
 */
struct notice {
    char *key;
    struct told {
        char digest[POLICY_DIGEST_SIZE]; /* of the rule */
        uint64_t until_us;               /* end of the certificate, the identity, or the account */
        uint32_t step;                   /* enum survey_step */
        bool gone;                       /* the person, or all owners of the other two */
    } told;
    uint64_t seen; /* the last look that found something */
};

static const struct object_field fields[] = {
    {"key", OBJECT_TEXT, offsetof(struct notice, key), 0},
    {"digest", OBJECT_CHARS, offsetof(struct notice, told.digest), POLICY_DIGEST_SIZE},
    {"until", OBJECT_NUMBER, offsetof(struct notice, told.until_us), 0},
    {"step", OBJECT_ID, offsetof(struct notice, told.step), 0},
    {"gone", OBJECT_FLAG, offsetof(struct notice, told.gone), 0},
};

/* Before and after a change that is on its way. */
struct change_of {
    struct notice *notice;
    struct told before;
};

enum look {
    LOOK_RULES,
    LOOK_IDENTITIES,
    LOOK_PEOPLE,
    LOOK_OTHERS, /* who is well again, and so is told of anew the next time */
    LOOK_OVER,
};

struct notices {
    struct agent *agent;
    struct notice **items; /* by key */
    size_t count, size;
    sd_event_source *source;
    enum look look;
    size_t at;
    uint64_t number; /* of the look */
    bool again;      /* from the beginning, once what is on its way is durable */
    struct ledger_batch *batch;
    struct change_of changes[AT_ONCE];
    size_t change_count; /* on their way */
    bool writing;
};

/* ---- keeping ----------------------------------------------------------------------------- */

static void notice_free(struct notice *notice)
{
    object_done(notice, fields, ARRAY_SIZE(fields));
    free(notice);
}

static size_t find_place(const struct notices *notices, const char *key)
{
    size_t low = 0, high = notices->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(notices->items[middle]->key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int insert(struct notices *notices, struct notice *notice)
{
    size_t at = find_place(notices, notice->key);

    if (notices->count == notices->size) {
        size_t size = notices->size > 0 ? 2 * notices->size : 64;
        struct notice **items = reallocarray(notices->items, size, sizeof(*items));

        if (!items)
            return -ENOMEM;
        notices->items = items;
        notices->size = size;
    }
    memmove(&notices->items[at + 1], &notices->items[at],
        (notices->count - at) * sizeof(*notices->items));
    notices->items[at] = notice;
    notices->count++;
    return 0;
}

static struct notice *find(const struct notices *notices, const char *key)
{
    size_t at = find_place(notices, key);

    return at < notices->count && strcmp(notices->items[at]->key, key) == 0 ? notices->items[at]
                                                                            : NULL;
}

/* With nothing told yet where there is none. NULL on OOM. */
static struct notice *find_or_add(struct notices *notices, const char *key)
{
    struct notice *notice = find(notices, key);

    if (notice)
        return notice;
    notice = calloc(1, sizeof(*notice));
    if (!notice)
        return NULL;
    notice->key = strdup(key);
    if (!notice->key || insert(notices, notice) < 0) {
        notice_free(notice);
        return NULL;
    }
    return notice;
}

struct filling {
    struct notices *notices;
    struct damage damage;
};

/* What cannot be read is told again. */
static int load_one(const char *id, const char *body, void *userdata)
{
    struct filling *filling = userdata;
    struct notices *notices = filling->notices;
    struct notice *notice = calloc(1, sizeof(*notice));
    json_t *json = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
    int r = notice ? object_load(json, notice, fields, ARRAY_SIZE(fields)) : -ENOMEM;

    json_decref(json);
    if (r == 0 && (!str_equal(notice->key, id) || find(notices, id)))
        r = -EINVAL;
    if (r == 0)
        r = insert(notices, notice);
    if (r < 0 && notice)
        notice_free(notice);
    if (r == -EINVAL)
        damage_note(&filling->damage, id);
    return r == -EINVAL ? 0 : r;
}

/* ---- telling ----------------------------------------------------------------------------- */

static bool has_begun_writing(struct notices *notices)
{
    if (!notices->batch)
        notices->batch = ledger_batch_new();
    return notices->batch != NULL;
}

/* From now on `told` is what was told, if it can be written. */
static void keep(struct notices *notices, struct notice *notice, const struct told *told)
{
    json_t *json = json_object();
    AUTO_FREE char *body = NULL;

    notices->changes[notices->change_count++] = (struct change_of){notice, notice->told};
    notice->told = *told;
    if (json && object_store(json, notice, fields, ARRAY_SIZE(fields)) == 0)
        body = json_dumps(json, JSON_COMPACT);
    ledger_batch_put(notices->batch, LEDGER_NOTICE, notice->key, true, body);
    json_decref(json);
}

/* A rule or an identity that has lapsed or is about to. */
struct lapsing {
    const char *kind, *name;
    const char *digest; /* of the rule; "" */
    uint64_t until_us;
    enum survey_step step;
    bool unowned; /* no owner is left */
    size_t index;
    void (*record)(struct notices *notices, const struct lapsing *lapsing, uint64_t now_us);
};

static void record_rule(struct notices *notices, const struct lapsing *lapsing, uint64_t now_us)
{
    const struct policy *policy = notices->agent->policy;
    enum lapse lapse = policy_rule_lapse(policy, lapsing->index, now_us);
    AUTO_FREE char *message = survey_say_rule(policy, lapsing->index, now_us);
    struct rule_info rule;

    policy_rule(policy, lapsing->index, &rule);
    audit_news(
        notices->batch, &(struct audit_news){
                            .event = lapse == LAPSE_NONE ? EVENT_RULE_LAPSING : EVENT_RULE_LAPSED,
                            .message = message ? message : "out of memory",
                            .policy = policy_digest(policy),
                            .rule = rule.id,
                            .rule_digest = lapsing->digest,
                            .owner = rule.owner,
                            .lapse = lapse == LAPSE_NONE ? NULL : lapse_to_word(lapse),
                            .expires_us = rule.certified_us,
                        });
}

static void record_identity(struct notices *notices, const struct lapsing *lapsing, uint64_t now_us)
{
    const struct policy *policy = notices->agent->policy;
    enum identity_state state = policy_identity_state(policy, lapsing->index, now_us);
    AUTO_FREE char *message = survey_say_identity(policy, lapsing->index, now_us);
    bool alive = state == IDENTITY_ALIVE;
    struct identity_info identity;

    policy_identity(policy, lapsing->index, &identity);
    audit_news(notices->batch, &(struct audit_news){
                                   .event = alive ? EVENT_IDENTITY_LAPSING : EVENT_IDENTITY_LAPSED,
                                   .message = message ? message : "out of memory",
                                   .policy = policy_digest(policy),
                                   .identity = identity.name,
                                   .owner = identity.owner,
                                   .lapse = alive ? NULL : identity_state_to_lapse(state),
                                   .expires_us = identity.expires_us,
                               });
}

/* What there is to tell now; `told` is what was told so far and becomes what will have been. A
 * certificate, form of the rule or last day that is new begins anew. */
static bool is_due(const struct lapsing *lapsing, struct told *told)
{
    bool was_unowned = told->gone;

    if (!str_equal(told->digest, lapsing->digest) || told->until_us != lapsing->until_us) {
        snprintf(told->digest, sizeof(told->digest), "%s", lapsing->digest);
        told->until_us = lapsing->until_us;
        told->step = SURVEY_FINE;
    }
    told->gone = lapsing->unowned;
    if (lapsing->unowned)
        return !was_unowned;
    if (lapsing->step <= told->step)
        return false;
    told->step = lapsing->step;
    return true;
}

static void tell(struct notices *notices, const struct lapsing *lapsing, uint64_t now_us)
{
    struct str_builder builder = {0};
    AUTO_FREE char *key = NULL;
    struct notice *notice;
    struct told told = {0};
    bool due;

    str_appendf(&builder, "%s %s", lapsing->kind, lapsing->name);
    key = str_builder_take(&builder);
    notice = key ? find(notices, key) : NULL;
    if (notice)
        told = notice->told;
    if (!key)
        return;
    due = is_due(lapsing, &told);
    if (notice)
        notice->seen = notices->number;
    if ((!due && (!notice || notice->told.gone == told.gone)) || !has_begun_writing(notices))
        return;
    notice = find_or_add(notices, key);
    if (!notice)
        return;
    notice->seen = notices->number;
    if (due)
        lapsing->record(notices, lapsing, now_us);
    keep(notices, notice, &told);
}

static void look_at_rule(struct notices *notices, const struct survey_rule *found, uint64_t now_us)
{
    const struct policy *policy = notices->agent->policy;
    struct rule_info rule;

    policy_rule(policy, found->index, &rule);
    if (rule.disabled)
        return;
    tell(notices,
        &(struct lapsing){
            .kind = "rule",
            .name = rule.id,
            .digest = found->digest,
            .until_us = rule.certified_us,
            .step = survey_step_of(found, now_us),
            .unowned = policy_rule_lapse(policy, found->index, now_us) == LAPSE_OWNER,
            .index = found->index,
            .record = record_rule,
        },
        now_us);
}

static void look_at_identity(
    struct notices *notices, const struct survey_identity *found, uint64_t now_us)
{
    const struct policy *policy = notices->agent->policy;
    struct identity_info identity;

    policy_identity(policy, found->index, &identity);
    tell(notices,
        &(struct lapsing){
            .kind = "identity",
            .name = identity.name,
            .digest = "",
            .until_us = identity.expires_us,
            .step = survey_identity_step(found, now_us),
            .unowned = policy_identity_state(policy, found->index, now_us) == IDENTITY_UNOWNED,
            .index = found->index,
            .record = record_identity,
        },
        now_us);
}

static void record_person(
    struct notices *notices, const struct survey_person *found, bool gone, uint64_t now_us)
{
    const struct policy *policy = notices->agent->policy;
    AUTO_FREE char *message = survey_say_person(policy, found, now_us);
    AUTO_FREE char *names = texts_join(&found->names, ", ");

    audit_news(notices->batch, &(struct audit_news){
                                   .event = gone ? EVENT_PERSON_GONE : EVENT_PERSON_LEAVING,
                                   .message = message ? message : "out of memory",
                                   .policy = policy_digest(policy),
                                   .person = policy_person(policy, found->person)->name,
                                   .expires_us = gone ? 0 : found->ends_us,
                                   .detail = names,
                               });
}

static void look_at_person(
    struct notices *notices, const struct survey_person *found, uint64_t now_us)
{
    const struct policy *policy = notices->agent->policy;
    bool gone = policy_person_state(policy, found->person, now_us) != PERSON_HERE, due;
    struct str_builder builder = {0};
    AUTO_FREE char *key = NULL;
    struct notice *notice;
    struct told told;

    str_appendf(&builder, "person %s", policy_person(policy, found->person)->name);
    key = str_builder_take(&builder);
    notice = key && has_begun_writing(notices) ? find_or_add(notices, key) : NULL;
    if (!notice)
        return;
    notice->seen = notices->number;
    told = notice->told;
    due = gone ? !told.gone : told.until_us != found->ends_us;
    if (!due && told.gone == gone)
        return;
    told.gone = gone;
    told.until_us = gone ? 0 : found->ends_us;
    if (due)
        record_person(notices, found, gone, now_us);
    keep(notices, notice, &told);
}

/* Nothing is found of it this time. A rule's certificate stays told: the clock may have been set
 * back for a moment. */
static void look_at_other(struct notices *notices, struct notice *notice)
{
    struct told told = notice->told;

    told.gone = false;
    if (strncmp(notice->key, "person ", strlen("person ")) == 0)
        told.until_us = 0;
    if (notice->seen == notices->number ||
        (told.gone == notice->told.gone && told.until_us == notice->told.until_us) ||
        !has_begun_writing(notices))
        return;
    keep(notices, notice, &told);
}

/* ---- a few at a time --------------------------------------------------------------------- */

static size_t count_of(const struct notices *notices)
{
    switch (notices->look) {
    case LOOK_RULES:
        return notices->agent->survey.rule_count;
    case LOOK_IDENTITIES:
        return notices->agent->survey.identity_count;
    case LOOK_PEOPLE:
        return notices->agent->survey.person_count;
    case LOOK_OTHERS:
        return notices->count;
    case LOOK_OVER:
        break;
    }
    return 0;
}

static void look_at(struct notices *notices, size_t at, uint64_t now_us)
{
    const struct survey *survey = &notices->agent->survey;

    if (notices->look == LOOK_RULES)
        look_at_rule(notices, &survey->rules[at], now_us);
    else if (notices->look == LOOK_IDENTITIES)
        look_at_identity(notices, &survey->identities[at], now_us);
    else if (notices->look == LOOK_PEOPLE)
        look_at_person(notices, &survey->people[at], now_us);
    else
        look_at_other(notices, notices->items[at]);
}

static void go_on(struct notices *notices)
{
    if (notices->look == LOOK_OVER || notices->writing || notices->agent->stopping)
        return;
    if (sd_event_source_set_enabled(notices->source, SD_EVENT_ONESHOT) < 0)
        notices->look = LOOK_OVER;
}

/* Nothing was told if it could not be written: the next look tells it. */
static void on_written(int result, uint64_t first_seq, void *userdata)
{
    struct notices *notices = userdata;

    (void)first_seq;
    notices->writing = false;
    for (size_t i = 0; result < 0 && i < notices->change_count; i++)
        notices->changes[i].notice->told = notices->changes[i].before;
    notices->change_count = 0;
    if (result == 0)
        agent_committed(notices->agent);
    else
        notices->look = LOOK_OVER;
    if (notices->again)
        notices_look(notices->agent);
    else
        go_on(notices);
}

static int on_look(sd_event_source *source UNUSED, void *userdata)
{
    struct notices *notices = userdata;
    uint64_t now = clock_realtime_us();
    struct ledger_batch *batch;

    for (size_t i = 0; i < AT_ONCE && notices->look != LOOK_OVER; i++) {
        if (notices->at < count_of(notices)) {
            look_at(notices, notices->at++, now);
        } else {
            notices->look++;
            notices->at = 0;
        }
    }
    batch = TAKE_PTR(notices->batch);
    if (batch && notices->change_count > 0) {
        notices->writing = true;
        ledger_submit(notices->agent->ledger, batch, true, on_written, notices);
    } else {
        ledger_batch_free(batch);
        go_on(notices);
    }
    return 0;
}

void notices_look(struct agent *agent)
{
    struct notices *notices = agent->notices;

    notices->again = notices->writing;
    if (notices->writing)
        return;
    notices->look = LOOK_RULES;
    notices->at = 0;
    notices->number++;
    go_on(notices);
}

/* ---- life -------------------------------------------------------------------------------- */

int notices_load(struct agent *agent)
{
    struct notices *notices = calloc(1, sizeof(*notices));
    struct filling filling = {.notices = notices};
    int r;

    if (!notices)
        return -ENOMEM;
    agent->notices = notices;
    notices->agent = agent;
    notices->look = LOOK_OVER;
    r = sd_event_add_defer(agent->event, &notices->source, on_look, notices);
    if (r >= 0)
        r = sd_event_source_set_enabled(notices->source, SD_EVENT_OFF);
    if (r >= 0)
        r = ledger_each_live(agent->ledger, LEDGER_NOTICE, load_one, &filling);
    damage_warn(&filling.damage, "notes of what owners were told", "they are told again");
    return r;
}

void notices_free(struct notices *notices)
{
    if (!notices)
        return;
    for (size_t i = 0; i < notices->count; i++)
        notice_free(notices->items[i]);
    free(notices->items);
    sd_event_source_disable_unref(notices->source);
    ledger_batch_free(notices->batch);
    free(notices);
}
