/* A gate whose agent says what a test wants. It runs in a process of its own: one function
 * plays the agent from accept to end, and any difference from what it expects fails the test. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "../../common/record.h"

struct fake_gate {
    pid_t pid;
    int listener;
};

/* Where the socket is; the directory belongs to root alone. */
const char *fake_gate_path(void);
const char *fake_gate_directory(void);

/* Makes and removes the directory. */
void fake_gate_setup(void);
void fake_gate_teardown(void);

/* Listens (as `uid`, which is what SO_PEERCRED will name) and starts `play`. */
struct fake_gate fake_gate_start_as(uid_t uid, void (*play)(int listener));
struct fake_gate fake_gate_start(void (*play)(int listener));

/* Waits for the play to end. True when it went as expected. Removes the socket. */
bool fake_gate_finish(struct fake_gate *gate);

/* ---- inside a play -------------------------------------------------------------------- */

#define EXPECT(condition) fake_gate_expect(condition, #condition, __FILE__, __LINE__)
void fake_gate_expect(bool holds, const char *what, const char *file, int line);

/* Takes a connection. */
int gate_accept(int listener);

/* Reads a question; its texts hold until the next. `gate_passed_fd` is what came along. */
struct gate_ask gate_take(int fd);
extern int gate_passed_fd;

void gate_say(int fd, struct gate_answer answer);

/* The same to a client that may have gone meanwhile. */
void gate_say_perhaps(int fd, struct gate_answer answer);
void gate_take_leave(int fd);

/* The client closes without another word. */
void gate_take_end(int fd);

/* True when nothing comes for `timeout_ms`. */
bool gate_is_quiet(int fd, int timeout_ms);
