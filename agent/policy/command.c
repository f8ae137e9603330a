#include "command.h"

#include <string.h>

#include "glob.h"

/* Whether the text names a path in the way the kernel's resolved paths do, so that a pattern that
 * could never match is found when it is written. */
static bool is_plain_path(const char *path)
{
    size_t length = strlen(path);

    return length > 1 && path[length - 1] != '/' && !strstr(path, "//") && !strstr(path, "/./") &&
           !strstr(path, "/../") && strcmp(path + length - 2, "/.") != 0 &&
           (length < 3 || strcmp(path + length - 3, "/..") != 0);
}

const char *command_parse(const char *text, struct arena *arena, struct command *ret_command)
{
    struct command command = {0};
    const char *wrong = pattern_split(text, arena, &command.words);

    if (wrong)
        return wrong;
    command.any = command.words.count == 1 && strcmp(command.words.items[0], "any") == 0;
    if (!command.any && command.words.items[0][0] != '/')
        return "its first word must be an absolute path";
    if (!command.any && !is_plain_path(command.words.items[0]))
        return "its path has an empty, '.' or '..' component and would never match";
    command.rest =
        command.words.count > 1 && strcmp(command.words.items[command.words.count - 1], "*") == 0;
    if (!command.any && !strpbrk(command.words.items[0], "*?[\\")) {
        command.path = command.words.items[0];
    } else if (!command.any && !glob_is_wild(command.words.items[0])) {
        char *path = arena_alloc(arena, strlen(command.words.items[0]) + 1);

        if (!path)
            return "out of memory";
        glob_unescape(command.words.items[0], path);
        command.path = path;
    }
    *ret_command = command;
    return NULL;
}

/* Whether ".." is a component of the text read as a path. */
static bool climbs(const char *text)
{
    for (const char *at = text; (at = strstr(at, "..")) != NULL; at++)
        if ((at == text || at[-1] == '/') && (at[2] == '/' || at[2] == '\0'))
            return true;
    return false;
}

/* A wildcard behind a fixed beginning, as in /var/log/<star>, is written to stay in that place; an
 * argument that climbs out of it (/var/log/../../etc/shadow) is matched in letter only. So
 * that is "unknown": no allow follows from it, and no deny is escaped by it. */
enum truth command_match_argument(const char *word, const char *argument)
{
    if (!glob_match(word, argument, 0))
        return TRUTH_NO;
    if (strcmp(word, "*") != 0 && glob_is_wild(word) && climbs(argument))
        return TRUTH_UNKNOWN;
    return TRUTH_YES;
}

static enum truth match_arguments(
    const struct command *command, const char *const *arguments, size_t count)
{
    size_t fixed = command->words.count - 1 - (command->rest ? 1 : 0);
    enum truth truth = TRUTH_YES;

    if (count < fixed || (!command->rest && count > fixed))
        return TRUTH_NO;
    for (size_t i = 0; i < fixed && truth != TRUTH_NO; i++) {
        enum truth one = command_match_argument(command->words.items[i + 1], arguments[i]);

        truth = one < truth ? one : truth;
    }
    return truth;
}

enum truth command_match(
    const struct command *command, const char *path, const char *const *argv, size_t argc)
{
    if (!path)
        return TRUTH_UNKNOWN;
    if (command->any)
        return TRUTH_YES;
    if (command->path ? strcmp(command->path, path) != 0
                      : !glob_match(command->words.items[0], path, GLOB_PATH))
        return TRUTH_NO;
    if (!argv)
        return command->rest && command->words.count == 2 ? TRUTH_YES : TRUTH_UNKNOWN;
    return match_arguments(command, argv + (argc > 0 ? 1 : 0), argc > 0 ? argc - 1 : 0);
}
