#include "talk.h"

#include <errno.h>
#include <security/pam_ext.h>

#include "../common/columns.h"
#include "../common/str.h"

/* sshd from 9.4 to 10.2 ends with fatal() when more than PAM_MAX_NUM_MSG (32) messages pile
 * up before a prompt; nobody reads that many anyway. */
#define NEWS_MAX 8

/* What any terminal has, since nothing tells here how wide it is. */
#define WIDTH 79

/* ssh(1) puts "(alice@db1.example.com) " before a prompt. */
#define PROMPT_COLUMN 24

/* In fresh memory; NULL on OOM. */
static char *broken(const char *text, size_t column)
{
    const struct columns_wrap how = {
        .column = column, .indent = 2, .width = WIDTH, .copyable = true};
    struct str_builder builder = {0};

    columns_wrap(&builder, text, &how);
    return str_builder_take(&builder);
}

void talk_refuse(const struct talk *talk, const char *text)
{
    AUTO_FREE char *lines = talk->quiet ? NULL : broken(text, 0);

    if (!talk->quiet)
        (void)pam_error(talk->pamh, "%s", lines ? lines : text);
}

void talk_news(struct talk *talk, const char *text)
{
    AUTO_FREE char *lines = NULL;

    if (talk->quiet || talk->silent || talk->told >= NEWS_MAX)
        return;
    talk->told++;
    lines = broken(text, 0);
    if (talk->info_is_safe)
        (void)pam_info(talk->pamh, "%s", lines ? lines : text);
    else
        (void)pam_error(talk->pamh, "%s", lines ? lines : text);
}

int talk_prompt(const struct talk *talk, const char *text, char **ret_line)
{
    AUTO_FREE char *lines = NULL;
    char *line = NULL;
    int r;

    if (talk->quiet)
        return -ENODATA;
    lines = broken(text, PROMPT_COLUMN);
    r = pam_prompt(talk->pamh, PAM_PROMPT_ECHO_ON, &line, "%s", lines ? lines : text);
    if (r != PAM_SUCCESS || !line) {
        free(line);
        return r == PAM_BUF_ERR ? -ENOMEM : -ENODATA;
    }
    *ret_line = line;
    return 0;
}
