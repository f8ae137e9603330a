#include "flow.h"

#include <dlfcn.h>
#include <errno.h>
#include <security/pam_ext.h>
#include <string.h>
#include <syslog.h>

#include "../common/accounts.h"
#include "../common/client.h"
#include "../common/clock.h"
#include "../common/enquiry.h"
#include "../common/names.h"
#include "../common/rescue.h"
#include "../common/str.h"
#include "console.h"
#include "question.h"

#define TIE_DATA "assent_tie" /* pam_set_data: from open_session to close_session */

/* ---- beginning ------------------------------------------------------------------------ */

enum flow_outcome flow_begin(struct flow *flow, pam_handle_t *pamh, int flags, int argc,
    const char **argv, bool *ret_console)
{
    const char *bad = NULL;
    int parsed, opened;

    *flow = (struct flow){.pamh = pamh};
    *ret_console = false;
    parsed = options_parse(&flow->options, argc, argv, &bad);
    opened = door_open(pamh, &flow->door);
    flow->talk = (struct talk){
        .pamh = pamh,
        .silent = ((unsigned)flags & PAM_SILENT) != 0,
        .quiet = flow->options.monitor,
        .info_is_safe = flow->door.kind == DOOR_SSHD,
    };
    if (opened == PAM_SUCCESS && console_is_here(&flow->door)) {
        *ret_console = true;
        return FLOW_GRANTED;
    }
    if (parsed < 0) {
        AUTO_FREE char *escaped = str_escape_new(bad);

        pam_syslog(
            pamh, LOG_ERR, "unknown, repeated or malformed argument: %s", escaped ? escaped : "?");
        talk_refuse(&flow->talk, "Access cannot be decided: pam_assent is not set up correctly. "
                                 "Ask an administrator, or use the console.");
        return FLOW_BROKEN;
    }
    if (opened != PAM_SUCCESS)
        return opened == PAM_USER_UNKNOWN ? FLOW_UNKNOWN_USER : FLOW_BROKEN;
    return accounts_is_member(flow->options.exempt, flow->door.user) ? FLOW_EXEMPT : FLOW_GRANTED;
}

/* ---- outcomes ------------------------------------------------------------------------- */

static const char *retry_advice(const struct flow *flow)
{
    return flow->door.kind == DOOR_SETUID ? "try again" : "log in again";
}

static void say_open(const struct question *question)
{
    const struct enquiry *enquiry = &question->enquiry;
    AUTO_FREE char *text = NULL;
    struct str_builder builder = {0};

    if (enquiry->wait_began_us == 0 && enquiry->text) {
        talk_refuse(&question->flow->talk, enquiry->text);
        return;
    }
    str_appendf(&builder, "Not answered yet. Request %s stays open; %s after approval.",
        enquiry->request ? enquiry->request : "(unnamed)", retry_advice(question->flow));
    text = str_builder_take(&builder);
    talk_refuse(&question->flow->talk, text ? text : "Not answered yet.");
}

static void say_unsupplied(const struct question *question)
{
    AUTO_FREE char *text =
        typed_refusal(&question->enquiry.typed, &question->ask, "Access refused");

    talk_refuse(&question->flow->talk, text ? text : "Access refused: something was not given.");
}

/* The line that says why. */
static void say_why(const struct question *question, enum enquiry_outcome outcome)
{
    const struct talk *talk = &question->flow->talk;
    const char *text = question->enquiry.text;

    if (outcome == ENQUIRY_OPEN)
        say_open(question);
    else if (outcome == ENQUIRY_DENIED)
        talk_refuse(talk, text ? text : "Access refused by policy.");
    else if (outcome == ENQUIRY_BUSY)
        talk_refuse(talk, text ? text : "Access refused: the Assent agent is busy. Try again.");
    else if (outcome == ENQUIRY_UNSUPPLIED)
        say_unsupplied(question);
    else if (outcome == ENQUIRY_CANCELLED)
        talk_refuse(talk, "Cancelled.");
    else if (outcome == ENQUIRY_GONE)
        talk_refuse(talk, "Access cannot be decided: the Assent agent does not answer. "
                          "Ask an administrator, or use the console.");
    else if (outcome == ENQUIRY_NOT_BELIEVED)
        talk_refuse(talk, "Access cannot be decided: what answers is not a trusted Assent agent. "
                          "Ask an administrator, or use the console.");
    else
        talk_refuse(talk, "Access cannot be decided: the Assent agent cannot be asked. "
                          "Ask an administrator, or use the console.");
}

static const char *why_for_log(const struct question *question, enum enquiry_outcome outcome)
{
    switch (outcome) {
    case ENQUIRY_ALLOWED:
        return "allowed";
    case ENQUIRY_DENIED:
        return "refused by the agent";
    case ENQUIRY_BUSY:
        return "the agent is busy";
    case ENQUIRY_OPEN:
        return "waits for approval";
    case ENQUIRY_UNSUPPLIED:
        return "a fact is missing";
    case ENQUIRY_GONE:
        return "the agent does not answer";
    case ENQUIRY_NOT_BELIEVED:
        return "the answer is not from a trusted agent";
    case ENQUIRY_CANCELLED:
        return "cancelled";
    case ENQUIRY_FAILED:
        break;
    }
    return strerrordesc_np(-question->enquiry.error);
}

/* The agent is gone and the subject is of the rescue group. Only the account phase writes the
 * use down: it runs once for each login. Beside sudo's plugin it does not even then, since the
 * plugin has the last word and writes the command down. */
static bool rescue_opens(const struct question *question)
{
    const struct flow *flow = question->flow;
    const struct rescue_use use = {
        .service = flow->door.service,
        .user = flow->door.user,
        .uid = flow->door.uid,
        .rhost = question->ask.rhost,
        .tty = flow->door.tty,
        .why = "the agent does not answer",
    };
    int r;

    if (!accounts_is_member(flow->options.rescue, flow->door.user))
        return false;
    if (question->ask.phase != GATE_PHASE_ACCOUNT)
        return true;
    r = rescue_record(ASSENT_SPOOL_DIR, &use);
    if (r < 0) {
        pam_syslog(flow->pamh, LOG_CRIT, "rescue access of %s refused, it cannot be recorded: %s",
            use.user, strerrordesc_np(-r));
        return false;
    }
    pam_syslog(flow->pamh, LOG_CRIT, "RESCUE ACCESS: %s (uid %u) let in by group %s: %s", use.user,
        (unsigned)use.uid, flow->options.rescue, use.why);
    return true;
}

static enum flow_outcome refuse(const struct question *question, enum enquiry_outcome outcome)
{
    if (outcome == ENQUIRY_GONE || outcome == ENQUIRY_NOT_BELIEVED || outcome == ENQUIRY_FAILED)
        pam_syslog(question->flow->pamh, LOG_ERR, "%s not let in: %s", question->flow->door.user,
            why_for_log(question, outcome));
    say_why(question, outcome);
    if (outcome == ENQUIRY_GONE || outcome == ENQUIRY_NOT_BELIEVED)
        return FLOW_AWAY;
    if (outcome != ENQUIRY_FAILED)
        return FLOW_REFUSED;
    return question->enquiry.error == -ENOMEM ? FLOW_NO_MEMORY : FLOW_BROKEN;
}

/* The one place where a question's outcome opens the door. */
static enum flow_outcome conclude(const struct question *question, enum enquiry_outcome outcome)
{
    const struct flow *flow = question->flow;

    if (outcome == ENQUIRY_ALLOWED)
        return FLOW_GRANTED;
    if (flow->options.monitor) {
        pam_syslog(flow->pamh, LOG_NOTICE, "monitor: %s would not be let in: %s", flow->door.user,
            why_for_log(question, outcome));
        return FLOW_MONITORED;
    }
    if (flow->door.kind == DOOR_SETUID && flow->door.uid == 0) {
        /* Not an elevation: recorded, not gated. */
        pam_syslog(flow->pamh, LOG_NOTICE, "root let through: %s", why_for_log(question, outcome));
        return FLOW_GRANTED;
    }
    if (outcome == ENQUIRY_GONE && rescue_opens(question))
        return FLOW_GRANTED;
    return refuse(question, outcome);
}

static enum flow_outcome outcome_of_errno(int r)
{
    return r == -ENOMEM ? FLOW_NO_MEMORY : FLOW_BROKEN;
}

/* Hands the tie to the next phase of this login. */
static void keep_tie(const struct question *question)
{
    AUTO_FREE char *assignment = NULL;
    struct str_builder builder = {0};
    const char *tie = question->enquiry.tie;

    if (str_empty(tie) || strchr(tie, '\n'))
        return;
    str_appendf(&builder, "%s=%s", ASSENT_PAM_TIE, tie);
    assignment = str_builder_take(&builder);
    if (assignment)
        (void)pam_putenv(question->flow->pamh, assignment);
}

static enum flow_outcome decide(struct flow *flow, uint64_t phase, uint64_t flags)
{
    CLEANUP(question_done) struct question question;
    enum enquiry_outcome outcome;
    int r = question_init(&question, flow, phase);

    if (r < 0)
        return outcome_of_errno(r);
    /* Nobody is to be bothered for what is not enforced. */
    question.ask.flags = flow->options.monitor ? GATE_FLAG_LISTING : flags;
    if (pam_facts_selftest() != 0)
        question.ask.flags = pam_facts_selftest();
    outcome = question_ask(&question);
    if (outcome == ENQUIRY_ALLOWED)
        keep_tie(&question);
    return conclude(&question, outcome);
}

/* ---- phases --------------------------------------------------------------------------- */

/* Behind another authentication module and only where a person can answer; for everything
 * else the account phase decides. */
static bool auth_is_ungated(const struct flow *flow)
{
    return flow->options.plugin || flow->options.monitor || flow->door.uid == 0 ||
           str_empty(flow->door.tty) || door_is_listing(&flow->door);
}

enum flow_outcome flow_auth(struct flow *flow)
{
    if (flow->door.kind == DOOR_SSHD) {
        if (flow->options.monitor)
            return FLOW_MONITORED;
    } else if (auth_is_ungated(flow)) {
        return FLOW_UNGATED;
    }
    return decide(flow, GATE_PHASE_AUTH, GATE_FLAG_WAIT | GATE_FLAG_PROMPT);
}

/* Loaded in this very process, not merely installed: sudo loads its plugins before PAM. */
static bool plugin_is_loaded(void)
{
    void *handle = dlopen(ASSENT_SUDO_PLUGIN, RTLD_NOLOAD | RTLD_NOW);

    if (handle)
        (void)dlclose(handle);
    return handle != NULL;
}

enum flow_outcome flow_account(struct flow *flow)
{
    if (flow->door.is_sudo && flow->options.plugin) {
        if (plugin_is_loaded())
            return decide(flow, GATE_PHASE_POSSIBLE, 0);
        pam_syslog(flow->pamh, LOG_WARNING,
            "argument `plugin` is given, but %s is not loaded: see assent_sudo(8)",
            ASSENT_SUDO_PLUGIN);
    }
    return decide(flow, GATE_PHASE_ACCOUNT, door_is_listing(&flow->door) ? GATE_FLAG_LISTING : 0);
}

static void free_tie(pam_handle_t *pamh, void *data, int error_status)
{
    (void)pamh;
    (void)error_status;
    free(data);
}

/* The tie leaves the environment, which the user's shell will inherit, and stays with the
 * handle for the end of the session. */
static void stow_tie(const struct flow *flow)
{
    const char *tie = pam_getenv(flow->pamh, ASSENT_PAM_TIE);
    char *copy;

    if (!tie)
        return;
    copy = strdup(tie);
    if (copy && pam_set_data(flow->pamh, TIE_DATA, copy, free_tie) != PAM_SUCCESS)
        free(copy);
    (void)pam_putenv(flow->pamh, ASSENT_PAM_TIE);
}

/* For the record alone, where no answer could change anything: sent, and not waited for, since
 * each wait for the agent is felt at every sudo. */
static void post(struct flow *flow, uint64_t phase, const char *tie)
{
    uint64_t deadline = clock_deadline(QUESTION_TELL_DEADLINE);
    struct client client = CLIENT_NULL;
    CLEANUP(question_done) struct question question;

    if (question_init(&question, flow, phase) < 0)
        return;
    if (tie)
        question.ask.tie = tie;
    /* not sent is not recorded: the command was, when it was let through */
    if (client_open(&client, flow->options.gate, deadline) == 0 &&
        client_send(&client, &question.ask, -1, deadline) < 0)
        pam_syslog(flow->pamh, LOG_DEBUG, "a session could not be told to the agent");
    client_close(&client);
}

static enum flow_outcome tell_of_session(struct flow *flow)
{
    post(flow, GATE_PHASE_SESSION, NULL);
    return FLOW_GRANTED;
}

enum flow_outcome flow_open_session(struct flow *flow)
{
    enum flow_outcome outcome = flow->door.kind == DOOR_SETUID
                                    ? tell_of_session(flow)
                                    : decide(flow, GATE_PHASE_SESSION, 0);

    stow_tie(flow);
    return outcome;
}

/* For the agent to find when it is back. Who stands at the console gets in all the same when it
 * cannot be written. */
static void spool_console(const struct question *question)
{
    const struct flow *flow = question->flow;
    const struct rescue_use use = {
        .service = flow->door.service,
        .user = flow->door.user,
        .uid = flow->door.uid,
        .tty = flow->door.tty,
        .why = "root at the console, the agent does not answer",
    };
    int r = rescue_record(ASSENT_SPOOL_DIR, &use);

    if (r < 0)
        pam_syslog(flow->pamh, LOG_CRIT, "root at the console cannot be recorded: %s",
            strerrordesc_np(-r));
}

/* Says something and waits a moment for the acknowledgement, whatever it is. */
static void tell_console(struct flow *flow, uint64_t phase)
{
    CLEANUP(question_done) struct question question;
    enum enquiry_outcome outcome;

    if (flow->options.deadline_us > QUESTION_TELL_DEADLINE)
        flow->options.deadline_us = QUESTION_TELL_DEADLINE;
    flow->talk.quiet = true;
    if (question_init(&question, flow, phase) < 0)
        return;
    outcome = question_ask(&question);
    if (outcome == ENQUIRY_GONE && phase == GATE_PHASE_ACCOUNT)
        spool_console(&question);
}

void flow_close_session(struct flow *flow)
{
    const void *tie = NULL;

    if (pam_get_data(flow->pamh, TIE_DATA, &tie) != PAM_SUCCESS)
        tie = NULL;
    post(flow, GATE_PHASE_END, tie);
}

void flow_tell_console(struct flow *flow, unsigned phase)
{
    pam_syslog(flow->pamh, LOG_NOTICE, "root at the console: never refused");
    tell_console(flow, phase);
}
