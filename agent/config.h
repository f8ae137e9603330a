/* /etc/assent/assent.yaml: how this agent runs. Every key, its default and its bounds are
 * documented in assent.yaml(5). */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../common/macro.h"
#include "texts.h"

struct yaml_errors;

struct config {
    char *host;              /* the name policy knows this machine by; default: its host name */
    char *auditors;          /* group whose members may list everything */
    struct texts labels;     /* words for this machine that policy can ask for */
    const char **label_list; /* the same, for facts */
    size_t label_count;
    struct texts monitor;  /* doors that are only watched; "all": every one */
    uid_t human_uid_first; /* accounts in this range are people's, all others services */
    uid_t human_uid_last;
    unsigned requests_per_person; /* open at once */
    unsigned logins_waiting;      /* parked ssh logins on the whole host */
};

/* The built-in defaults. Returns 0 or -errno. Free with config_done. */
MUST_USE int config_init(struct config *config);

/* Reads `path` over the defaults. A missing file is no error. Returns 0, or -EINVAL with `errors`
 * filled and `config` untouched. `owner`: may own the file besides root. */
MUST_USE int config_load(
    struct config *config, const char *path, uid_t owner, struct yaml_errors *errors);

void config_done(struct config *config);
