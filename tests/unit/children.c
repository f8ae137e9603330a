/* What holds for every child that a test program forks, by being linked into it:
 *
 * An assertion that fails in a child ends that child at once, by SIGABRT. cmocka's own way, a jump
 * back into the runner, would make it a second runner of the tests that are left, beside its
 * parent. And it makes the whole program fail, whether or not the test looked at the child's
 * status.
 *
 * A child ends when its parent does, unless it has become another user since: what a test program
 * leaves behind when it is killed would go on for ever. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../../common/macro.h"

static pid_t program, self;
static unsigned *failed; /* children, by all of them */

static void on_abort(int signal UNUSED)
{
    __atomic_add_fetch(failed, 1, __ATOMIC_RELAXED);
}

/* In the child, whose memory is still its parent's. A child of a child has this already, and its
 * parent may be the agent, which looks after its own. The parent may be gone by now. */
static void on_fork(void)
{
    const struct sigaction action = {.sa_handler = on_abort};
    pid_t parent = self;

    self = getpid();
    if (parent != program)
        return;
    if (setenv("CMOCKA_TEST_ABORT", "1", 1) < 0 || sigaction(SIGABRT, &action, NULL) < 0 ||
        prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != program)
        _exit(1);
}

static void on_exit_of_program(void)
{
    unsigned count = __atomic_load_n(failed, __ATOMIC_RELAXED);

    if (self != program || count == 0)
        return;
    fflush(NULL);
    fprintf(
        stderr, "an assertion failed in %u child%s: see above\n", count, count == 1 ? "" : "ren");
    _exit(1);
}

__attribute__((constructor)) static void watch_over_children(void)
{
    program = self = getpid();
    failed = mmap(NULL, sizeof(*failed), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (failed == MAP_FAILED || pthread_atfork(NULL, NULL, on_fork) != 0 ||
        atexit(on_exit_of_program) != 0) {
        fprintf(stderr, "children cannot be watched over\n");
        _exit(1);
    }
}
