/* The question all gate measurements ask: may this account log in by ssh, groups told. */
#pragma once

#include <stdint.h>

#include "../../common/record.h"

#define QUESTION_GROUPS 30

struct question {
    struct gate_ask ask;
    char user[32];
    uint32_t groups[QUESTION_GROUPS];
};

/* Account number `number`: user id 1000 + number, "userNUMBER", groups 1000.. */
void question_init(struct question *question, unsigned number);
