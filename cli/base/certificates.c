#include "certificates.h"

#include "../../agent/policy/moment.h"
#include "field.h"
#include "json.h"
#include "pages.h"

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
    CLEANUP(pages_done) struct pages rules = {0};
    AUTO_JSON json_t *days = json_object();
    int r = pages_read(options, "ListRules", "rules", &rules);

    if (r != CLI_OK)
        return r;
    keep(days, rules.items);
    return certify(policy, days);
}
