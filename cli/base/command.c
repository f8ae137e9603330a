#include "command.h"

#include <errno.h>
#include <string.h>

#include "../../common/names.h"
#include "../../common/str.h"
#include "json.h"
#include "resolve.h"

bool command_is_of(const char *service)
{
    static const char *const doors[] = {
        SERVICE_SUDO, SERVICE_SUDO_I, SERVICE_SU, SERVICE_SU_L, SERVICE_DOAS};

    for (size_t i = 0; i < ARRAY_SIZE(doors); i++)
        if (strcmp(doors[i], service) == 0)
            return true;
    return false;
}

static int say_not_found(const char *command, int error)
{
    AUTO_FREE char *escaped = str_escape_new(command);

    if (error == -ENOENT)
        cli_error("there is no command '%s' where sudo looks (" RESOLVE_PATH ")",
            escaped ? escaped : "?");
    else
        cli_error("'%s': %s", escaped ? escaped : "?", strerror(-error));
    return CLI_FAILED;
}

/* The command as sudo will see it; says so where that differs from what was typed. */
static int resolve(const char *typed, char **ret_path)
{
    AUTO_FREE char *path = NULL, *shown_typed = NULL, *shown_path = NULL;
    int r = resolve_command(typed, RESOLVE_PATH, &path);

    if (r < 0)
        return say_not_found(typed, r);
    shown_typed = str_escape_new(typed);
    shown_path = str_escape_new(path);
    if (strcmp(typed, path) != 0 && shown_typed && shown_path)
        cli_error("%s is %s", shown_typed, shown_path);
    *ret_path = TAKE_PTR(path);
    return CLI_OK;
}

static int append_argument(json_t *command, const char *argument)
{
    if (!str_is_utf8(argument, strlen(argument))) {
        cli_error("an argument of the command is not valid UTF-8");
        return CLI_USAGE;
    }
    return json_array_append_new(command, json_string(argument)) == 0 ? CLI_OK : CLI_FAILED;
}

int command_add(json_t *params, int argc, char *const *argv)
{
    AUTO_FREE char *path = NULL;
    AUTO_JSON json_t *command = json_array();
    int r = resolve(argv[0], &path);

    if (r == CLI_OK)
        r = append_argument(command, path);
    for (int i = 1; r == CLI_OK && i < argc; i++)
        r = append_argument(command, argv[i]);
    if (r == CLI_OK && json_object_set(params, "command", command) < 0)
        r = CLI_FAILED;
    return r;
}
