/* What a survey found, in one line each for people: in the journal and in `assent status`. Fresh
 * memory or NULL (out of memory). */
#pragma once

#include <stdint.h>

#include "survey.h"

/* Of an allow rule that has lapsed or is about to: how it stands, and what to do. */
char *survey_say_rule(const struct policy *policy, size_t index, uint64_t now_us);

/* The same of an identity. */
char *survey_say_identity(const struct policy *policy, size_t index, uint64_t now_us);

/* "carol is locked", "carol's account ends on 2026-12-01". */
char *survey_say_missing(
    const struct policy *policy, const struct survey_person *person, uint64_t now_us);

/* The same with what needs them. */
char *survey_say_person(
    const struct policy *policy, const struct survey_person *person, uint64_t now_us);

char *survey_say_stage(const struct policy *policy, const struct survey_stage *stage);
