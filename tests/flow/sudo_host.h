/* sudo as the plugin sees it: it is opened, asked about one command, and closed; what it prints and
 * asks goes to a screen kept in memory. On top of pam_host.h, whose private namespace it uses. */
#pragma once

#include <sudo_plugin.h>
#include <sys/types.h>

/* What sudo would say of alice's `sudo /usr/bin/id -u`. */
struct sudo_call {
    unsigned version;
    sudo_conv_t converse;
    sudo_printf_t print;
    const char *settings[8];
    const char *user_info[12];
    const char *options[4];
    const char *command_info[12];
    const char *argv[8];
    const char *envp[16];
    uid_t uid;
};

/* pam_host.h's set-up, and the built plugin loaded. */
int sudo_setup(void **state);
int sudo_teardown(void **state);
extern struct approval_plugin *sudo_plugin;

/* A fresh call with an empty screen. */
struct sudo_call sudo_new_call(void);

/* The next prompt gets this line; with none left the conversation fails. Also host_end_of_input
 * and host_interrupt. */
void sudo_will_type(const char *line);

/* open(), check(), close(). Returns what check() did; fails the test when errno, mask or
 * descriptors are not as before. `ret_error` may be NULL. */
int sudo_check(const struct sudo_call *call, const char **ret_error);

/* The same against a fake gate. */
int sudo_check_with(const struct sudo_call *call, void (*play)(int));

/* What was shown, and how often it was asked, since sudo_new_call(). */
extern char sudo_screen[];
extern unsigned sudo_prompts;

/* An empty file. */
void sudo_make_file(const char *path, mode_t mode);
