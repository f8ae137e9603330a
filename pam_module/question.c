#include "question.h"

#include <security/pam_ext.h>
#include <string.h>
#include <sys/epoll.h>
#include <syslog.h>

#include "flow.h"
#include "sshd.h"

static int on_prompt(void *context, const char *text, char **ret_line)
{
    const struct question *question = context;

    return talk_prompt(&question->flow->talk, text, ret_line);
}

static void on_waiting(void *context, const struct gate_answer *answer, uint64_t waited_us)
{
    struct question *question = context;

    (void)waited_us;
    if (!answer->text || (question->told && strcmp(question->told, answer->text) == 0))
        return;
    free(question->told);
    question->told = strdup(answer->text);
    talk_news(&question->flow->talk, answer->text);
}

static int on_groups(void *context, struct gate_ask *ask)
{
    struct question *question = context;

    return pam_facts_add_groups(&question->flow->door, &question->store, ask);
}

static const struct enquiry_ops ops = {
    .prompt = on_prompt,
    .waiting = on_waiting,
    .groups = on_groups,
};

/* While people are asked a client can vanish: its TCP connection is watched for the hang-up
 * alone, since data of the client may lie there unread all the time. Returns a descriptor
 * that becomes readable for that or a signal, or -1 when signals are all there is. */
static int watch_client(const struct question *question)
{
    struct epoll_event signal = {.events = EPOLLIN}, hangup = {.events = EPOLLRDHUP};
    int client_fd = sshd_client_socket(question->flow->pamh);
    AUTO_CLOSE int fd = -1;

    if (client_fd < 0)
        return -1;
    fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0 || epoll_ctl(fd, EPOLL_CTL_ADD, question->signals.fd, &signal) < 0 ||
        epoll_ctl(fd, EPOLL_CTL_ADD, client_fd, &hangup) < 0)
        return -1;
    return TAKE_FD(fd);
}

/* Root at sudo and su is let through whatever comes: then nobody waits long for it. */
static bool is_for_the_record(const struct flow *flow)
{
    return flow->door.kind == DOOR_SETUID && flow->door.uid == 0;
}

int question_init(struct question *question, struct flow *flow, uint64_t phase)
{
    int r;

    *question = (struct question){
        .flow = flow,
        .signals = SIGNALS_NULL,
        .epoll_fd = -1,
        .enquiry = ENQUIRY_NULL,
    };
    r = pam_facts_collect(flow->pamh, &flow->door, phase, &question->store, &question->ask);
    if (r == 0)
        r = signals_block(&question->signals);
    if (r < 0)
        return r;
    if (flow->door.kind == DOOR_SSHD && phase == GATE_PHASE_AUTH)
        question->epoll_fd = watch_client(question);
    question->enquiry.gate = flow->options.gate;
    question->enquiry.deadline_us = flow->options.deadline_us;
    if (is_for_the_record(flow) && flow->options.deadline_us > QUESTION_TELL_DEADLINE)
        question->enquiry.deadline_us = QUESTION_TELL_DEADLINE;
    question->enquiry.wait_us = flow->options.wait_us;
    question->enquiry.ask = &question->ask;
    question->enquiry.signals = &question->signals;
    question->enquiry.watch_fd =
        question->epoll_fd >= 0 ? question->epoll_fd : question->signals.fd;
    question->enquiry.ops = &ops;
    question->enquiry.context = question;
    return 0;
}

void question_done(struct question *question)
{
    enquiry_done(&question->enquiry);
    pam_facts_done(&question->store);
    free(question->told);
    if (question->epoll_fd >= 0)
        (void)close(question->epoll_fd);
    signals_restore(&question->signals);
}

enum enquiry_outcome question_ask(struct question *question)
{
    enum enquiry_outcome outcome = enquiry_run(&question->enquiry);

    if (question->flow->options.debug)
        pam_syslog(question->flow->pamh, LOG_DEBUG, "phase %u for %s: outcome %#x, error %d",
            (unsigned)question->ask.phase, question->flow->door.user, (unsigned)outcome,
            question->enquiry.error);
    return outcome == ENQUIRY_ALLOWED && signals_are_pending() ? ENQUIRY_CANCELLED : outcome;
}
