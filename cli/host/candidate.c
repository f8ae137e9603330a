#include "candidate.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../../common/file.h"
#include "../../common/str.h"
#include "stack.h"

#define PAMD "etc/pam.d"

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status;
    (void)type;
    (void)ftw;
    return remove(path);
}

void candidate_done(struct candidate *candidate)
{
    if (candidate->directory[0] != '\0')
        (void)nftw(candidate->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    candidate->directory[0] = '\0';
}

char *candidate_path(const struct candidate *candidate, const char *name)
{
    return setup_path(candidate->directory, name);
}

static const char *type_name(unsigned type)
{
    switch (type) {
    case STACK_AUTH:
        return "auth";
    case STACK_ACCOUNT:
        return "account";
    case STACK_PASSWORD:
        return "password";
    default:
        return "session";
    }
}

static void print_without_gate(struct str_builder *out, const struct stack_rule *rule)
{
    str_appendf(out, "%s %s %s gate=" CANDIDATE_NO_GATE, type_name(rule->type), rule->control,
        rule->module);
    AUTO_FREE char *arguments = strdup(rule->arguments);
    char *rest = arguments;
    for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " ")) {
        if (word[0] != '\0' && strncmp(word, "gate=", 5) != 0)
            str_appendf(out, " %s", word);
    }
    str_append(out, "\n");
}

char *candidate_without_agent(const char *text, bool ours_only)
{
    CLEANUP(str_builder_done) struct str_builder out = {0};
    for (const char *at = text; *at != '\0';) {
        size_t length = stack_line_length(at);
        CLEANUP(stack_rule_done) struct stack_rule rule = {0};
        int r = stack_parse_line(at, length, &rule);
        if (r < 0)
            return NULL;
        if (r == 1 && stack_rule_is_ours(&rule))
            print_without_gate(&out, &rule);
        else if (!ours_only)
            str_append_n(&out, at, length);
        at += length;
    }
    return str_builder_take(&out);
}

static int write_below(
    const struct candidate *candidate, const char *kind, const char *service, const char *text)
{
    AUTO_FREE char *path = NULL;
    if (asprintf(&path, "%s/%s/%s", candidate->directory, kind, service) < 0)
        return -ENOMEM;
    return file_write_atomic(path, text, strlen(text), 0600);
}

/* A service that PAM cannot read is copied as it is: it is not ours to judge here. */
static int write_down(const struct candidate *candidate, const char *service, const char *text)
{
    AUTO_FREE char *down = candidate_without_agent(text, false);
    AUTO_FREE char *ours = candidate_without_agent(text, true);
    int r = write_below(candidate, CANDIDATE_DOWN, service, down != NULL ? down : text);
    return r == 0 && ours != NULL ? write_below(candidate, CANDIDATE_OURS, service, ours) : r;
}

static const struct setup_change *find_change(const struct setup_plan *plan, const char *service)
{
    for (size_t i = 0; i < plan->count; i++) {
        const char *path = plan->changes[i].path;
        if (strncmp(path, PAMD "/", strlen(PAMD) + 1) == 0 &&
            strcmp(path + strlen(PAMD) + 1, service) == 0)
            return &plan->changes[i];
    }
    return NULL;
}

static int copy_service(
    const struct setup_plan *plan, const struct candidate *candidate, const char *service)
{
    AUTO_FREE char *path = setup_path(PAMD, service), *text = NULL;
    if (path == NULL)
        return -ENOMEM;
    int r = setup_read(plan->root, path, &text, NULL);
    if (r < 0 || text == NULL)
        return r == -EINVAL || r == -EFBIG ? 0 : r;
    r = write_below(candidate, CANDIDATE_NOW, service, text);
    const struct setup_change *change = find_change(plan, service);
    const char *after = change != NULL ? change->after : text;
    if (r < 0 || after == NULL)
        return r;
    r = write_below(candidate, CANDIDATE_UP, service, after);
    return r == 0 ? write_down(candidate, service, after) : r;
}

static int copy_services(const struct setup_plan *plan, const struct candidate *candidate)
{
    AUTO_FREE char *source = setup_path(plan->root, PAMD);
    if (source == NULL)
        return -ENOMEM;
    DIR *services = opendir(source);
    if (services == NULL)
        return -errno;
    int r = 0;
    for (struct dirent *entry; r == 0 && (entry = readdir(services)) != NULL;) {
        /* What dpkg and editors leave behind is no service. */
        if (strchr(entry->d_name, '.') == NULL && strchr(entry->d_name, '~') == NULL)
            r = copy_service(plan, candidate, entry->d_name);
    }
    closedir(services);
    return r;
}

/* What runs that were killed have left. The caller holds setup's lock, so none is in use. */
static void remove_stale(const char *base)
{
    AUTO_FREE char *pattern = setup_path(base, "assent-setup.??????");
    glob_t found = {0};
    if (pattern != NULL && glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++)
            (void)nftw(found.gl_pathv[i], remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    }
    globfree(&found);
}

int candidate_write(const struct setup_plan *plan, struct candidate *candidate)
{
    static const char *const kinds[] = {
        CANDIDATE_NOW, CANDIDATE_UP, CANDIDATE_DOWN, CANDIDATE_OURS};
    const char *base = plan->root[0] == '\0' ? "/run" : plan->root;
    remove_stale(base);
    int length = snprintf(
        candidate->directory, sizeof(candidate->directory), "%s/assent-setup.XXXXXX", base);
    if (length < 0 || (size_t)length >= sizeof(candidate->directory) ||
        mkdtemp(candidate->directory) == NULL) {
        candidate->directory[0] = '\0';
        return errno != 0 ? -errno : -ENAMETOOLONG;
    }
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        AUTO_FREE char *path = candidate_path(candidate, kinds[i]);
        if (path == NULL || mkdir(path, 0700) < 0)
            return path == NULL ? -ENOMEM : -errno;
    }
    return copy_services(plan, candidate);
}
