/* The methods of io.assent: what each does and who may call it. The table in methods.c is the
 * whole list; whether a caller may touch this very object is checked by the handler, with the
 * predicates below. Loop thread. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "../public/public.h"

struct agent;
struct grant;
struct request;

extern const struct public_method methods_table[];

/* Error names, each spelled here and in etc/io.assent.varlink (tests/check/varlink.sh compares). */
#define ERROR_NOT_FOUND "io.assent.NotFound"
#define ERROR_NOT_ALLOWED "io.assent.NotAllowed"
#define ERROR_ALREADY_ENDED "io.assent.AlreadyEnded"
#define ERROR_REFUSED "io.assent.Refused"
#define ERROR_NOT_NEEDED "io.assent.NotNeeded"
#define ERROR_TOO_MANY "io.assent.TooMany"
#define ERROR_UNAVAILABLE "io.assent.Unavailable"
#define ERROR_INVALID "io.assent.Invalid"

void method_get_status(struct public_call *call, json_t *parameters, void *userdata);
void method_reload(struct public_call *call, json_t *parameters, void *userdata);
void method_list_decisions(struct public_call *call, json_t *parameters, void *userdata);
void method_list_versions(struct public_call *call, json_t *parameters, void *userdata);
void method_read_version(struct public_call *call, json_t *parameters, void *userdata);
void method_rollback_policy(struct public_call *call, json_t *parameters, void *userdata);
void method_list_rules(struct public_call *call, json_t *parameters, void *userdata);
void method_list_identities(struct public_call *call, json_t *parameters, void *userdata);
void method_recertify_rule(struct public_call *call, json_t *parameters, void *userdata);
void method_watch(struct public_call *call, json_t *parameters, void *userdata);
void method_list_requests(struct public_call *call, json_t *parameters, void *userdata);
void method_get_request(struct public_call *call, json_t *parameters, void *userdata);
void method_explain(struct public_call *call, json_t *parameters, void *userdata);
void method_wait_request(struct public_call *call, json_t *parameters, void *userdata);
void method_leave_monitor(struct public_call *call, json_t *parameters, void *userdata);
void method_list_entitlements(struct public_call *call, json_t *parameters, void *userdata);
void method_open_request(struct public_call *call, json_t *parameters, void *userdata);
void method_approve_request(struct public_call *call, json_t *parameters, void *userdata);
void method_deny_request(struct public_call *call, json_t *parameters, void *userdata);
void method_withdraw_request(struct public_call *call, json_t *parameters, void *userdata);
void method_list_grants(struct public_call *call, json_t *parameters, void *userdata);
void method_revoke_grant(struct public_call *call, json_t *parameters, void *userdata);
void method_complete_grant(struct public_call *call, json_t *parameters, void *userdata);

/* Whether the peer is in the auditors' group of assent.yaml. */
bool method_is_auditor(const struct peer *peer, void *userdata);

/* root or auditor: sees everything. */
bool method_sees_all(const struct agent *agent, const struct public_call *call);

/* The request's or grant's subject is the caller, under any of their accounts. */
bool method_owns(const struct agent *agent, const struct public_call *call, uint32_t uid);
bool method_sees_request(
    const struct agent *agent, const struct public_call *call, const struct request *request);

/* ---- parameters: NULL/false after having answered with an error ------------------------- */

/* A text of at most `max` bytes; absent gives NULL and is only an error if `required`. */
bool method_text(struct public_call *call, json_t *parameters, const char *key, bool required,
    const char **ret_text);
bool method_number(
    struct public_call *call, json_t *parameters, const char *key, uint64_t *ret_number);
bool method_flag(struct public_call *call, json_t *parameters, const char *key, bool *ret_flag);

/* The part of a list of `count` that parameter "from" asks for: `at` up to but not including
 * `end`. */
struct method_page {
    size_t at, end, count;
};
bool method_take_page(struct public_call *call, json_t *parameters, size_t count, size_t most,
    struct method_page *ret_page);

/* Answers with that part, which is taken, under `key`, and what goes with every list out of the
 * policy in force. */
void method_reply_page(struct public_call *call, const struct agent *agent,
    const struct method_page *page, const char *key, json_t *items);

/* The request or grant with parameter "id", if it is live (in memory) and the caller may see it. */
struct request *method_request(struct public_call *call, json_t *parameters, struct agent *agent);

/* Answers with an error that has one text. */
void method_error(struct public_call *call, const char *name, const char *key, const char *text);

/* Nothing is called `id`; the message says where to look. */
void method_not_found(struct public_call *call, const char *id, const char *message);

/* -errno of a step that was not recorded. */
void method_unavailable(struct public_call *call, int error);

/* A call whose answer comes after a commit. `done` functions get it as userdata and free it. */
struct method_pending {
    struct agent *agent;
    struct public_call *call;
};
struct method_pending *method_pending_new(struct agent *agent, struct public_call *call);
void method_pending_free(struct method_pending *pending);
