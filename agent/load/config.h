/* /etc/assent/assent.yaml: how this agent runs. Every key, its default and its bounds are
 * documented in assent.yaml(5). */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../common/macro.h"
#include "../state/texts.h"

struct yaml_errors;

struct config {
    char *text;              /* of the file; a comment when there is none */
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

/* The same for the text of such a file; `name` is for errors. */
MUST_USE int config_parse(
    struct config *config, const char *name, const char *text, struct yaml_errors *errors);

/* Under which key of the ledger's meta the newest text that took force is kept. */
#define CONFIG_META "config"

void config_done(struct config *config);
