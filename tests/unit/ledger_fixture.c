#include "ledger_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../common/clock.h"

void ledger_fixture_init(struct ledger_fixture *fixture, const char *parent)
{
    *fixture = (struct ledger_fixture){0};
    snprintf(fixture->directory, sizeof(fixture->directory), "%s/ledger-test.XXXXXX", parent);
    assert_non_null(mkdtemp(fixture->directory));
    snprintf(fixture->path, sizeof(fixture->path), "%s/ledger.db", fixture->directory);
    assert_true(sd_event_new(&fixture->event) >= 0);
}

static void remove_directory(const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;

    assert_non_null(directory);
    while ((entry = readdir(directory)))
        if (entry->d_name[0] != '.')
            assert_int_equal(unlinkat(dirfd(directory), entry->d_name, 0), 0);
    (void)closedir(directory);
    assert_int_equal(rmdir(path), 0);
}

void ledger_fixture_done(struct ledger_fixture *fixture)
{
    ledger_fixture_close(fixture);
    sd_event_unref(fixture->event);
    remove_directory(fixture->directory);
}

void ledger_fixture_open(struct ledger_fixture *fixture, uint64_t ballast_bytes)
{
    struct ledger_options options = {.path = fixture->path, .ballast_bytes = ballast_bytes};
    AUTO_FREE char *detail = NULL;
    int r;

    r = ledger_open(fixture->event, &options, &fixture->ledger, &detail);
    if (r != 0)
        fail_msg("ledger_open: %d (%s)", r, detail ? detail : "no words");
}

void ledger_fixture_close(struct ledger_fixture *fixture)
{
    ledger_close(fixture->ledger);
    fixture->ledger = NULL;
}

void ledger_fixture_refuse(struct ledger_fixture *fixture, int outcome, const char *word)
{
    struct ledger_options options = {.path = fixture->path};
    AUTO_FREE char *detail = NULL;

    assert_int_equal(ledger_open(fixture->event, &options, &fixture->ledger, &detail), outcome);
    assert_null(fixture->ledger);
    assert_non_null(detail);
    if (!strstr(detail, word))
        fail_msg("\"%s\" lacks \"%s\"", detail, word);
}

struct ledger_batch *ledger_fixture_batch(const char *id, const char *body)
{
    struct ledger_batch *batch = ledger_batch_new();

    assert_non_null(batch);
    ledger_batch_put(batch, LEDGER_GRANT, id, true, body);
    ledger_batch_audit(batch, id, "granted", clock_realtime_us(), body);
    return batch;
}

static void on_done(int result, uint64_t first_seq, void *userdata)
{
    static unsigned order;
    struct ledger_answer *answer = userdata;

    assert_false(answer->done);
    order++;
    *answer = (struct ledger_answer){
        .done = true, .result = result, .first_seq = first_seq, .order = order};
}

void ledger_fixture_submit(struct ledger_fixture *fixture, struct ledger_batch *batch,
    bool essential, struct ledger_answer *answer)
{
    *answer = (struct ledger_answer){0};
    ledger_submit(fixture->ledger, batch, essential, on_done, answer);
    assert_false(answer->done);
}

void ledger_fixture_turn(struct ledger_fixture *fixture)
{
    assert_true(sd_event_run(fixture->event, 10 * USEC_PER_MSEC) >= 0);
}

void ledger_fixture_wait(struct ledger_fixture *fixture, const struct ledger_answer *answer)
{
    uint64_t deadline = clock_deadline(20 * USEC_PER_SEC);

    while (!answer->done) {
        assert_true(clock_boottime_us() < deadline);
        ledger_fixture_turn(fixture);
    }
}

int ledger_fixture_commit(
    struct ledger_fixture *fixture, const char *id, const char *body, bool essential)
{
    struct ledger_answer answer;

    ledger_fixture_submit(fixture, ledger_fixture_batch(id, body), essential, &answer);
    ledger_fixture_wait(fixture, &answer);
    return answer.result;
}

static int on_record(uint64_t seq, uint64_t realtime_us, const char *chain, const char *event,
    const char *record, void *userdata)
{
    uint64_t *count = userdata;

    assert_int_equal(seq, ++*count);
    assert_true(realtime_us > 0 && chain[0] && event[0] && record[0]);
    return 0;
}

uint64_t ledger_fixture_count_dense(struct ledger_fixture *fixture)
{
    uint64_t count = 0;

    assert_int_equal(ledger_each_audit(fixture->ledger, 0, UINT32_MAX, on_record, &count), 0);
    return count;
}

const char *ledger_fixture_file(const struct ledger_fixture *fixture, const char *suffix)
{
    static char name[128];

    snprintf(name, sizeof(name), "%s%s", fixture->path, suffix);
    return name;
}
