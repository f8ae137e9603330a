/* The verbs of `assent`: one table, from which the command line is read, help is printed and
 * the manual page and completion are checked (`assent help --machine`). */
#pragma once

#include "base/cli.h"

/* Every verb in the order of help, ended by a NULL name. */
extern const struct cli_verb verbs[];

/* The verb that `words` begins with ("policy check" takes two). `ret_used` says how many words its
 * name took. NULL if there is none. */
const struct cli_verb *verbs_find(char *const *words, int count, int *ret_used);

/* The verb's name nearest to `word`, or NULL. */
const char *verbs_nearest(const char *word);

int verb_status(int argc, char **argv, const struct cli_options *options);
int verb_request(int argc, char **argv, const struct cli_options *options);
int verb_enforce(int argc, char **argv, const struct cli_options *options);
int verb_entitlements(int argc, char **argv, const struct cli_options *options);
int verb_identities(int argc, char **argv, const struct cli_options *options);
int verb_pending(int argc, char **argv, const struct cli_options *options);
int verb_show(int argc, char **argv, const struct cli_options *options);
int verb_approve(int argc, char **argv, const struct cli_options *options);
int verb_deny(int argc, char **argv, const struct cli_options *options);
int verb_withdraw(int argc, char **argv, const struct cli_options *options);
int verb_grants(int argc, char **argv, const struct cli_options *options);
int verb_revoke(int argc, char **argv, const struct cli_options *options);
int verb_done(int argc, char **argv, const struct cli_options *options);
int verb_watch(int argc, char **argv, const struct cli_options *options);
int verb_policy_check(int argc, char **argv, const struct cli_options *options);
int verb_policy_diff(int argc, char **argv, const struct cli_options *options);
int verb_policy_explain(int argc, char **argv, const struct cli_options *options);
int verb_policy_test(int argc, char **argv, const struct cli_options *options);
int verb_policy_replay(int argc, char **argv, const struct cli_options *options);
int verb_policy_versions(int argc, char **argv, const struct cli_options *options);
int verb_policy_rollback(int argc, char **argv, const struct cli_options *options);
int verb_policy_recertify(int argc, char **argv, const struct cli_options *options);
int verb_report(int argc, char **argv, const struct cli_options *options);
int verb_reload(int argc, char **argv, const struct cli_options *options);
int verb_help(int argc, char **argv, const struct cli_options *options);
