/* The agent: does it start, listen, answer, and what does it say about itself. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../common/names.h"
#include "../base/ask.h"
#include "doctor.h"
#include "setup_system.h"

static bool elsewhere(const struct doctor *doctor)
{
    return doctor->root[0] != '\0';
}

void check_agent_units(struct doctor *doctor)
{
    static const char *const units[] = {"assentd-gate.socket", "assentd.socket"};
    if (elsewhere(doctor))
        return;
    if (!system_has_systemd()) {
        doctor_say(doctor, DOCTOR_WARN, NULL, "systemd does not run here: start assentd yourself");
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        AUTO_FREE char *output = NULL, *fix = NULL;
        const char *const argv[] = {"systemctl", "is-enabled", units[i], NULL};
        if (system_run(argv, &output) == 0)
            continue;
        if (asprintf(&fix, "systemctl enable --now %s", units[i]) < 0)
            fix = NULL;
        if (output != NULL)
            output[strcspn(output, "\n")] = '\0';
        doctor_say(doctor, DOCTOR_ERROR, fix,
            "%s is not enabled (%s): after a restart of the machine nobody answers logins",
            units[i], output != NULL ? output : "");
    }
}

static int try_connect(const char *path, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(path) + 1;
    if (size > sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, size);
    AUTO_CLOSE int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return errno == EAGAIN ? 0 : -errno;
    return 0;
}

static void look_at_socket(struct doctor *doctor, const char *path, int type, const char *unit)
{
    AUTO_FREE char *fix = NULL;
    int r = try_connect(path, type);
    if (r == 0 || (r == -EACCES && geteuid() != 0))
        return;
    if (asprintf(&fix, "systemctl start %s", unit) < 0)
        fix = NULL;
    doctor_say(doctor, DOCTOR_ERROR, fix, "nobody listens at %s: %s", path, strerror(-r));
}

/* The module believes a socket only in a directory that nobody but root can write. */
static void look_at_directory(struct doctor *doctor)
{
    struct stat status;
    if (stat(ASSENT_RUN_DIR, &status) < 0)
        return;
    if (status.st_uid != 0 || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        doctor_say(doctor, DOCTOR_ERROR,
            "chown root:root " ASSENT_RUN_DIR "; chmod 755 " ASSENT_RUN_DIR,
            ASSENT_RUN_DIR " can be changed by others than root: pam_assent.so does not believe "
                           "what listens there");
}

void check_agent_sockets(struct doctor *doctor)
{
    if (elsewhere(doctor))
        return;
    look_at_directory(doctor);
    look_at_socket(doctor, ASSENT_GATE, SOCK_SEQPACKET, "assentd-gate.socket");
    look_at_socket(doctor, doctor->socket, SOCK_STREAM, "assentd.socket");
}

static void say_all(struct doctor *doctor, enum doctor_level level, const json_t *list,
    const char *what, const char *fix)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text != NULL)
            doctor_say(doctor, level, fix, "%s: %s", what, text);
    }
}

static void look_at_status(struct doctor *doctor, const json_t *status)
{
    const json_t *policy = json_object_get(status, "policy");
    say_all(doctor, DOCTOR_ERROR, json_object_get(policy, "errors"),
        "the policy on disk does not load, the one before stays in force",
        "assent policy check; systemctl reload assentd");
    say_all(doctor, DOCTOR_WARN, json_object_get(policy, "warnings"), "policy", NULL);
    say_all(doctor, DOCTOR_ERROR, json_object_get(status, "problems"), "the agent says",
        "journalctl -u assentd");
    say_all(doctor, DOCTOR_WARN, json_object_get(status, "lapsed"), "policy",
        "assent report recertification");
    const json_t *rules = json_object_get(policy, "rules");
    if (json_is_integer(rules) && json_integer_value(rules) == 0)
        doctor_say(doctor, doctor->doors != 0 ? DOCTOR_ERROR : DOCTOR_WARN,
            "write a rule in " ASSENT_POLICY_DIR ", assent-policy(5)",
            "the policy has no rules: everybody is refused at every door");
    if (json_is_false(json_object_get(status, "healthy")) &&
        json_array_size(json_object_get(status, "problems")) == 0 &&
        json_array_size(json_object_get(status, "lapsed")) == 0)
        doctor_say(doctor, DOCTOR_WARN, "assent status", "the agent says it is not well");
}

void check_agent_answers(struct doctor *doctor)
{
    CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};
    if (elsewhere(doctor))
        return;
    int r = ask_agent(doctor->socket, "GetStatus", NULL, &reply);
    if (r != 0)
        doctor_say(doctor, DOCTOR_ERROR, "systemctl status assentd",
            "the agent does not answer at %s: %s", doctor->socket,
            r < 0 ? strerror(-r) : "its answer cannot be read");
    else if (reply.error != NULL)
        doctor_say(doctor, DOCTOR_ERROR, "systemctl status assentd",
            "the agent answers with an error: %s", reply.error);
    else
        look_at_status(doctor, reply.parameters);
}
