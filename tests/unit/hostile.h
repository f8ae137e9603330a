/* For tests of the agent under people who mean harm: several people in one process, connections
 * that speak for themselves, and what the others notice of it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent_fixture.h"

#define ID_ROOT "/usr/bin/id\0-u"
#define ID_ROOT_LENGTH sizeof(ID_ROOT)

/* For cmocka: an agent whose rules let games log in, put logins of daemon, bin and sys to dave, and
 * daemon's `sudo id` to the leads, for one use. */
int hostile_set_up(void **state);
int hostile_tear_down(void **state);

/* The kernel notes the uid when it connects, so this process can be several people. -1: refused. */
int hostile_connect(uid_t uid, const char *path, int type);

/* Whether the other side closes within a moment, whatever it says before. */
bool hostile_is_closed(int fd);

/* Whether the public socket answers this person, within a minute. */
bool hostile_answers(const struct agent_fixture *f, uid_t uid);

/* Lets games log in. An agent that gets no processor in time says "busy", and one asks again: the
 * answer is in the end yes. That others have taken all room is no such answer. */
void hostile_login(const struct agent_fixture *f);

/* Whether logins are not held up: the agent does no more than a second's work before it answers. */
bool hostile_login_is_soon(const struct agent_fixture *f);

/* The first answer that is not "busy" for want of time. */
struct gate_result hostile_ask(const struct agent_fixture *f, const struct gate_ask *ask);

unsigned hostile_count_entries(const char *directory);
unsigned hostile_fds(pid_t pid);

/* The agent may not have seen yet that the last one has left. */
bool hostile_comes_down_to(const struct agent_fixture *f, unsigned fds);
void hostile_raise_fd_limit(void);

/* `work` in a process of its own until it is killed. */
pid_t hostile_start(void (*work)(const struct agent_fixture *f, unsigned number),
    const struct agent_fixture *f, unsigned number);
void hostile_stop(pid_t pid);

const char *hostile_call_error(
    const struct agent_fixture *f, uid_t uid, const char *method, json_t *parameters);

size_t hostile_encode(const struct gate_ask *ask, uint8_t *buffer);

/* Takes a connection to where the subject is asked for a reason, and stays there. */
int hostile_hold_at_the_prompt(const struct agent_fixture *f, uid_t uid, unsigned number);
