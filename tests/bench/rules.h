/* Synthetic rules, the same at every run and for everyone who is measured, as a fleet's policy
 * would have them: each is for five hosts, none of which is this one, and for five users or two
 * groups; a tenth of them is for everybody. Never users and groups at once, which some take for
 * "or" and the policy language for "and". */
#pragma once

#include <stdio.h>

#define RULE_USERS 5
#define RULE_GROUPS 2
#define RULE_HOSTS 5
#define RULE_COMMAND "/usr/bin/systemctl" /* of all of them; each restarts another unit */

/* The account that asks, and how many groups it is in: group0.. in that order. */
#define ASKING_USER 7
#define ASKING_GROUPS 30

struct drawn_rule {
    unsigned number;                  /* from 0 */
    unsigned user_count, group_count; /* one of them or both are zero */
    unsigned users[RULE_USERS];       /* of user0.. */
    unsigned groups[RULE_GROUPS];
    unsigned hosts[RULE_HOSTS];
};

/* The words `decision:` takes, in turns. */
const char *rule_decision(const struct drawn_rule *rule);

/* Rule `number` of `rules`. */
void rule_draw(unsigned number, unsigned rules, struct drawn_rule *ret_rule);

/* The last of at least ten rules that names users and is no deny: whoever is measured has to let
 * its first user in on its first host, so that it is seen to have read them all. */
void rule_draw_last(unsigned rules, struct drawn_rule *ret_rule);

/* In the policy language: what stands before the rules, and a rule on ssh or on a sudo command. */
void rules_print_head(FILE *out);
void rule_print_login(FILE *out, const struct drawn_rule *rule);
void rule_print_sudo(FILE *out, const struct drawn_rule *rule);

/* The sudo rule as a line of sudoers(5). */
void rule_print_sudoers(FILE *out, const struct drawn_rule *rule);
