/* sudo.conf, the approval plugin and what sudoers can switch off. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../../common/names.h"
#include "doctor.h"
#include "setup_plan.h"

#define PLUGIN_DIRECTORY "/usr/libexec/sudo"
#define SUDO_CONF "etc/sudo.conf"

/* A `Plugin SYMBOL PATH ...` line of sudo.conf(5). */
struct plugin_line {
    char symbol[128];
    char path[512];
};

typedef void (*plugin_fn)(struct doctor *doctor, const struct plugin_line *line);

static bool read_plugin_line(const char *text, size_t length, struct plugin_line *line)
{
    char buffer[1024], word[16], path[384];
    if (length >= sizeof(buffer))
        return false;
    memcpy(buffer, text, length);
    buffer[length] = '\0';
    char *comment = strchr(buffer, '#');
    if (comment != NULL)
        *comment = '\0';
    if (sscanf(buffer, "%15s %127s %383s", word, line->symbol, path) != 3 ||
        strcmp(word, "Plugin") != 0)
        return false;
    snprintf(
        line->path, sizeof(line->path), "%s%s", path[0] == '/' ? "" : PLUGIN_DIRECTORY "/", path);
    return true;
}

static void for_each_plugin(struct doctor *doctor, plugin_fn look)
{
    AUTO_FREE char *text = NULL;
    int r = setup_read(doctor->root, SUDO_CONF, &text, NULL);
    if (r < 0)
        doctor_say(doctor, DOCTOR_ERROR, NULL, "/etc/sudo.conf: %s", strerror(-r));
    for (const char *at = text; at != NULL && *at != '\0';) {
        const char *newline = strchr(at, '\n');
        size_t length = newline != NULL ? (size_t)(newline - at) : strlen(at);
        struct plugin_line line;
        if (read_plugin_line(at, length, &line))
            look(doctor, &line);
        at += length + (newline != NULL);
    }
}

/* sudo runs nothing at all when a plugin is missing, and asks nobody who may write it. */
static void judge_plugin_file(struct doctor *doctor, const char *path)
{
    struct stat status;
    AUTO_FREE char *full = setup_path(doctor->root, path + 1);
    if (full == NULL)
        return;
    if (stat(full, &status) < 0)
        doctor_say(doctor, DOCTOR_ERROR, "take its line out of /etc/sudo.conf, or reinstall it",
            "%s: %s; sudo runs nothing while sudo.conf names it", path, strerror(errno));
    else if (doctor->root[0] == '\0' && status.st_uid != 0)
        doctor_say(doctor, DOCTOR_ERROR, "chown root:root FILE",
            "%s does not belong to root: its owner is root through sudo", path);
    else if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        doctor_say(doctor, DOCTOR_ERROR, "chmod 644 FILE",
            "%s can be written by others: they are root through sudo", path);
}

static void look_at_plugin(struct doctor *doctor, const struct plugin_line *line)
{
    judge_plugin_file(doctor, line->path);
}

void check_sudo_conf(struct doctor *doctor)
{
    struct stat status;
    AUTO_FREE char *path = setup_path(doctor->root, SUDO_CONF);
    for_each_plugin(doctor, look_at_plugin);
    if (path == NULL || stat(path, &status) < 0)
        return;
    if ((doctor->root[0] == '\0' && status.st_uid != 0) ||
        (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        doctor_say(doctor, DOCTOR_ERROR, "chown root:root /etc/sudo.conf; chmod 644 /etc/sudo.conf",
            "/etc/sudo.conf can be changed by others than root");
    if ((status.st_mode & S_IRUSR) == 0)
        doctor_say(
            doctor, DOCTOR_ERROR, "chmod 644 /etc/sudo.conf", "/etc/sudo.conf cannot be read");
}

static bool names_our_plugin(const char *text)
{
    for (const char *at = text; at != NULL && *at != '\0';) {
        const char *newline = strchr(at, '\n');
        size_t length = newline != NULL ? (size_t)(newline - at) : strlen(at);
        struct plugin_line line;
        if (read_plugin_line(at, length, &line) && strcmp(line.symbol, "assent_sudo") == 0)
            return true;
        at += length + (newline != NULL);
    }
    return false;
}

/* 1 the account line of `service` has `plugin`, 0 it has not, -1 there is no such line, -2 there
 * is no such service. */
static int pam_says_plugin(struct doctor *doctor, const char *service)
{
    CLEANUP(stack_done) struct stack stack = {0};
    if (!doctor_load(doctor, service, &stack))
        return -2;
    size_t ours = stack_find_ours(&stack, STACK_ACCOUNT, 0);
    if (ours == stack.count)
        return -1;
    return stack_rule_argument(&stack.rules[ours], "plugin", NULL);
}

static void compare_plugin(struct doctor *doctor, const char *service, bool configured)
{
    int says = pam_says_plugin(doctor, service);
    if (says == 1 && !configured)
        doctor_say(doctor, DOCTOR_ERROR, "assent setup enable sudo",
            "/etc/pam.d/%s says `plugin`, but /etc/sudo.conf does not load assent_sudo: approvers "
            "are asked for \"anything sudoers lets them do\"",
            service);
    if (says == 0 && configured)
        doctor_say(doctor, DOCTOR_WARN, "assent setup enable sudo",
            "/etc/pam.d/%s asks without `plugin` although assent_sudo is loaded: people are asked "
            "twice",
            service);
    if (says == -1 && configured)
        doctor_say(doctor, DOCTOR_WARN, "assent setup enable sudo",
            "assent_sudo is loaded, but /etc/pam.d/%s does not ask Assent", service);
}

void check_sudo_plugin(struct doctor *doctor)
{
    AUTO_FREE char *text = NULL;
    if (setup_read(doctor->root, SUDO_CONF, &text, NULL) < 0)
        return;
    /* Before the change the file is not yet what it will be: the line comes with it. */
    bool configured = names_our_plugin(text) || doctor->planned;
    if (doctor->planned)
        judge_plugin_file(doctor, ASSENT_SUDO_PLUGIN);
    compare_plugin(doctor, "sudo", configured);
    compare_plugin(doctor, "sudo-i", configured);
}

/* Settings of sudoers(5) that lead round the account phase or to another PAM service. */
static const struct {
    const char *word;
    enum doctor_level level;
    const char *text;
} sudoers_words[] = {
    {"!pam_acct_mgmt", DOCTOR_ERROR, "switches PAM's account phase off, and Assent's with it"},
    {"pam_service", DOCTOR_WARN, "sends sudo to another PAM service, which may not ask Assent"},
    {"pam_login_service", DOCTOR_WARN,
        "sends sudo -i to another PAM service, which may not ask Assent"},
    {"pam_askpass_service", DOCTOR_WARN,
        "sends sudo -A to another PAM service, which may not ask Assent"},
};

static void look_at_sudoers_line(
    struct doctor *doctor, const char *path, const char *text, size_t length)
{
    while (length > 0 && (*text == ' ' || *text == '\t')) {
        text++;
        length--;
    }
    if (length < 8 || strncmp(text, "Defaults", 8) != 0)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(sudoers_words); i++) {
        const char *word = sudoers_words[i].word;
        if (memmem(text, length, word, strlen(word)) != NULL)
            doctor_say(doctor, sudoers_words[i].level, "visudo", "/%s: %s: %s", path, word,
                sudoers_words[i].text);
    }
}

static void look_at_sudoers(struct doctor *doctor, const char *path)
{
    AUTO_FREE char *text = NULL;
    if (setup_read(doctor->root, path, &text, NULL) < 0) {
        doctor_say(doctor, DOCTOR_INFO, NULL, "/%s cannot be read (are you root?)", path);
        return;
    }
    for (const char *at = text; at != NULL && *at != '\0';) {
        size_t length = stack_line_length(at);
        look_at_sudoers_line(doctor, path, at, length);
        at += length;
    }
}

void check_sudoers(struct doctor *doctor)
{
    look_at_sudoers(doctor, "etc/sudoers");
    AUTO_FREE char *path = setup_path(doctor->root, "etc/sudoers.d");
    DIR *directory = path != NULL ? opendir(path) : NULL;
    for (struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        /* sudo passes over names with a dot or a tilde: sudoers(5), includedir. */
        if (strchr(entry->d_name, '.') != NULL || strchr(entry->d_name, '~') != NULL)
            continue;
        AUTO_FREE char *file = setup_path("etc/sudoers.d", entry->d_name);
        if (file != NULL)
            look_at_sudoers(doctor, file);
    }
    if (directory != NULL)
        closedir(directory);
}
