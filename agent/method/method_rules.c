/* RecertifyRule, ListRules: who vouches for the rules of the policy in force, and up to when. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/str.h"
#include "../core/agent.h"
#include "../core/recertify.h"
#include "../door/door_facts.h"
#include "../policy/moment.h"
#include "../state/people.h"
#include "../state/session.h"
#include "methods.h"
#include "view_rule.h"

#define REASON_MAX 500
#define PAGE_MAX 25 /* rules looked at in one call: it holds up the loop */

/* ---- who may ----------------------------------------------------------------------------- */

static const char not_yours[] = "a rule is certified by root, or by a person of its owner";

static const char *words_of(enum people_verdict verdict)
{
    switch (verdict) {
    case PEOPLE_NO_SESSION:
        return "a rule is certified only from a login of your own (ssh or console), not from a "
               "service, cron or a detached job";
    case PEOPLE_FOREIGN_SESSION:
        return "this shell belongs to somebody else's login (sudo or su); log in as yourself to "
               "certify a rule";
    default:
        return not_yours;
    }
}

static struct login_session login_of(const struct peer *peer)
{
    struct login_session login = {0};

    if (session_of(peer->pid, peer->pidfd, &login) < 0)
        login.known = false;
    return login;
}

/* Root has no name of its own: the person whose login it came from has. */
static const char *name_of_root(const struct agent *agent, const struct login_session *login)
{
    int64_t person = login->known ? policy_person_of(agent->policy, login->uid) : -1;

    return person >= 0 ? policy_person(agent->policy, (uint32_t)person)->name : "root";
}

/* Who gives the certificate, NULL after having answered. */
static const char *judge(struct public_call *call, const struct agent *agent, const char *owner,
    const struct login_session *login)
{
    const struct peer *peer = public_peer(call);
    const char *person = NULL;
    enum people_verdict verdict;

    if (peer->uid == 0)
        return name_of_root(agent, login);
    verdict = people_judge_owner(agent->policy, owner, peer->uid, login, &person);
    if (verdict == PEOPLE_MAY)
        return person;
    method_error(call, ERROR_NOT_ALLOWED, "message", words_of(verdict));
    return NULL;
}

/* The rule they name; -1 after having answered. Whether there is one is not for everybody. */
static int64_t find_rule(struct public_call *call, const struct agent *agent, const char *id)
{
    int64_t index = policy_find_rule(agent->policy, id);

    if (index >= 0)
        return index;
    if (method_sees_all(agent, call))
        method_not_found(call, id, "the policy in force has no such rule");
    else
        method_error(call, ERROR_NOT_ALLOWED, "message", not_yours);
    return -1;
}

/* Whether the rule allows the very person who certifies it, as far as the account that they call
 * with (or that root's login came from) tells. */
static bool is_for_caller(
    const struct agent *agent, size_t index, const struct peer *peer, uid_t login_uid)
{
    AUTO_FREE gid_t *groups = calloc(peer->group_count + 1, sizeof(*groups));
    struct facts facts = {
        .uid = peer->uid == 0 ? login_uid : peer->uid,
        .groups_known = groups && peer->uid != 0,
        .groups = groups,
        .group_count = peer->group_count + 1,
        .host = agent->config.host,
        .labels = agent->config.label_list,
        .label_count = agent->config.label_count,
    };

    if (!groups || facts.uid == UID_NONE)
        return false;
    groups[0] = peer->gid;
    if (peer->group_count > 0)
        memcpy(groups + 1, peer->groups, peer->group_count * sizeof(*groups));
    facts.kind = facts_kind(agent, facts.uid);
    return policy_rule_is_for(agent->policy, index, &facts);
}

/* ---- RecertifyRule ----------------------------------------------------------------------- */

/* The moment after the day `text`, false after having answered. */
static bool take_until(struct public_call *call, const char *text, uint64_t *ret_until_us)
{
    uint64_t now = clock_realtime_us();

    if (!moment_parse_end_of_day(text, ret_until_us))
        method_error(call, ERROR_INVALID, "message", "'until' is not a day such as 2027-02-01");
    else if (*ret_until_us <= now)
        method_error(call, ERROR_INVALID, "message", "'until' is a day that is over");
    else if (*ret_until_us / USEC_PER_DAY - 1 - now / USEC_PER_DAY > CERTIFICATE_DAYS_MAX)
        method_error(call, ERROR_INVALID, "message",
            "'until' is too far ahead: a rule is certified for 400 days at most");
    else
        return true;
    return false;
}

static bool take_reason(struct public_call *call, json_t *parameters, char escaped[REASON_MAX])
{
    const char *reason;

    if (!method_text(call, parameters, "reason", true, &reason))
        return false;
    if (reason[strspn(reason, " \t\r\n")] == '\0') {
        method_error(call, ERROR_INVALID, "message", "a rule is not certified without a reason");
        return false;
    }
    str_escape(reason, strlen(reason), escaped, REASON_MAX);
    return true;
}

/* Whether it makes a difference; false after having answered. */
static bool is_longer(struct public_call *call, const struct rule_info *rule, uint64_t until_us)
{
    char day[CERTIFICATE_DAY_SIZE], text[160];

    if (rule->decision != DECISION_ALLOW) {
        method_error(call, ERROR_INVALID, "message",
            "only rules that allow by themselves are certified, and this one does not");
        return false;
    }
    if (until_us > rule->certified_us)
        return true;
    certificate_last_day(rule->certified_us, day);
    snprintf(text, sizeof(text),
        "the rule is certified up to %s already; a new certificate must end later", day);
    method_error(call, ERROR_INVALID, "message", text);
    return false;
}

/* A call that waits for its certificate to be durable. */
struct recertify_call {
    struct agent *agent;
    struct public_call *call;
    char *rule;
};

static void call_free(struct recertify_call *waiting)
{
    free(waiting->rule);
    free(waiting);
}

static void on_gone(struct public_call *call, void *userdata)
{
    struct recertify_call *waiting = userdata;

    (void)call;
    recertify_forget(waiting->agent, waiting);
    call_free(waiting);
}

static void on_certified(struct agent *agent, int result, void *userdata)
{
    struct recertify_call *waiting = userdata;
    int64_t index = policy_find_rule(agent->policy, waiting->rule);

    public_on_gone(waiting->call, NULL, NULL);
    if (result < 0)
        method_unavailable(waiting->call, result);
    else
        public_reply(
            waiting->call, json_pack("{s:o}", "rule",
                               index < 0 ? json_null() : view_rule_entry(agent, (size_t)index)));
    call_free(waiting);
}

static void submit(
    struct public_call *call, struct agent *agent, struct certificate *certificate, int r)
{
    struct recertify_call *waiting = r == 0 ? calloc(1, sizeof(*waiting)) : NULL;

    if (waiting) {
        *waiting = (struct recertify_call){agent, call, strdup(certificate->rule)};
        r = waiting->rule ? recertify(agent, certificate, on_certified, waiting) : -ENOMEM;
    } else if (r == 0) {
        r = -ENOMEM;
    }
    if (r == 0) {
        public_on_gone(call, on_gone, waiting);
        return;
    }
    if (waiting)
        call_free(waiting);
    certificate_done(certificate);
    if (r == -EBUSY)
        method_error(call, ERROR_UNAVAILABLE, "message",
            "another certificate for this rule is being recorded; try again");
    else
        method_unavailable(call, r);
}

static int fill(struct certificate *certificate, const char *rule, const char *by,
    const char *reason, const struct agent *agent)
{
    certificate->rule = strdup(rule);
    certificate->by = strdup(by);
    certificate->reason = strdup(reason);
    certificate->real_us = clock_realtime_us();
    memcpy(certificate->policy, policy_digest(agent->policy), sizeof(certificate->policy));
    return certificate->rule && certificate->by && certificate->reason ? 0 : -ENOMEM;
}

void method_recertify_rule(struct public_call *call, json_t *parameters, void *userdata)
{
    struct agent *agent = userdata;
    const struct peer *peer = public_peer(call);
    struct login_session login = login_of(peer);
    struct certificate certificate = {
        .uid = peer->uid,
        .login_uid = login.known ? login.uid : UID_NONE,
    };
    const char *id, *until, *by;
    struct rule_info rule;
    char reason[REASON_MAX];
    int64_t index;
    int r;

    if (!method_text(call, parameters, "rule", true, &id) ||
        !method_text(call, parameters, "until", true, &until) ||
        (index = find_rule(call, agent, id)) < 0)
        return;
    policy_rule(agent->policy, (size_t)index, &rule);
    by = judge(call, agent, rule.owner, &login);
    if (!by || !take_until(call, until, &certificate.until_us) ||
        !take_reason(call, parameters, reason) || !is_longer(call, &rule, certificate.until_us))
        return;
    certificate.own = is_for_caller(agent, (size_t)index, peer, certificate.login_uid);
    r = policy_rule_digest(agent->policy, (size_t)index, certificate.digest);
    if (r == 0)
        r = fill(&certificate, id, by, reason, agent);
    submit(call, agent, &certificate, r);
}

/* ---- ListRules --------------------------------------------------------------------------- */

void method_list_rules(struct public_call *call, json_t *parameters, void *userdata)
{
    const struct agent *agent = userdata;
    bool all = method_sees_all(agent, call);
    json_t *array = json_array();
    struct method_page page;

    if (!method_take_page(call, parameters, policy_rule_count(agent->policy), PAGE_MAX, &page)) {
        json_decref(array);
        return;
    }
    for (size_t i = page.at; i < page.end; i++) {
        struct rule_info rule;

        policy_rule(agent->policy, i, &rule);
        if (all || people_owns(agent->policy, rule.owner, public_peer(call)->uid))
            json_array_append_new(array, view_rule_entry(agent, i));
    }
    method_reply_page(call, agent, &page, "rules", array);
}
