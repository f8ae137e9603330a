#include "question.h"

#include <stdio.h>
#include <unistd.h>

#include "../../common/names.h"

void question_init(struct question *question, unsigned number)
{
    struct gate_ask *ask = &question->ask;

    snprintf(question->user, sizeof(question->user), "user%u", number);
    for (uint32_t i = 0; i < QUESTION_GROUPS; i++)
        question->groups[i] = 1000 + i;
    record_init_ask(ask);
    ask->phase = GATE_PHASE_ACCOUNT;
    ask->deadline_ms = 5000;
    ask->uid = 1000 + number;
    ask->user = question->user;
    ask->service = SERVICE_SSHD;
    ask->run_as = question->user;
    ask->run_as_uid = ask->uid;
    ask->rhost = "192.0.2.7";
    ask->groups = question->groups;
    ask->group_count = QUESTION_GROUPS;
    ask->parent = (uint64_t)getppid();
}
