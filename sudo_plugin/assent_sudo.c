/* assent_sudo.so: sudo's approval plugin. It decides about the very command, after sudoers
 * has allowed it and before it runs; assent_sudo(8) is its text for administrators.
 *
 * MUST 1: open() returns 1 whatever is wrong. sudo drops a plugin whose open() returns 0 and
 *         goes on without it; what is wrong makes check() refuse.
 * MUST 2: decide() alone returns 1: on ENQUIRY_ALLOWED, for root itself, and for the rescue
 *         group when the agent is gone; each after a last look at the pending signals. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sudo_plugin.h>
#include <syslog.h>

#include "../common/accounts.h"
#include "../common/clock.h"
#include "../common/enquiry.h"
#include "../common/macro.h"
#include "../common/names.h"
#include "../common/rescue.h"
#include "../common/str.h"
#include "command.h"
#include "invocation.h"
#include "screen.h"

#define LET_RUN 1
#define REFUSE 0
#define TICK USEC_PER_SEC
#define ROOT_DEADLINE USEC_PER_SEC /* nobody waits longer for an answer that changes nothing */

/* sudo keeps one plugin open at a time and calls it from one thread. */
static struct invocation current = {.uid = (uid_t)-1};
static char error_text[512]; /* what *errstr points to until the next call */

static int plugin_open(unsigned int version, sudo_conv_t conversation, sudo_printf_t print,
    char *const settings[], char *const user_info[], UNUSED int submit_optind,
    UNUSED char *const submit_argv[], UNUSED char *const submit_envp[],
    char *const plugin_options[], UNUSED const char **errstr)
{
    int saved = errno;

    invocation_done(&current);
    current.converse = conversation;
    current.print = print;
    if (SUDO_API_VERSION_GET_MAJOR(version) != SUDO_API_VERSION_MAJOR)
        current.error = "sudo and assent_sudo.so are too far apart in their versions";
    invocation_init(&current, settings, user_info, plugin_options);
    errno = saved;
    return 1;
}

static void plugin_close(void)
{
    invocation_done(&current);
}

static int plugin_show_version(UNUSED int verbose)
{
    if (current.print)
        (void)current.print(
            SUDO_CONV_INFO_MSG, "Assent sudo approval plugin version %s\n", ASSENT_VERSION);
    return 1;
}

/* ---- one question --------------------------------------------------------------------- */

struct question {
    struct screen screen;
    struct command command;
    struct gate_ask ask;
    struct signals signals;
    struct enquiry enquiry;
    char *unsupplied; /* what to say when that is the outcome, or NULL */
    bool is_lost;     /* the command's file, while its approval was waited for */
};

static int on_prompt(void *context, const char *text, char **ret_line)
{
    struct question *question = context;

    return screen_prompt(&question->screen, text, ret_line);
}

static void on_waiting(void *context, const struct gate_answer *answer, uint64_t waited_us)
{
    struct question *question = context;

    screen_progress(&question->screen, answer, waited_us);
}

static int on_refresh(void *context, struct gate_ask *ask, int *pass_fd)
{
    struct question *question = context;
    int r = command_look_again(&question->command, ask);

    question->is_lost = r < 0;
    *pass_fd = question->command.fd;
    return r;
}

static const struct enquiry_ops ops = {
    .prompt = on_prompt,
    .waiting = on_waiting,
    .refresh = on_refresh,
};

static void question_done(struct question *question)
{
    screen_done(&question->screen);
    enquiry_done(&question->enquiry);
    free(question->unsupplied);
    command_done(&question->command);
    signals_restore(&question->signals);
}

static enum enquiry_outcome question_ask(struct question *question)
{
    struct enquiry *enquiry = &question->enquiry;
    int r = signals_block(&question->signals);
    enum enquiry_outcome outcome;

    if (r < 0) {
        enquiry->error = r;
        return ENQUIRY_FAILED;
    }
    if (current.may_wait)
        question->ask.flags |= GATE_FLAG_WAIT | GATE_FLAG_PROMPT;
    enquiry->gate = current.gate;
    enquiry->deadline_us = current.deadline_us;
    if (invocation_is_root(&current) && current.deadline_us > ROOT_DEADLINE)
        enquiry->deadline_us = ROOT_DEADLINE;
    enquiry->wait_us = UINT64_MAX;
    enquiry->tick_us = TICK;
    enquiry->ask = &question->ask;
    enquiry->pass_fd = question->command.fd;
    enquiry->watch_fd = question->signals.fd;
    enquiry->signals = &question->signals;
    enquiry->ops = &ops;
    enquiry->context = question;
    outcome = enquiry_run(enquiry);
    if (outcome == ENQUIRY_UNSUPPLIED)
        question->unsupplied =
            typed_refusal(&enquiry->typed, &question->ask, "The command was not run");
    return outcome == ENQUIRY_ALLOWED && signals_are_pending() ? ENQUIRY_CANCELLED : outcome;
}

/* ---- outcomes ------------------------------------------------------------------------- */

static void set_errstr(const char **errstr, const char *text)
{
    str_escape(text, strlen(text), error_text, sizeof(error_text));
    if (errstr)
        *errstr = error_text;
}

/* What an outcome is called when the agent has sent no words of its own, or none that fit. */
static const char *words_for(const struct question *question, enum enquiry_outcome outcome)
{
    const char *text = question->enquiry.text;

    switch (outcome) {
    case ENQUIRY_DENIED:
        return text ? text : "Refused by policy.";
    case ENQUIRY_BUSY:
        return text ? text : "Refused: the Assent agent is busy. Try again.";
    case ENQUIRY_OPEN:
        return text ? text : "Not approved yet. Run the command again after approval.";
    case ENQUIRY_UNSUPPLIED:
        return question->unsupplied ? question->unsupplied
                                    : "The command was not run: something was not given.";
    case ENQUIRY_CANCELLED:
        return "Cancelled. The command was not run.";
    case ENQUIRY_GONE:
        return "The command was not run: the Assent agent does not answer. Ask an administrator.";
    case ENQUIRY_NOT_BELIEVED:
        return "The command was not run: what answers is not a trusted Assent agent. Ask an "
               "administrator.";
    case ENQUIRY_ALLOWED:
    case ENQUIRY_FAILED:
        break;
    }
    if (question->is_lost)
        return "The command was not run: its file is gone, or its path leads elsewhere now. Run "
               "it again.";
    return "The command was not run: the Assent agent cannot be asked. Ask an administrator.";
}

static int refuse(struct screen *screen, const char *text, const char **errstr)
{
    screen_say(screen, text);
    set_errstr(errstr, text);
    return REFUSE;
}

/* Real uid 0 is not elevating: recorded where possible, never gated. */
static int let_root_run(const char *why)
{
    char line[512];

    str_escape(why, strlen(why), line, sizeof(line));
    syslog(LOG_AUTHPRIV | LOG_NOTICE, "assent_sudo: root let through: %s", line);
    return LET_RUN;
}

/* A readable form of the arguments, for a record; cut when it is long. */
static char *describe_command(const struct gate_ask *ask)
{
    struct str_builder builder = {0};
    const char *item = record_list_next(&ask->argv, NULL);

    str_append(&builder, ask->command);
    while ((item = record_list_next(&ask->argv, item)) && builder.length < 512)
        str_appendf(&builder, " %.256s", item);
    return str_builder_take(&builder);
}

/* The agent is gone and the caller is of the rescue group: let through once written down. */
static bool rescue_opens(const struct question *question)
{
    AUTO_FREE char *command = describe_command(&question->ask);
    const struct rescue_use use = {
        .service = question->ask.service,
        .user = current.user,
        .uid = current.uid,
        .tty = current.tty,
        .command = command,
        .why = "the agent does not answer",
    };
    int r;

    if (!accounts_is_member(current.rescue, current.user))
        return false;
    r = rescue_record(ASSENT_SPOOL_DIR, &use);
    if (r < 0)
        syslog(LOG_AUTHPRIV | LOG_CRIT,
            "assent_sudo: rescue access of %s refused, it cannot be recorded: %s", current.user,
            strerrordesc_np(-r));
    else
        syslog(LOG_AUTHPRIV | LOG_CRIT, "assent_sudo: RESCUE ACCESS: %s (uid %u): %s", current.user,
            (unsigned)current.uid, use.why);
    return r == 0;
}

static int decide(
    struct question *question, const struct command_vectors *vectors, const char **errstr)
{
    const char *why = "The command was not run.";
    enum enquiry_outcome outcome;
    char text[256];

    if (command_collect(&question->command, &current, vectors, &question->ask, &why) < 0) {
        if (invocation_is_root(&current))
            return let_root_run(why);
        snprintf(text, sizeof(text), "The command was not run: %s", why);
        return refuse(&question->screen, text, errstr);
    }
    outcome = question_ask(question);
    if (outcome == ENQUIRY_ALLOWED)
        return LET_RUN;
    if (invocation_is_root(&current) && !signals_are_pending())
        return let_root_run(words_for(question, outcome));
    if (outcome == ENQUIRY_GONE && rescue_opens(question) && !signals_are_pending())
        return LET_RUN;
    return refuse(&question->screen, words_for(question, outcome), errstr);
}

static int check(const struct command_vectors *vectors, const char **errstr)
{
    CLEANUP(question_done)
    struct question question = {
        .screen = {.invocation = &current},
        .command = COMMAND_NULL,
        .signals = SIGNALS_NULL,
        .enquiry = ENQUIRY_NULL,
    };

    if (current.error || !current.gate) {
        char text[256];

        if (invocation_is_root(&current))
            return let_root_run(current.error ? current.error : "plugin not opened");
        snprintf(text, sizeof(text), "The command was not run: %s.",
            current.error ? current.error : "the plugin was not opened");
        return refuse(&question.screen, text, errstr);
    }
    return decide(&question, vectors, errstr);
}

static int plugin_check(
    char *const command_info[], char *const run_argv[], char *const run_envp[], const char **errstr)
{
    const struct command_vectors vectors = {command_info, run_argv, run_envp};
    int saved = errno, r = check(&vectors, errstr);

    errno = saved;
    return r;
}

EXPORT struct approval_plugin assent_sudo = {
    .type = SUDO_APPROVAL_PLUGIN,
    .version = SUDO_API_VERSION,
    .open = plugin_open,
    .close = plugin_close,
    .check = plugin_check,
    .show_version = plugin_show_version,
};
