/* The key `identities:`: what acts here without being a person, each with an account, an owner, a
 * purpose and an end. */
#pragma once

#include "read.h"

/* Once all people and groups have been read; for one file after the other. */
void identity_read_all(struct reading *reading, struct yaml_node *identities);
