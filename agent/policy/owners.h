/* Whose account a uid is, once names have been resolved. */
#pragma once

#include "model.h"

/* Renews person->uids after an account of that person has been resolved. */
void owners_refresh(struct policy *policy, uint32_t person);

/* Sorts the resolved accounts for owners_find(), which else looks at every person. */
void owners_index(struct policy *policy);
void owners_forget(struct policy *policy);

/* Whether somebody of them is there. */
bool owners_are_here(const struct policy *policy, struct numbers people, uint64_t now_us);

/* The person, or -1. Where two names resolve to one uid, the person defined first. */
int64_t owners_find(const struct policy *policy, uid_t uid);
