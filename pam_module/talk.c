#include "talk.h"

#include <errno.h>
#include <security/pam_ext.h>

/* sshd from 9.4 to 10.2 ends with fatal() when more than PAM_MAX_NUM_MSG (32) messages pile
 * up before a prompt; nobody reads that many anyway. */
#define NEWS_MAX 8

void talk_refuse(const struct talk *talk, const char *text)
{
    if (!talk->quiet)
        (void)pam_error(talk->pamh, "%s", text);
}

void talk_news(struct talk *talk, const char *text)
{
    if (talk->quiet || talk->silent || talk->told >= NEWS_MAX)
        return;
    talk->told++;
    if (talk->info_is_safe)
        (void)pam_info(talk->pamh, "%s", text);
    else
        (void)pam_error(talk->pamh, "%s", text);
}

int talk_prompt(const struct talk *talk, const char *text, char **ret_line)
{
    char *line = NULL;
    int r;

    if (talk->quiet)
        return -ENODATA;
    r = pam_prompt(talk->pamh, PAM_PROMPT_ECHO_ON, &line, "%s", text);
    if (r != PAM_SUCCESS || !line) {
        free(line);
        return r == PAM_BUF_ERR ? -ENOMEM : -ENODATA;
    }
    *ret_line = line;
    return 0;
}
