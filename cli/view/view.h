/* Objects of io.assent in words: from the JSON of a reply to text, no I/O. Any member may be
 * missing or of the wrong type; nothing that came in reaches the output unescaped. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "../../common/str.h"
#include "../base/cli.h"
#include "style.h"

/* Who looks, when, and on what terminal. */
struct view {
    const struct cli_options *options;
    uint64_t now_us; /* wall clock */
    int64_t uid;     /* of the person at the terminal: their own requests are "you" */
};

/* The view of this process, now. */
void view_init(struct view *view, const struct cli_options *options);

/* ---- parts, for the other files of the view ----------------------------------------------- */

#define VIEW_LABEL 15 /* columns of a label with its indent and the gap behind it */

/* A line "  Label    text", wrapped; nothing if `escaped` is NULL or "". */
void view_row(
    struct str_builder *out, const struct view *view, const char *label, const char *escaped);

/* The same for a raw text, which is escaped. */
void view_row_text(
    struct str_builder *out, const struct view *view, const char *label, const char *text);

/* The same for a time: "3 min ago (2026-11-20 10:00:00 UTC)". */
void view_row_time(
    struct str_builder *out, const struct view *view, const char *label, uint64_t time_us);

/* Text in a style, escaped. */
void view_styled(
    struct str_builder *out, const struct view *view, enum style style, const char *text);

/* A list of texts, the last joined by `last`: "carol", "carol or dave", "carol, dave or erin". */
void view_names(struct str_builder *out, const json_t *names, const char *last);

/* What is asked for or granted, in one line: "sudo /usr/bin/id as root", "ssh login from
 * 192.0.2.7", "db-admin (sudo or sshd)" for a whole entitlement. */
void view_what(struct str_builder *out, const json_t *object);

/* "you", or the name. */
const char *view_who(const struct view *view, const json_t *object);

/* The policy in force: which, since when, by whom, and whether the files say the same. */
void view_policy_rows(struct str_builder *out, const struct view *view, const json_t *policy);

/* Of a digest: enough to compare by eye; --json has all. */
#define VIEW_DIGEST 12

/* "dba-restart (policy 0123456789ab, replaced since)" as the line "Rule". */
void view_rule(struct str_builder *out, const struct view *view, const json_t *object);

/* What an entitlement opens, one line each. */
void view_opens(struct str_builder *out, const struct view *view, const json_t *object);

/* The approvals given, one line each. */
void view_approvals(struct str_builder *out, const struct view *view, const json_t *object);

/* ---- whole objects ------------------------------------------------------------------------ */

void view_show_request(struct str_builder *out, const struct view *view, const json_t *request);
void view_show_requests(struct str_builder *out, const struct view *view, const json_t *requests);
void view_show_grant(struct str_builder *out, const struct view *view, const json_t *grant);
void view_show_grants(struct str_builder *out, const struct view *view, const json_t *grants);
void view_show_entitlements(struct str_builder *out, const struct view *view, const json_t *list);
void view_show_identities(struct str_builder *out, const struct view *view, const json_t *list);
void view_show_status(struct str_builder *out, const struct view *view, const json_t *status);
void view_show_versions(struct str_builder *out, const struct view *view, const json_t *versions);
void view_show_policy(struct str_builder *out, const struct view *view, const json_t *policy);
void view_show_event(struct str_builder *out, const struct view *view, const json_t *event);

/* Whether the request has ended, by its state. A state that is not known counts as ended: nothing
 * can be waited for. */
bool view_has_ended(const json_t *request);

/* How many distinct people are needed, a peer who confirms among them; how many of those have
 * approved, and how many are missing. */
int64_t view_needed(const json_t *request);
int64_t view_approved(const json_t *request);
int64_t view_missing(const json_t *request);

/* "1 more approval is needed, from carol or dave, and bob has to confirm it." with a newline;
 * nothing if nobody is. */
void view_still_needed(struct str_builder *out, const json_t *request);
