#include "command.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "../common/names.h"
#include "../common/parse.h"
#include "../common/realdir.h"
#include "../common/str.h"
#include "environment.h"
#include "pairs.h"
#include "path.h"

#define SUDOEDIT "/usr/bin/sudoedit"

_Static_assert(sizeof(gid_t) == sizeof(uint32_t), "group ids travel as 32 bits");

static int refuse(int error, const char *why, const char **ret_why)
{
    *ret_why = why;
    return error;
}

/* Things sudo can do that no rule can speak of yet are refused rather than let through under
 * a rule for something less. */
static int check_supported(
    const struct invocation *invocation, char *const command_info[], const char **ret_why)
{
    const char *uid = pairs_get(command_info, "runas_uid");
    const char *euid = pairs_get(command_info, "runas_euid");

    if (invocation->other_group)
        return refuse(-ENOTSUP, "sudo -g is not supported by Assent.", ret_why);
    if (!str_empty(pairs_get(command_info, "chroot")))
        return refuse(-ENOTSUP, "sudo -R (chroot) is not supported by Assent.", ret_why);
    if (euid && (!uid || strcmp(uid, euid) != 0))
        return refuse(
            -ENOTSUP, "different real and effective users are not supported by Assent.", ret_why);
    return 0;
}

static int set_run_as(char *const command_info[], struct gate_ask *ask, const char **ret_why)
{
    const char *uid = pairs_get(command_info, "runas_uid");

    if (!uid || parse_u64(uid, UINT32_MAX - 1, &ask->run_as_uid) < 0)
        return refuse(-EINVAL, "sudo does not say as whom the command would run.", ret_why);
    ask->run_as = pairs_get(command_info, "runas_user");
    if (ask->run_as && !str_is_name(ask->run_as))
        return refuse(-EINVAL, "the account to run as has no proper name.", ret_why);
    return 0;
}

static const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* argv[0] is the command as it was typed: id, /bin/id. It is told as the path that it stands for,
 * so that one approval holds for all of these; the "-bash" of a login shell stays. */
static const char *argument(const struct command *command, char *const argv[], size_t i)
{
    bool is_path = i == 0 && strcmp(last_component(argv[0]), last_component(command->path)) == 0;

    return is_path ? command->path : argv[i];
}

/* A list of texts, each with its NUL, into fresh memory. */
static int set_arguments(
    struct command *command, char *const argv[], struct gate_list *ret_list, const char **ret_why)
{
    size_t length = 0;
    char *at;

    for (size_t i = 0; argv && argv[i]; i++) {
        length += strlen(argument(command, argv, i)) + 1;
        if (length > GATE_ARGV_MAX)
            return refuse(-E2BIG,
                "the command line is too long to be approved (96 KiB at most); "
                "put it into a script.",
                ret_why);
    }
    if (length == 0)
        return refuse(-EINVAL, "sudo names no command.", ret_why);
    at = command->argv = malloc(length);
    if (!at)
        return refuse(-ENOMEM, "out of memory.", ret_why);
    for (size_t i = 0; argv[i]; i++)
        at = stpcpy(at, argument(command, argv, i)) + 1;
    *ret_list = (struct gate_list){command->argv, length};
    return 0;
}

static int set_command(struct command *command, char *const command_info[], char *const run_argv[],
    struct gate_ask *ask, const char **ret_why)
{
    command->given = pairs_get(command_info, "command");
    if (!command->given || command->given[0] != '/')
        return refuse(-EINVAL, "sudo names no command.", ret_why);
    if (realdir_path(command->given, &command->path) < 0)
        return refuse(-ENOENT, "the directory of the command cannot be resolved.", ret_why);
    if (strlen(command->given) >= GATE_TEXT_MAX || strlen(command->path) >= GATE_TEXT_MAX)
        return refuse(-E2BIG, "the command's path is too long.", ret_why);
    ask->command = command->path;
    if (command_look_again(command, ask) < 0)
        return refuse(-ENOENT, "the command's file cannot be looked at.", ret_why);
    return set_arguments(command, run_argv, &ask->argv, ret_why);
}

static bool has_dots(const char *path)
{
    while (*path != '\0') {
        size_t length = strcspn(path, "/");

        if ((length == 1 || length == 2) && strspn(path, ".") >= length)
            return true;
        path += length;
        path += *path == '/';
    }
    return false;
}

/* One file of sudoedit by its whole name, so that no `cd` makes another fact of it. */
static int append_file(
    struct str_builder *files, const char *cwd, const char *file, const char **ret_why)
{
    if (file[0] == '\0' || has_dots(file))
        return refuse(
            -EINVAL, "name the file to edit by a plain path, without . and .. in it.", ret_why);
    if (file[0] != '/' && !cwd)
        return refuse(-EINVAL, "name the file to edit by its absolute path.", ret_why);
    if (file[0] != '/') {
        str_append(files, cwd);
        str_append(files, "/");
    }
    str_append_n(files, file, strlen(file) + 1);
    if (!files->failed && files->length > GATE_ARGV_MAX)
        return refuse(-E2BIG, "too many files to edit at once.", ret_why);
    return 0;
}

/* sudoedit: the editor runs as the caller and is nobody's business; the files are. sudo puts
 * them behind the first "--" of the editor's command line. */
static int set_files(
    struct command *command, char *const run_argv[], struct gate_ask *ask, const char **ret_why)
{
    struct str_builder files = {0};
    size_t i = 0;
    int r = 0;

    str_append_n(&files, "sudoedit", sizeof("sudoedit"));
    while (run_argv && run_argv[i] && strcmp(run_argv[i], "--") != 0)
        i++;
    if (!run_argv || !run_argv[i] || !run_argv[i + 1])
        r = refuse(-EINVAL, "sudo names no file to edit.", ret_why);
    while (r == 0 && run_argv[++i])
        r = append_file(&files, ask->cwd, run_argv[i], ret_why);
    if (r == 0 && files.failed)
        r = refuse(-ENOMEM, "out of memory.", ret_why);
    if (r < 0) {
        str_builder_done(&files);
        return r;
    }
    ask->command = SUDOEDIT;
    ask->argv.length = files.length;
    command->argv = str_builder_take(&files);
    ask->argv.data = command->argv;
    return 0;
}

/* The kernel's list: what this process really has, whatever directories say now. */
static int set_groups(struct command *command, struct gate_ask *ask, const char **ret_why)
{
    int count;

    command->groups = calloc(GATE_GROUPS_MAX, sizeof(*command->groups));
    if (!command->groups)
        return refuse(-ENOMEM, "out of memory.", ret_why);
    count = getgroups(GATE_GROUPS_MAX - 1, command->groups);
    if (count < 0)
        return refuse(-E2BIG, "you are in more groups than Assent can tell apart (1023).", ret_why);
    command->groups[count] = getgid();
    ask->groups = command->groups;
    ask->group_count = (size_t)count + 1;
    return 0;
}

static int set_environment(
    struct command *command, char *const run_envp[], struct gate_ask *ask, const char **ret_why)
{
    char buffer[16 * 1024];
    struct passwd entry, *found = NULL;
    struct environment_account account = {.name = ask->run_as};
    int r;

    if (getpwuid_r((uid_t)ask->run_as_uid, &entry, buffer, sizeof(buffer), &found) == 0 && found) {
        account.home = found->pw_dir;
        account.shell = found->pw_shell;
    }
    r = environment_collect(run_envp, &account, &ask->env);
    if (r == -E2BIG)
        return refuse(r,
            "the environment is too large to be approved (8 KiB at most); "
            "do without sudo -E.",
            ret_why);
    if (r < 0)
        return refuse(r, "out of memory.", ret_why);
    /* Owned here: the list was made for us. */
    command->env = (char *)(uintptr_t)ask->env.data;
    return 0;
}

static int set_cwd(const struct invocation *invocation, char *const command_info[],
    struct gate_ask *ask, const char **ret_why)
{
    const char *cwd = pairs_get(command_info, "cwd");

    ask->cwd = str_empty(cwd) ? invocation->cwd : cwd;
    if (ask->cwd && strlen(ask->cwd) >= GATE_TEXT_MAX)
        return refuse(-E2BIG, "the working directory's path is too long.", ret_why);
    return 0;
}

static int check_path(const struct command *command)
{
    AUTO_FREE char *path = NULL;
    int r = realdir_path(command->given, &path);

    if (r < 0)
        return r;
    return strcmp(path, command->path) == 0 ? 0 : -ESTALE;
}

/* The way is walked as sudo's execve will go it, links and all. */
int command_look_again(struct command *command, struct gate_ask *ask)
{
    struct path_walk walk;
    int r;

    if (command->is_edit)
        return 0;
    r = check_path(command);
    if (r == 0)
        r = path_walk(command->given, &walk);
    if (r < 0)
        return r;
    if (command->fd >= 0)
        (void)close(command->fd);
    command->fd = walk.fd;
    ask->flags &= ~(uint64_t)GATE_FLAG_WRITABLE;
    if (walk.writable)
        ask->flags |= GATE_FLAG_WRITABLE;
    return 0;
}

int command_collect(struct command *command, const struct invocation *invocation,
    const struct command_vectors *vectors, struct gate_ask *ask, const char **ret_why)
{
    const char *edit = pairs_get(vectors->info, "sudoedit");
    int r;

    record_init_ask(ask);
    ask->phase = GATE_PHASE_COMMAND;
    ask->parent = (uint64_t)getppid();
    ask->uid = invocation->uid;
    ask->user = invocation->user;
    ask->service = SERVICE_SUDO;
    ask->tty = invocation->tty;
    if (edit && parse_bool(edit, &command->is_edit) < 0)
        return refuse(-EINVAL, "sudo's sudoedit setting cannot be read.", ret_why);
    r = check_supported(invocation, vectors->info, ret_why);
    if (r == 0)
        r = set_run_as(vectors->info, ask, ret_why);
    if (r == 0)
        r = set_cwd(invocation, vectors->info, ask, ret_why);
    if (r == 0)
        r = command->is_edit ? set_files(command, vectors->argv, ask, ret_why)
                             : set_command(command, vectors->info, vectors->argv, ask, ret_why);
    if (r == 0)
        r = set_groups(command, ask, ret_why);
    if (r == 0 && !command->is_edit)
        r = set_environment(command, vectors->envp, ask, ret_why);
    return r;
}

void command_done(struct command *command)
{
    if (command->fd >= 0)
        (void)close(command->fd);
    free(command->path);
    free(command->argv);
    free(command->env);
    free(command->groups);
    *command = (struct command)COMMAND_NULL;
}
