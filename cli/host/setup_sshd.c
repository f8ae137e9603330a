#include "setup_sshd.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "../../common/file.h"
#include "../../common/str.h"
#include "setup_system.h"

#define CONFIG "etc/ssh/sshd_config"
#define DROP_INS "etc/ssh/sshd_config.d"

void sshd_settings_done(struct sshd_settings *settings)
{
    free(settings->root_login_text);
    free(settings->methods);
    free(settings->problem);
    *settings = (struct sshd_settings){0};
}

static bool is_yes(const char *value)
{
    return strcasecmp(value, "yes") == 0;
}

static int take_setting(struct sshd_settings *settings, const char *key, const char *value)
{
    if (strcasecmp(key, "usepam") == 0)
        settings->use_pam = is_yes(value);
    else if (strcasecmp(key, "passwordauthentication") == 0)
        settings->password = is_yes(value);
    else if (strcasecmp(key, "kbdinteractiveauthentication") == 0)
        settings->kbdinteractive = is_yes(value);
    else if (strcasecmp(key, "logingracetime") == 0)
        settings->grace_s = (unsigned)strtoul(value, NULL, 10);
    else if (strcasecmp(key, "maxstartups") == 0)
        settings->startups = (unsigned)strtoul(value, NULL, 10);
    else if (strcasecmp(key, "permitrootlogin") == 0) {
        settings->root_login = strcasecmp(value, "no") != 0;
        free(settings->root_login_text);
        settings->root_login_text = strdup(value);
        return settings->root_login_text != NULL ? 0 : -ENOMEM;
    } else if (strcasecmp(key, "authenticationmethods") == 0) {
        free(settings->methods);
        settings->methods = strdup(value);
        return settings->methods != NULL ? 0 : -ENOMEM;
    }
    return 0;
}

int sshd_settings_parse(const char *text, struct sshd_settings *ret_settings)
{
    CLEANUP(sshd_settings_done) struct sshd_settings settings = {0};
    AUTO_FREE char *copy = strdup(text);
    if (copy == NULL)
        return -ENOMEM;
    char *rest = copy;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        char *value = strchr(line, ' ');
        if (value == NULL)
            continue;
        *value++ = '\0';
        int r = take_setting(&settings, line, value);
        if (r < 0)
            return r;
    }
    settings.known = settings.methods != NULL;
    *ret_settings = settings;
    settings = (struct sshd_settings){0};
    return 0;
}

int sshd_settings_read(const char *config, const char *user, struct sshd_settings *ret_settings)
{
    AUTO_FREE char *output = NULL, *match = NULL;
    const char *argv[8] = {"/usr/sbin/sshd", "-T"};
    size_t count = 2;
    if (config != NULL) {
        argv[count++] = "-f";
        argv[count++] = config;
    }
    if (user != NULL) {
        if (asprintf(&match, "user=%s,host=localhost,addr=127.0.0.1", user) < 0)
            return -ENOMEM;
        argv[count++] = "-C";
        argv[count++] = match;
    }
    int status = system_run(argv, &output);
    if (status < 0)
        return status;
    if (status == 0)
        return sshd_settings_parse(output, ret_settings);
    *ret_settings = (struct sshd_settings){.problem = TAKE_PTR(output)};
    return 0;
}

/* The text a file will have after the plan. */
static int planned_text(const struct setup_plan *plan, const char *path, char **ret_text)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct setup_change *change = &plan->changes[i];
        if (strcmp(change->path, path) != 0)
            continue;
        *ret_text = change->after != NULL ? strdup(change->after) : NULL;
        return change->after != NULL && *ret_text == NULL ? -ENOMEM : 0;
    }
    return setup_read(plan->root, path, ret_text, NULL);
}

static int write_below(const char *directory, const char *name, const char *text)
{
    AUTO_FREE char *path = setup_path(directory, name);
    return path != NULL ? file_write_atomic(path, text, strlen(text), 0600) : -ENOMEM;
}

static int copy_drop_in(const struct setup_plan *plan, const char *directory, const char *name)
{
    AUTO_FREE char *path = setup_path(DROP_INS, name), *text = NULL, *target = NULL;
    if (path == NULL || asprintf(&target, "sshd_config.d/%s", name) < 0)
        return -ENOMEM;
    int r = planned_text(plan, path, &text);
    if (r < 0 || text == NULL)
        return r;
    return write_below(directory, target, text);
}

static int copy_drop_ins(const struct setup_plan *plan, const char *directory)
{
    AUTO_FREE char *source = setup_path(plan->root, DROP_INS);
    if (source == NULL)
        return -ENOMEM;
    DIR *open_source = opendir(source);
    int r = 0;
    for (struct dirent *entry;
         r == 0 && open_source != NULL && (entry = readdir(open_source)) != NULL;) {
        size_t length = strlen(entry->d_name);
        if (length > 5 && strcmp(entry->d_name + length - 5, ".conf") == 0)
            r = copy_drop_in(plan, directory, entry->d_name);
    }
    if (open_source != NULL)
        closedir(open_source);
    for (size_t i = 0; r == 0 && i < plan->count; i++) {
        const char *path = plan->changes[i].path;
        if (strncmp(path, DROP_INS "/", strlen(DROP_INS) + 1) == 0)
            r = copy_drop_in(plan, directory, path + strlen(DROP_INS) + 1);
    }
    return r;
}

static bool includes_drop_ins(const char *line, size_t length)
{
    while (length > 0 && (*line == ' ' || *line == '\t')) {
        line++;
        length--;
    }
    return length > 8 && strncasecmp(line, "include", 7) == 0 &&
           memmem(line, length, "/" DROP_INS "/", strlen("/" DROP_INS "/")) != NULL;
}

/* The configuration with its include of the drop-ins led to `directory`. */
static int redirect_include(const char *text, const char *directory, char **ret_text)
{
    struct str_builder out = {0};
    bool found = false;
    for (const char *at = text; *at != '\0';) {
        const char *newline = strchr(at, '\n');
        size_t length = newline != NULL ? (size_t)(newline - at) + 1 : strlen(at);
        if (includes_drop_ins(at, length)) {
            str_appendf(&out, "Include %s/sshd_config.d/*.conf\n", directory);
            found = true;
        } else {
            str_append_n(&out, at, length);
        }
        at += length;
    }
    char *result = str_builder_take(&out);
    if (result == NULL || !found) {
        free(result);
        return found ? -ENOMEM : -ENODATA;
    }
    *ret_text = result;
    return 0;
}

int sshd_write_candidate(const struct setup_plan *plan, const char *directory, char **ret_config)
{
    AUTO_FREE char *text = NULL, *redirected = NULL, *config = NULL;
    AUTO_FREE char *drop_ins = setup_path(directory, "sshd_config.d");
    config = setup_path(directory, "sshd_config");
    if (drop_ins == NULL || config == NULL)
        return -ENOMEM;
    int r = setup_read(plan->root, CONFIG, &text, NULL);
    if (r < 0 || text == NULL)
        return r < 0 ? r : -ENOENT;
    r = redirect_include(text, directory, &redirected);
    if (r == 0 && mkdir(drop_ins, 0700) < 0)
        r = -errno;
    if (r == 0)
        r = copy_drop_ins(plan, directory);
    if (r == 0)
        r = write_below(directory, "sshd_config", redirected);
    if (r == 0)
        *ret_config = TAKE_PTR(config);
    return r;
}

int sshd_test(const char *config, char **ret_problem)
{
    const char *const argv[] = {"/usr/sbin/sshd", "-t", "-f", config, NULL};
    AUTO_FREE char *output = NULL;
    int status = system_run(argv, &output);
    if (status < 0)
        return status;
    if (status == 0)
        return 0;
    *ret_problem = TAKE_PTR(output);
    return -EINVAL;
}
