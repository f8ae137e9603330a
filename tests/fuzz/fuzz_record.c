/* The question as the agent reads it: any bytes in one packet. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static size_t measure(const char *text)
{
    return text ? strlen(text) : 0;
}

static size_t measure_list(const struct gate_list *list)
{
    size_t length = 0;

    for (const char *item = NULL; (item = record_list_next(list, item));)
        length += strlen(item) + 1;
    must(length == list->length);
    return length;
}

/* Every text is ended inside the message, and within its cap. */
static void measure_ask(const struct gate_ask *ask)
{
    const char *const texts[] = {ask->user, ask->service, ask->run_as, ask->tty, ask->rhost,
        ask->reason, ask->ticket, ask->peer, ask->control, ask->command, ask->cwd, ask->tie,
        ask->session};
    uint64_t sum = 0;

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        must(measure(texts[i]) < GATE_TEXT_MAX);
    must(measure(ask->auth_info) < GATE_MESSAGE_MAX);
    must(measure_list(&ask->argv) <= GATE_ARGV_MAX);
    must(measure_list(&ask->env) <= GATE_ENV_MAX);
    must(ask->group_count <= GATE_GROUPS_MAX);
    for (size_t i = 0; i < ask->group_count; i++)
        sum += ask->groups[i];
    must(sum <= (uint64_t)UINT32_MAX * GATE_GROUPS_MAX);
}

/* What has been read is written and read again to the same message. */
static void go_round(const struct gate_ask *ask)
{
    static _Alignas(8) uint8_t first[GATE_MESSAGE_MAX], second[GATE_MESSAGE_MAX],
        copy[GATE_MESSAGE_MAX];
    int length = record_encode_ask(ask, first, sizeof(first)), again;
    struct gate_ask back;

    must(length > 0);
    memcpy(copy, first, (size_t)length);
    must(record_decode_ask(copy, (size_t)length, &back) == 0);
    again = record_encode_ask(&back, second, sizeof(second));
    must(again == length && memcmp(first, second, (size_t)length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gate_ask ask;
    uint8_t *message;

    if (size == 0 || size > GATE_MESSAGE_MAX)
        return 0;
    message = malloc(size); /* exactly, so that reading past it is seen */
    must(message != NULL);
    memcpy(message, data, size);
    must(record_type(message, size) <= UINT16_MAX);
    if (record_decode_ask(message, size, &ask) == 0) {
        measure_ask(&ask);
        go_round(&ask);
    }
    free(message);
    return 0;
}
