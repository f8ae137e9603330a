#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../common/clock.h"
#include "../../common/str.h"
#include "../base/json.h"
#include "../base/output.h"
#include "../view/style.h"
#include "../view/when.h"
#include "setup.h"
#include "setup_pending.h"

#define LOCK_WAIT_MS 20000

/* The timer must not give up because somebody runs `assent setup status` at that moment. */
static int lock_patiently(const char *root)
{
    uint64_t deadline = clock_deadline(LOCK_WAIT_MS * USEC_PER_MSEC);
    for (;;) {
        int lock = store_lock(root);
        if (lock != -EWOULDBLOCK || clock_remaining_ms(deadline) == 0)
            return lock;
        (void)usleep(50000);
    }
}

static int say_lock(int lock)
{
    cli_error(lock == -EWOULDBLOCK ? "another `assent setup` runs at this moment"
                                   : "cannot write below /" STORE_DIR ": %s",
        strerror(-lock));
    return CLI_FAILED;
}

static int print_outcome(
    const struct cli_options *options, const char *key, const char *doors, const char *text)
{
    if (options->json) {
        AUTO_JSON json_t *answer =
            json_pack("{s:s, s:s, s:s}", "action", key, "doors", doors, "text", text);
        return output_json(answer);
    }
    struct str_builder out = {0};
    str_appendf(&out, "%s\n", text);
    return output_text(&out);
}

/* 1 it may be confirmed from here, 0 it may not (said). */
static int judge_login(const struct store_pending *pending, const char **ret_note)
{
    struct setup_login now;
    uint64_t started = 0;
    int r = setup_login_current(&now);
    if (r == 0)
        r = setup_login_started(&now, &started);
    if (r < 0) {
        cli_error("cannot tell which login this is: %s", strerror(-r));
        return 0;
    }
    switch (setup_login_judge(&pending->login, &now, started)) {
    case CONFIRM_OK:
        return 1;
    case CONFIRM_OK_PROCESS:
        *ret_note = " (no login session could be told here; another process session was taken "
                    "for one)";
        return 1;
    case CONFIRM_SAME:
        cli_error("this is the login that made the change. Log in anew, in another terminal, and "
                  "confirm there: that proves that you still can");
        return 0;
    case CONFIRM_OLDER:
        cli_error("this login is older than the change. Log in anew and confirm there: that "
                  "proves that you still can");
        return 0;
    case CONFIRM_REBOOTED:
        cli_error("the machine was started again since; the change is being taken back");
        return 0;
    }
    return 0;
}

int setup_confirm(const char *root, const struct cli_options *options)
{
    CLEANUP(store_pending_done) struct store_pending pending = {0};
    const char *note = "";
    AUTO_CLOSE int lock = lock_patiently(root);
    if (lock < 0)
        return say_lock(lock);
    int r = store_pending_read(root, &pending);
    if (r == 0)
        cli_error("no change waits to be confirmed; `assent setup status` shows what is on");
    else if (r < 0)
        cli_error("/" STORE_DIR "/pending cannot be read: %s", strerror(-r));
    if (r <= 0)
        return CLI_FAILED;
    if (judge_login(&pending, &note) == 0)
        return CLI_REFUSED;
    r = pending_disarm(root);
    if (r < 0) {
        cli_error("cannot confirm: %s", strerror(-r));
        return CLI_FAILED;
    }
    AUTO_FREE char *text = NULL;
    if (asprintf(&text, "Confirmed: %s stays%s.", pending.doors, note) < 0)
        return CLI_FAILED;
    return print_outcome(options, "confirm", pending.doors, text);
}

static int tell_revert(const struct cli_options *options, const char *root,
    const struct store_pending *pending, unsigned found)
{
    AUTO_FREE char *backup = store_backup_path(root, pending->backup);
    AUTO_FREE char *text = NULL;
    int r = found > 0
                ? asprintf(&text,
                      "Taken back: %s. %u file(s) had been changed by somebody else meanwhile; "
                      "what they held is kept as *.found in %s",
                      pending->doors, found, backup != NULL ? backup : "")
                : asprintf(&text, "Taken back: %s. All files are as they were.", pending->doors);
    if (r < 0)
        return CLI_FAILED;
    return print_outcome(options, "revert", pending->doors, text);
}

int setup_revert(
    const char *root, const char *from, bool booting, const struct cli_options *options)
{
    CLEANUP(store_pending_done) struct store_pending pending = {0};
    unsigned found = 0;
    AUTO_CLOSE int lock = lock_patiently(root);
    if (lock < 0)
        return say_lock(lock);
    int r = store_pending_read(root, &pending);
    bool meant = r > 0 && (from == NULL || strcmp(from, pending.backup) == 0);
    if (r < 0) {
        cli_error("/" STORE_DIR "/pending cannot be read: %s", strerror(-r));
        return CLI_FAILED;
    }
    if (!meant && (from != NULL || booting))
        return CLI_OK;
    if (!meant) {
        cli_error("no change waits; `assent setup disable DOOR` switches a door off");
        return CLI_FAILED;
    }
    r = pending_revert(root, &pending, booting, &found);
    if (r < 0) {
        AUTO_FREE char *backup = store_backup_path(root, pending.backup);
        cli_error("cannot put everything back (%s). Copy the files by hand from %s", strerror(-r),
            backup != NULL ? backup : STORE_DIR "/backup");
        return CLI_FAILED;
    }
    return tell_revert(options, root, &pending, found);
}

static json_t *pending_to_json(const struct store_pending *pending)
{
    char by[CLOCK_RFC3339_SIZE];
    clock_format_rfc3339(pending->deadline_us, by);
    return json_pack(
        "{s:s, s:s, s:s}", "doors", pending->doors, "confirm_by", by, "backup", pending->backup);
}

static int status_json(const char *root, const struct store_pending *pending)
{
    AUTO_JSON json_t *list = json_object();
    for (const struct door *door = door_table; door->name != NULL; door++) {
        enum door_state state = DOOR_OFF;
        const char *text =
            setup_door_state(root, door, &state) < 0 ? "unknown" : door_state_to_string(state);
        (void)json_object_set_new(list, door->name, json_string(text));
    }
    AUTO_JSON json_t *answer = json_pack("{s:O, s:o}", "doors", list, "pending",
        pending != NULL ? pending_to_json(pending) : json_null());
    return output_json(answer);
}

static void print_door(struct str_builder *out, const char *root, const struct door *door,
    const struct cli_options *options)
{
    static const enum style styles[] = {
        [DOOR_OFF] = STYLE_DIM, [DOOR_PARTLY] = STYLE_BAD, [DOOR_ON] = STYLE_GOOD};
    enum door_state state = DOOR_OFF;
    int r = setup_door_state(root, door, &state);
    str_appendf(out, "%-17s %s%-7s%s  %s\n", door->name, style_on(options, styles[state]),
        r < 0 ? "unknown" : door_state_to_string(state), style_off(options, styles[state]),
        door->summary);
}

int setup_status(const char *root, const struct cli_options *options)
{
    CLEANUP(store_pending_done) struct store_pending pending = {0};
    int r = store_pending_read(root, &pending);
    if (r < 0 && r != -EACCES) {
        cli_error("/" STORE_DIR "/pending cannot be read: %s", strerror(-r));
        return CLI_FAILED;
    }
    if (options->json)
        return status_json(root, r > 0 ? &pending : NULL);
    struct str_builder out = {0};
    for (const struct door *door = door_table; door->name != NULL; door++)
        print_door(&out, root, door, options);
    if (r > 0) {
        char left[WHEN_SIZE];
        when_relative(pending.deadline_us, clock_realtime_us(), left);
        str_appendf(&out, "\n%s waits for `assent setup confirm` from a new login; taken back %s\n",
            pending.doors, left);
    }
    return output_text(&out);
}
