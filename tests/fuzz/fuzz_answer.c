/* What the modules make of an agent that says anything: the input is a series of packets,
 * each led by its length (u16), sent to a whole enquiry over a socket pair. Whatever comes,
 * it must end, stay within its memory, show only printable text, and be allowed only by an
 * exact ALLOW. */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../common/enquiry.h"

#define PACKETS_MAX 24
#define PATH_OF_NOBODY "/nonexistent/gate"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* Nothing that moves a cursor or hides text reaches the person. */
static void check_text(const char *text)
{
    for (; text && *text != '\0'; text++)
        must((unsigned char)*text >= 0x20 ? *text != 0x7f : *text == '\n');
}

/* Every fifth time nothing is typed. */
static int on_prompt(void *context, const char *text, char **ret_line)
{
    unsigned *prompts = context;

    must(text[0] != '\0' && text[strlen(text) - 1] == ' ');
    check_text(text);
    if (++*prompts % 5 == 0)
        return -ENODATA;
    *ret_line = strdup(" because ");
    return *ret_line ? 0 : -ENOMEM;
}

static void on_waiting(void *context, const struct gate_answer *answer, uint64_t waited_us)
{
    (void)context;
    (void)waited_us;
    check_text(answer->text);
    check_text(answer->request);
    check_text(answer->asked);
}

static int on_groups(void *context, struct gate_ask *ask)
{
    static const uint32_t groups[] = {1, 2};

    (void)context;
    ask->groups = groups;
    ask->group_count = 2;
    return 0;
}

static const struct enquiry_ops ops = {
    .prompt = on_prompt, .waiting = on_waiting, .groups = on_groups};

/* Something was not supplied: what the person is told names it. */
static void check_refusal(const struct enquiry *enquiry)
{
    char *text = typed_refusal(&enquiry->typed, enquiry->ask, "Refused");

    must(text && (enquiry->typed.lacking & ~(uint64_t)GATE_NEED_TYPED) == 0);
    must((enquiry->typed.lacking == 0) == (enquiry->typed.why == 0));
    check_text(text);
    free(text);
}

/* Queues the packets and closes: the enquiry then meets an agent that says all this, whatever
 * it is asked, and goes. Returns whether one of them decodes as an ALLOW. */
static bool queue_packets(int fd, const uint8_t *data, size_t size)
{
    bool allows = false;

    for (int i = 0; i < PACKETS_MAX && size > 2; i++) {
        size_t length = (size_t)(data[0] | data[1] << 8);
        struct gate_answer answer;
        uint8_t *copy;

        data += 2;
        size -= 2;
        if (length > size)
            length = size;
        copy = malloc(length + 1);
        must(copy != NULL);
        memcpy(copy, data, length);
        if (record_decode_answer(copy, length, &answer) == 0 && answer.kind == GATE_ALLOW)
            allows = true;
        free(copy);
        (void)send(fd, data, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        data += length;
        size -= length;
    }
    return allows;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gate_ask ask;
    struct enquiry enquiry = ENQUIRY_NULL;
    enum enquiry_outcome outcome;
    unsigned prompts = 0;
    bool allows;
    int fds[2];

    if (size == 0)
        return 0;
    must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == 0);
    record_init_ask(&ask);
    ask.flags = data[0] & (GATE_FLAG_WAIT | GATE_FLAG_PROMPT);
    allows = queue_packets(fds[1], data + 1, size - 1);
    (void)shutdown(fds[1], SHUT_WR);
    enquiry.gate = PATH_OF_NOBODY;
    enquiry.deadline_us = 1000;
    enquiry.wait_us = 1000;
    enquiry.ask = &ask;
    enquiry.ops = &ops;
    enquiry.context = &prompts;
    enquiry.client.fd = fds[0];
    enquiry.client.buffer = malloc(GATE_MESSAGE_MAX);
    must(enquiry.client.buffer != NULL);
    outcome = enquiry_run(&enquiry);
    must(outcome == ENQUIRY_ALLOWED ? allows : outcome > 0 && outcome <= ENQUIRY_FAILED);
    must(prompts <= 4 * TYPED_TRIES_MAX);
    if (outcome == ENQUIRY_UNSUPPLIED)
        check_refusal(&enquiry);
    check_text(enquiry.text);
    check_text(enquiry.request);
    enquiry_done(&enquiry);
    (void)close(fds[1]);
    return 0;
}
