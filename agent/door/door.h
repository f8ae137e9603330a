/* A question at a door, from the facts to the answer: refused or allowed by rule here, put to
 * people in escalation.c. Loop thread. */
#pragma once

#include "../../common/macro.h"
#include "../core/audit.h"

struct agent;
struct inquiry;
struct refusal;

/* Answers now or later through inquiry->answer. */
void door_ask(struct inquiry *inquiry);

/* Fills in subject, scope and facts from the ask. Returns 0, -ENOMEM, or -EINVAL: names that
 * cannot be names. door_ask does it itself. */
MUST_USE int door_prepare(struct inquiry *inquiry);

/* Decides by the policy in force and follows that to an answer. */
void door_judge(struct inquiry *inquiry);

/* After anything that took time: where another policy came into force meanwhile, policy, facts and
 * verdict are those of now. Nothing is recorded or answered: the caller looks whether it still
 * opens, or calls door_judge(). Returns 1 (there was another), 0 or -ENOMEM. */
MUST_USE int door_catch_up(struct inquiry *inquiry);

/* What was asked and decided, for its record. Borrowed from the inquiry. */
struct audit_decision door_decision(const struct inquiry *inquiry);

/* Who answers for it: the owner of the rule that decided, else of the identity that asks; or NULL.
 * Borrowed from the policy. */
const char *door_owner(const struct inquiry *inquiry);

/* Records and answers no, for the verdict as it stands. */
void door_refuse(struct inquiry *inquiry);

/* The same where the verdict is no refusal, but wants evidence or people that cannot be had at this
 * door: the record says so, and the person reads `text`, which is taken. */
void door_turn_away(struct inquiry *inquiry, char *text);

/* Where monitor mode covers it and the answer would not be yes: recorded as what it would have
 * been, and let through. */
void door_pass(struct inquiry *inquiry);

/* ledger_done_fn of an inquiry that is let through once its record is durable, without a time. */
void door_open_durable(int result, uint64_t first_seq, void *userdata);

/* Forgets everything about the question; a request that only it waited for is withdrawn.
 * Must be called once for every inquiry, also after its last answer. */
void door_cancel(struct inquiry *inquiry);

/* The last answer of a question that went on too long: the agent is there but its disk is not. */
void door_give_up(struct inquiry *inquiry);

/* Writes what was counted in a slot of refusals and clears it. */
void door_write_repeats(struct agent *agent, struct refusal *slot);
