#include "recertify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "../../common/str.h"
#include "../ledger/ledger.h"
#include "agent.h"
#include "audit.h"

/* A certificate on its way, or one that is durable since a load began. */
struct recertification {
    struct agent *agent;
    struct certificate certificate;
    bool durable;
    recertify_done_fn done;
    void *userdata;
    struct recertification *next;
};

static void recertification_free(struct recertification *recertification)
{
    certificate_done(&recertification->certificate);
    free(recertification);
}

static void drop(struct recertification *recertification)
{
    struct recertification **at = &recertification->agent->recertifications;

    while (*at != recertification)
        at = &(*at)->next;
    *at = recertification->next;
    recertification_free(recertification);
}

/* If the rule is still what was looked at. */
static void apply(struct agent *agent, const struct certificate *certificate)
{
    int64_t index = policy_find_rule(agent->policy, certificate->rule);
    char digest[POLICY_DIGEST_SIZE];
    struct certificate copy;
    int r;

    if (index < 0)
        return;
    r = policy_rule_digest(agent->policy, (size_t)index, digest);
    if (r == 0 && !str_equal(digest, certificate->digest))
        return;
    if (r == 0)
        r = certificate_copy(certificate, &copy);
    if (r == 0)
        r = survey_certify(&agent->survey, agent->policy, (size_t)index, &copy);
    if (r < 0)
        fprintf(stderr,
            SD_ERR "out of memory: the certificate of rule %s counts from the next "
                   "reload on\n",
            certificate->rule);
}

static void on_durable(int result, uint64_t first_seq, void *userdata)
{
    struct recertification *recertification = userdata;
    struct agent *agent = recertification->agent;
    recertify_done_fn done = recertification->done;
    void *of_done = recertification->userdata;

    (void)first_seq;
    recertification->done = NULL;
    recertification->durable = true;
    if (result == 0)
        apply(agent, &recertification->certificate);
    if (result < 0 || !agent->reloading)
        drop(recertification);
    if (done)
        done(agent, result, of_done);
    if (result == 0)
        agent_committed(agent);
}

static void record(struct agent *agent, const struct certificate *certificate,
    struct ledger_batch *batch, void *userdata)
{
    int64_t index = policy_find_rule(agent->policy, certificate->rule);
    struct rule_info info = {0};
    char day[CERTIFICATE_DAY_SIZE], message[1024];

    if (index >= 0)
        policy_rule(agent->policy, (size_t)index, &info);
    certificate_last_day(certificate->until_us, day);
    snprintf(message, sizeof(message), "%s certified rule %s up to %s%s: %s", certificate->by,
        certificate->rule, day, certificate->own ? " (it allows them themselves)" : "",
        certificate->reason);
    audit_news(batch, &(struct audit_news){
                          .event = EVENT_RECERTIFIED,
                          .message = message,
                          .policy = certificate->policy,
                          .rule = certificate->rule,
                          .rule_digest = certificate->digest,
                          .owner = info.owner,
                          .expires_us = certificate->until_us,
                          .approver = certificate->by,
                          .approver_uid = certificate->uid,
                          .reason = certificate->reason,
                          .detail = certificate->own ? "the rule allows them themselves" : NULL,
                      });
    certificate_put(batch, certificate);
    ledger_submit(agent->ledger, batch, false, on_durable, userdata);
}

static bool is_on_its_way(const struct agent *agent, const char *digest)
{
    for (const struct recertification *r = agent->recertifications; r; r = r->next)
        if (!r->durable && str_equal(r->certificate.digest, digest))
            return true;
    return false;
}

int recertify(
    struct agent *agent, struct certificate *certificate, recertify_done_fn done, void *userdata)
{
    bool busy = is_on_its_way(agent, certificate->digest);
    struct recertification *new = busy ? NULL : calloc(1, sizeof(*new));
    struct ledger_batch *batch = new ? ledger_batch_new() : NULL;

    if (!batch) {
        free(new);
        certificate_done(certificate);
        return busy ? -EBUSY : -ENOMEM;
    }
    *new = (struct recertification){
        .agent = agent,
        .certificate = *certificate,
        .done = done,
        .userdata = userdata,
        .next = agent->recertifications,
    };
    *certificate = (struct certificate){0};
    agent->recertifications = new;
    record(agent, &new->certificate, batch, new);
    return 0;
}

void recertify_forget(struct agent *agent, const void *userdata)
{
    for (struct recertification *r = agent->recertifications; r; r = r->next)
        if (r->userdata == userdata)
            r->done = NULL;
}

void recertify_load_begins(struct agent *agent)
{
    struct recertification **at = &agent->recertifications;

    while (*at) {
        struct recertification *recertification = *at;

        if (!recertification->durable) {
            at = &recertification->next;
            continue;
        }
        *at = recertification->next;
        recertification_free(recertification);
    }
}

void recertify_catch_up(struct agent *agent)
{
    for (const struct recertification *r = agent->recertifications; r; r = r->next)
        if (r->durable)
            apply(agent, &r->certificate);
}

void recertify_free(struct agent *agent)
{
    struct recertification *first = TAKE_PTR(agent->recertifications);

    while (first) {
        struct recertification *next = first->next;

        recertification_free(first);
        first = next;
    }
}
