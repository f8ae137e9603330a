#include "replay_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../cli/base/cli.h"
#include "../../cli/dispatch.h"

/* Accounts that every Debian has: daemon 1, bin 2, sys 3, games 5, man 6. */
static const char head[] = "people: { carol: { accounts: [bin] } }\n"
                           "groups: { leads: [carol] }\n"
                           "rules:\n";

const char replay_candidate[] =
    "  - { id: no-man, who: { user: man }, decision: deny }\n"
    "  - { id: daemon-id, who: { user: daemon }, what: { command: /usr/bin/id * }, " ALLOW " }\n"
    "  - { id: games-may, who: { user: games }, what: { command: any }, " ALLOW ",\n"
    "      evidence: { ticket: required } }\n"
    "  - { id: sys-asks, who: { user: sys }, what: { command: any }, " ASK " }\n";

int replay_setup(void **state)
{
    static struct replay_fixture fixture;

    fixture = (struct replay_fixture){.directory = "/tmp/assent-replay-XXXXXX"};
    assert_non_null(mkdtemp(fixture.directory));
    snprintf(fixture.path, sizeof(fixture.path), "%s/10-test.yaml", fixture.directory);
    *state = &fixture;
    return 0;
}

int replay_teardown(void **state)
{
    struct replay_fixture *f = *state;

    (void)unlink(f->path);
    return rmdir(f->directory);
}

void replay_policy(const struct replay_fixture *f, const char *rules)
{
    FILE *file = fopen(f->path, "we");

    assert_non_null(file);
    assert_true(fputs(head, file) >= 0 && fputs(rules, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(f->path, 0644), 0);
}

void replay_tell(struct str_builder *stream, const char *members)
{
    static int seq;

    str_appendf(stream,
        "{\"parameters\":{\"decision\":{\"seq\":%d,\"time\":\"2026-11-20T10:00:00Z\",%s}},"
        "\"continues\":true}",
        ++seq, members);
    str_append_n(stream, "", 1);
}

void replay_run(struct run *run, const struct replay_fixture *f, struct str_builder *stream,
    const char *word, const char *more)
{
    const char *words[] = {"policy", "replay", f->directory, word, word ? more : NULL, NULL};
    size_t length;
    AUTO_FREE char *bytes = NULL;

    str_append_n(stream, END, sizeof(END));
    length = stream->length;
    bytes = str_builder_take(stream);
    run_assent(
        run, (const struct fake_step[]){{NO_CERTIFICATES, 0, 0}, {bytes, length, 0}, {0}}, words);
}

json_t *replay_json(const struct replay_fixture *f, struct str_builder *stream)
{
    struct run run;
    json_t *json;

    replay_run(&run, f, stream, "--json", NULL);
    assert_int_equal(run.status, CLI_OK);
    assert_string_equal(run.err, "");
    json = json_loads(run.out, 0, NULL);
    assert_non_null(json);
    run_done(&run);
    return json;
}

int64_t replay_number(const json_t *json, const char *key)
{
    assert_true(json_is_integer(json_object_get(json, key)));
    return json_integer_value(json_object_get(json, key));
}

const char *replay_text(const json_t *json, const char *key)
{
    return json_string_value(json_object_get(json, key));
}

const json_t *replay_change(const json_t *json, size_t index)
{
    const json_t *one = json_array_get(json_object_get(json, "changes"), index);

    assert_non_null(one);
    return one;
}

void assert_change(const json_t *json, size_t index, const char *kind, const char *subject)
{
    assert_string_equal(replay_text(replay_change(json, index), "change"), kind);
    assert_string_equal(replay_text(replay_change(json, index), "subject"), subject);
}

void assert_left_out(const json_t *json, const char *why, int64_t count)
{
    const json_t *array = json_object_get(json, "not_replayable"), *one;
    size_t index;

    json_array_foreach(array, index, one)
    {
        if (strcmp(replay_text(one, "why"), why) == 0) {
            assert_int_equal(replay_number(one, "count"), count);
            return;
        }
    }
    fail_msg("nothing was left out since %s", why);
}

int replay_main(int argc, char **argv, const struct CMUnitTest *tests, size_t count)
{
    if (!setlocale(LC_CTYPE, "C.UTF-8") || setenv("TZ", "UTC", 1) < 0)
        return 1;
    if (strcmp(argv[0], "assent") == 0)
        return dispatch_main(argc, argv);
    return _cmocka_run_group_tests("replay", tests, count, NULL, NULL);
}
