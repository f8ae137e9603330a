/* The name of whoever calls a public method, by the uid that the kernel tells. Loop thread. */
#pragma once

#include <sys/types.h>

#include "../../common/str.h"

struct agent;

/* As the local files or the policy know the uid; else "uid-1000". */
void caller_name(const struct agent *agent, uid_t uid, char ret_name[STR_NAME_MAX]);
