#include "certificates.h"

#include "../agent/policy/moment.h"
#include "call.h"
#include "field.h"
#include "json.h"

/* What the agent says is not believed without end. */
#define PAGES_MAX 10000

/* Keeps the day of each certificate under the digest of its rule. */
static void keep(json_t *days, const json_t *rules)
{
    for (size_t i = 0; i < json_array_size(rules); i++) {
        const json_t *certificate = field_object(json_array_get(rules, i), "certificate");
        const char *digest = field_text(certificate, "digest");

        if (digest)
            (void)json_object_set(days, digest, json_object_get(certificate, "until"));
    }
}

static int read_page(
    const struct cli_options *options, struct varlink *link, json_t *days, json_int_t *from)
{
    AUTO_JSON json_t *reply = NULL;
    int r = call_on(options, link, "ListRules", json_pack("{s:I}", "from", *from), &reply);

    if (r != CLI_OK)
        return r;
    keep(days, field_array(reply, "rules"));
    *from = field_int(reply, "next", 0);
    return CLI_OK;
}

static int read_all(const struct cli_options *options, json_t *days)
{
    CLEANUP(cleanup_varlink) struct varlink *link = NULL;
    json_int_t from = 1;
    int r = call_connect(options, &link);

    for (unsigned i = 0; r == CLI_OK && from > 0 && i < PAGES_MAX; i++)
        r = read_page(options, link, days, &from);
    return r;
}

static int certify(struct policy *policy, const json_t *days)
{
    for (size_t i = 0; json_object_size(days) > 0 && i < policy_rule_count(policy); i++) {
        char digest[POLICY_DIGEST_SIZE];
        const char *until;
        uint64_t until_us;

        if (policy_rule_digest(policy, i, digest) < 0) {
            cli_error("out of memory");
            return CLI_FAILED;
        }
        until = field_text(days, digest);
        if (until && moment_parse_end_of_day(until, &until_us))
            policy_certify(policy, i, until_us);
    }
    return CLI_OK;
}

int certificates_apply(const struct cli_options *options, struct policy *policy)
{
    AUTO_JSON json_t *days = json_object();
    int r = read_all(options, days);

    return r == CLI_OK ? certify(policy, days) : r;
}
