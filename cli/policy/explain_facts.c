#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../../common/file.h"
#include "../../common/names.h"
#include "../../common/str.h"
#include "../base/command.h"
#include "../base/json.h"
#include "../base/params.h"
#include "explain.h"

#define FACTS_MAX ((size_t)64 * 1024) /* what the agent takes */

void explain_facts_done(struct explain_facts *facts)
{
    free(facts->text);
    *facts = (struct explain_facts){0};
}

static int read_all(const char *path, char **ret_text)
{
    bool standard = strcmp(path, "-") == 0;
    AUTO_CLOSE int own = standard ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    AUTO_FREE char *text = NULL;
    size_t length;
    int r;

    if (!standard && own < 0)
        return -errno;
    r = file_read_all(standard ? STDIN_FILENO : own, FACTS_MAX, &text, &length);
    if (r < 0)
        return r;
    if (strlen(text) != length)
        return -EILSEQ;
    *ret_text = TAKE_PTR(text);
    return 0;
}

/* The value of "\uXXXX" at `text`, or -1. */
static int unit_at(const char *text)
{
    static const char digits[] = "0123456789abcdef";
    int unit = 0;

    if (text[0] != '\\' || text[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        const char *digit =
            text[i] == '\0' ? NULL : strchr(digits, tolower((unsigned char)text[i]));

        if (!digit)
            return -1;
        unit = unit << 4 | (int)(digit - digits);
    }
    return unit;
}

/* JSON may write a character beyond U+FFFF as two halves, which YAML does not know: it is put
 * whole, in their place. Everything else stays where it is, and so do the places in messages. */
static void join_halves(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0';) {
        int high = unit_at(from), low = high >= 0 ? unit_at(from + 6) : -1;
        bool pair = high >= 0xd800 && high < 0xdc00 && low >= 0xdc00 && low < 0xe000;
        size_t length = from[0] == '\\' && from[1] != '\0' ? 2 : 1;

        if (pair) {
            unsigned c = 0x10000 + ((unsigned)(high - 0xd800) << 10) + (unsigned)(low - 0xdc00);

            *to++ = (char)(0xf0 | c >> 18);
            *to++ = (char)(0x80 | (c >> 12 & 0x3f));
            *to++ = (char)(0x80 | (c >> 6 & 0x3f));
            *to++ = (char)(0x80 | (c & 0x3f));
            from += 12;
            continue;
        }
        memmove(to, from, length);
        to += length;
        from += length;
    }
    *to = '\0';
}

static const char *say_why(int error)
{
    return error == -EFBIG    ? "they are larger than 64 KiB"
           : error == -EILSEQ ? "they hold a byte of zero"
                              : strerror(-error);
}

int explain_facts_read(
    const struct cli_options *options, const char *path, struct explain_facts *ret_facts)
{
    AUTO_FREE char *text = NULL, *escaped = str_escape_new(path);
    int r = read_all(path, &text);

    if (r < 0 || !text) {
        cli_error("cannot read the facts in %s: %s", escaped ? escaped : "?", say_why(r));
        return r == -ENOENT || r == -EILSEQ ? CLI_USAGE : CLI_FAILED;
    }
    if (text[strspn(text, " \t\r\n")] != '{')
        return cli_usage_error(options, "%s is no JSON object", escaped ? escaped : "?");
    join_halves(text);
    *ret_facts = (struct explain_facts){TAKE_PTR(text), strcmp(path, "-") == 0 ? "stdin" : path};
    return CLI_OK;
}

/* ---- from options ------------------------------------------------------------------------ */

static const struct {
    const char *option, *key;
    bool list; /* separated by commas */
} rows[] = {
    {"user", "user", false},
    {"kind", "kind", false},
    {"group", "groups", true},
    {"host", "host", false},
    {"label", "labels", true},
    {"service", "service", false},
    {"run-as", "run_as", false},
    {"command", "command", false},
    {"rhost", "rhost", false},
    {"tty", "tty", false},
    {"at", "at", false},
    {"reason", "reason", false},
    {"ticket", "ticket", false},
    {"peer", "peer", false},
    {"control", "control", false},
    {"entitlement", "entitlement", false},
};

bool explain_has_options(const struct cli_options *options)
{
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (cli_value(options, rows[i].option))
            return true;
    return false;
}

static int add_list(json_t *facts, const char *key, const char *option, const char *text)
{
    json_t *list = json_array();

    if (!str_is_utf8(text, strlen(text))) {
        cli_error("--%s is not valid UTF-8", option);
        json_decref(list);
        return CLI_USAGE;
    }
    while (*text != '\0') {
        size_t length = strcspn(text, ",");

        (void)json_array_append_new(list, json_stringn(text, length));
        text += length + (text[length] == ',');
    }
    return json_object_set_new(facts, key, list) == 0 ? CLI_OK : CLI_FAILED;
}

static int add_options(json_t *facts, const struct cli_options *options)
{
    int r = CLI_OK;

    for (size_t i = 0; r == CLI_OK && i < ARRAY_SIZE(rows); i++) {
        const char *text = cli_value(options, rows[i].option);

        if (text && rows[i].list)
            r = add_list(facts, rows[i].key, rows[i].option, text);
        else if (text)
            r = params_set(facts, rows[i].key, text, rows[i].option);
    }
    return r;
}

static void set_default(json_t *facts, const char *key, const char *text)
{
    if (!json_object_get(facts, key))
        (void)json_object_set_new(facts, key, json_string(text));
}

/* What goes without saying at a door. An entitlement alone is asked for as a whole. */
static void add_defaults(json_t *facts)
{
    const char *service = json_string_value(json_object_get(facts, "service"));

    if (!service && json_object_get(facts, "command"))
        service = SERVICE_SUDO;
    if (!service)
        return;
    set_default(facts, "service", service);
    if (!command_is_of(service)) {
        set_default(facts, "command", "none");
        return;
    }
    set_default(facts, "rhost", "local");
    if (strncmp(service, SERVICE_SUDO, strlen(SERVICE_SUDO)) == 0)
        set_default(facts, "run_as", "root");
}

int explain_facts_from_options(
    const struct cli_options *options, int argc, char **argv, struct explain_facts *ret_facts)
{
    AUTO_JSON json_t *facts = json_object();
    int r = add_options(facts, options);

    if (r == CLI_OK && argc > 0 && cli_value(options, "command"))
        return cli_usage_error(options, "either --command or a command behind --");
    if (r == CLI_OK && argc > 0)
        r = command_add(facts, argc, argv);
    if (r != CLI_OK)
        return r;
    add_defaults(facts);
    *ret_facts = (struct explain_facts){json_dumps(facts, JSON_COMPACT), ""};
    if (ret_facts->text)
        return CLI_OK;
    cli_error("out of memory");
    return CLI_FAILED;
}
