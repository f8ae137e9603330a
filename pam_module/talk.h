/* What the person at the door sees. Never on stdout: sudo and su print PAM_TEXT_INFO there,
 * so at their doors news goes out as PAM_ERROR_MSG too. Lines are broken between words. */
#pragma once

#include <security/pam_modules.h>
#include <stdbool.h>

#include "../common/macro.h"

struct talk {
    pam_handle_t *pamh;
    bool silent;       /* PAM_SILENT: no news. Questions and refusals are said all the same */
    bool quiet;        /* monitor: nothing at all */
    bool info_is_safe; /* PAM_TEXT_INFO does not reach stdout here */
    unsigned told;     /* pieces of news so far */
};

/* The one line that says why it was refused. */
void talk_refuse(const struct talk *talk, const char *text);

/* Something worth knowing that changes nothing. */
void talk_news(struct talk *talk, const char *text);

/* Shows `text` and reads a line into fresh memory. Returns 0, -ENOMEM, or -ENODATA when there
 * is nobody to ask. */
MUST_USE int talk_prompt(const struct talk *talk, const char *text, char **ret_line);
