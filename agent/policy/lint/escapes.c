#include "escapes.h"

#include <string.h>

#include "../glob.h"
#include "pieces.h"

static const char shell[] = "a shell";
static const char editor[] = "an editor, which starts a shell and writes any file";
static const char pager[] = "a pager, which starts a shell";
static const char interpreter[] = "an interpreter, which runs any program text";
static const char runner[] = "a program that runs others";
static const char writer[] = "a program that writes any file";
static const char packages[] = "a package manager, which runs what a package brings";
static const char accounts[] = "a program that changes who may become root";
static const char kernel[] = "a program that changes what the kernel or the start of the host runs";
static const char client[] = "a client that runs programs of this host";

/* assent-policy(5) names each of them; tests/check/man.sh looks. */
static const struct escape escapes[] = {
    {"sh", ESCAPE_UNLESS_FIXED, NULL, shell},
    {"bash", ESCAPE_UNLESS_FIXED, NULL, shell},
    {"rbash", ESCAPE_UNLESS_FIXED, NULL, shell},
    {"dash", ESCAPE_UNLESS_FIXED, NULL, shell},
    {"ash", ESCAPE_UNLESS_FIXED, NULL, shell},
    {"busybox", ESCAPE_UNLESS_FIXED, NULL, shell},
    {"ksh*", ESCAPE_UNLESS_FIXED, NULL, shell},
    {"mksh", ESCAPE_UNLESS_FIXED, NULL, shell},
    {"zsh*", ESCAPE_UNLESS_FIXED, NULL, shell},
    {"csh", ESCAPE_UNLESS_FIXED, NULL, shell},
    {"tcsh", ESCAPE_UNLESS_FIXED, NULL, shell},
    {"fish", ESCAPE_UNLESS_FIXED, NULL, shell},
    {"su", ESCAPE_ALWAYS, NULL, shell},
    {"sudo", ESCAPE_UNLESS_FIXED, NULL, shell},
    {"screen", ESCAPE_ALWAYS, NULL, shell},
    {"tmux", ESCAPE_ALWAYS, NULL, shell},
    {"script", ESCAPE_ALWAYS, NULL, shell},
    {"machinectl", ESCAPE_VERB, "shell", shell},

    {"vi", ESCAPE_ALWAYS, NULL, editor},
    {"view", ESCAPE_ALWAYS, NULL, editor},
    {"vim*", ESCAPE_ALWAYS, NULL, editor},
    {"nvim", ESCAPE_ALWAYS, NULL, editor},
    {"ex", ESCAPE_ALWAYS, NULL, editor},
    {"ed", ESCAPE_ALWAYS, NULL, editor},
    {"emacs*", ESCAPE_ALWAYS, NULL, editor},
    {"nano", ESCAPE_ALWAYS, NULL, editor},
    {"pico", ESCAPE_ALWAYS, NULL, editor},
    {"joe", ESCAPE_ALWAYS, NULL, editor},
    {"mcedit", ESCAPE_ALWAYS, NULL, editor},
    {"mc", ESCAPE_ALWAYS, NULL, editor},
    {"editor", ESCAPE_ALWAYS, NULL, editor},
    {"sensible-editor", ESCAPE_ALWAYS, NULL, editor},
    {"visudo", ESCAPE_ALWAYS, NULL, editor},
    {"vipw", ESCAPE_ALWAYS, NULL, editor},
    {"vigr", ESCAPE_ALWAYS, NULL, editor},
    {"crontab", ESCAPE_UNLESS_FIXED, NULL, editor},
    {"systemctl", ESCAPE_VERB, "edit", editor},
    {"virsh", ESCAPE_VERB, "edit", editor},

    {"less", ESCAPE_ALWAYS, NULL, pager},
    {"more", ESCAPE_ALWAYS, NULL, pager},
    {"most", ESCAPE_ALWAYS, NULL, pager},
    {"pg", ESCAPE_ALWAYS, NULL, pager},
    {"pager", ESCAPE_ALWAYS, NULL, pager},
    {"man", ESCAPE_ALWAYS, NULL, pager},
    {"git", ESCAPE_CHOSEN, NULL, pager},

    {"python*", ESCAPE_UNLESS_FIXED, NULL, interpreter},
    {"perl*", ESCAPE_UNLESS_FIXED, NULL, interpreter},
    {"ruby*", ESCAPE_UNLESS_FIXED, NULL, interpreter},
    {"irb*", ESCAPE_UNLESS_FIXED, NULL, interpreter},
    {"lua*", ESCAPE_UNLESS_FIXED, NULL, interpreter},
    {"php*", ESCAPE_UNLESS_FIXED, NULL, interpreter},
    {"node", ESCAPE_UNLESS_FIXED, NULL, interpreter},
    {"nodejs", ESCAPE_UNLESS_FIXED, NULL, interpreter},
    {"tclsh*", ESCAPE_UNLESS_FIXED, NULL, interpreter},
    {"expect", ESCAPE_UNLESS_FIXED, NULL, interpreter},
    {"guile*", ESCAPE_UNLESS_FIXED, NULL, interpreter},
    {"java", ESCAPE_UNLESS_FIXED, NULL, interpreter},
    {"jshell", ESCAPE_ALWAYS, NULL, interpreter},
    {"awk", ESCAPE_CHOSEN, NULL, interpreter},
    {"gawk", ESCAPE_CHOSEN, NULL, interpreter},
    {"mawk", ESCAPE_CHOSEN, NULL, interpreter},
    {"gdb", ESCAPE_ALWAYS, NULL, interpreter},
    {"ansible*", ESCAPE_CHOSEN, NULL, interpreter},

    {"env", ESCAPE_CHOSEN, NULL, runner},
    {"find", ESCAPE_CHOSEN, NULL, runner},
    {"xargs", ESCAPE_UNLESS_FIXED, NULL, runner},
    {"parallel", ESCAPE_UNLESS_FIXED, NULL, runner},
    {"nice", ESCAPE_CHOSEN, NULL, runner},
    {"ionice", ESCAPE_CHOSEN, NULL, runner},
    {"nohup", ESCAPE_CHOSEN, NULL, runner},
    {"setsid", ESCAPE_CHOSEN, NULL, runner},
    {"stdbuf", ESCAPE_CHOSEN, NULL, runner},
    {"taskset", ESCAPE_CHOSEN, NULL, runner},
    {"time", ESCAPE_CHOSEN, NULL, runner},
    {"timeout", ESCAPE_CHOSEN, NULL, runner},
    {"watch", ESCAPE_CHOSEN, NULL, runner},
    {"flock", ESCAPE_CHOSEN, NULL, runner},
    {"strace", ESCAPE_CHOSEN, NULL, runner},
    {"ltrace", ESCAPE_CHOSEN, NULL, runner},
    {"perf", ESCAPE_CHOSEN, NULL, runner},
    {"chroot", ESCAPE_CHOSEN, NULL, runner},
    {"unshare", ESCAPE_UNLESS_FIXED, NULL, runner},
    {"nsenter", ESCAPE_UNLESS_FIXED, NULL, runner},
    {"setpriv", ESCAPE_CHOSEN, NULL, runner},
    {"capsh", ESCAPE_CHOSEN, NULL, runner},
    {"runuser", ESCAPE_UNLESS_FIXED, NULL, runner},
    {"pkexec", ESCAPE_UNLESS_FIXED, NULL, runner},
    {"doas", ESCAPE_UNLESS_FIXED, NULL, runner},
    {"run-parts", ESCAPE_CHOSEN, NULL, runner},
    {"start-stop-daemon", ESCAPE_CHOSEN, NULL, runner},
    {"systemd-run", ESCAPE_UNLESS_FIXED, NULL, runner},
    {"ip", ESCAPE_VERB, "netns", runner},
    {"make", ESCAPE_CHOSEN, NULL, runner},
    {"tar", ESCAPE_CHOSEN, NULL, runner},
    {"zip", ESCAPE_CHOSEN, NULL, runner},
    {"rsync", ESCAPE_CHOSEN, NULL, runner},
    {"tcpdump", ESCAPE_CHOSEN, NULL, runner},
    {"nmap", ESCAPE_CHOSEN, NULL, runner},
    {"socat", ESCAPE_CHOSEN, NULL, runner},
    {"nc*", ESCAPE_CHOSEN, NULL, runner},
    {"at", ESCAPE_ALWAYS, NULL, runner},
    {"batch", ESCAPE_ALWAYS, NULL, runner},
    {"docker", ESCAPE_CHOSEN, NULL, runner},
    {"podman", ESCAPE_CHOSEN, NULL, runner},
    {"nerdctl", ESCAPE_CHOSEN, NULL, runner},
    {"ctr", ESCAPE_CHOSEN, NULL, runner},
    {"lxc*", ESCAPE_CHOSEN, NULL, runner},
    {"kubectl", ESCAPE_CHOSEN, NULL, runner},
    {"virt-*", ESCAPE_CHOSEN, NULL, runner},
    {"openssl", ESCAPE_UNLESS_FIXED, NULL, runner},

    {"cp", ESCAPE_CHOSEN, NULL, writer},
    {"mv", ESCAPE_CHOSEN, NULL, writer},
    {"ln", ESCAPE_CHOSEN, NULL, writer},
    {"install", ESCAPE_CHOSEN, NULL, writer},
    {"dd", ESCAPE_CHOSEN, NULL, writer},
    {"tee", ESCAPE_CHOSEN, NULL, writer},
    {"sed", ESCAPE_CHOSEN, NULL, writer},
    {"sort", ESCAPE_CHOSEN, NULL, writer},
    {"cpio", ESCAPE_CHOSEN, NULL, writer},
    {"unzip", ESCAPE_CHOSEN, NULL, writer},
    {"7z*", ESCAPE_CHOSEN, NULL, writer},
    {"patch", ESCAPE_CHOSEN, NULL, writer},
    {"wget", ESCAPE_CHOSEN, NULL, writer},
    {"curl", ESCAPE_CHOSEN, NULL, writer},
    {"scp", ESCAPE_CHOSEN, NULL, writer},
    {"xxd", ESCAPE_CHOSEN, NULL, writer},
    {"sponge", ESCAPE_CHOSEN, NULL, writer},
    {"gcc*", ESCAPE_CHOSEN, NULL, writer},
    {"ld", ESCAPE_CHOSEN, NULL, writer},

    {"apt", ESCAPE_CHOSEN, NULL, packages},
    {"apt-get", ESCAPE_CHOSEN, NULL, packages},
    {"aptitude", ESCAPE_UNLESS_FIXED, NULL, packages},
    {"dpkg", ESCAPE_CHOSEN, NULL, packages},
    {"dnf*", ESCAPE_CHOSEN, NULL, packages},
    {"yum", ESCAPE_CHOSEN, NULL, packages},
    {"rpm", ESCAPE_CHOSEN, NULL, packages},
    {"zypper", ESCAPE_UNLESS_FIXED, NULL, packages},
    {"snap", ESCAPE_CHOSEN, NULL, packages},
    {"flatpak", ESCAPE_CHOSEN, NULL, packages},
    {"pip*", ESCAPE_CHOSEN, NULL, packages},
    {"npm", ESCAPE_CHOSEN, NULL, packages},
    {"gem", ESCAPE_CHOSEN, NULL, packages},
    {"cpan", ESCAPE_UNLESS_FIXED, NULL, packages},

    {"chmod", ESCAPE_CHOSEN, NULL, accounts},
    {"chown", ESCAPE_CHOSEN, NULL, accounts},
    {"setfacl", ESCAPE_CHOSEN, NULL, accounts},
    {"setcap", ESCAPE_CHOSEN, NULL, accounts},
    {"passwd", ESCAPE_UNLESS_FIXED, NULL, accounts},
    {"chpasswd", ESCAPE_ALWAYS, NULL, accounts},
    {"useradd", ESCAPE_CHOSEN, NULL, accounts},
    {"usermod", ESCAPE_CHOSEN, NULL, accounts},
    {"adduser", ESCAPE_CHOSEN, NULL, accounts},
    {"gpasswd", ESCAPE_CHOSEN, NULL, accounts},
    {"newusers", ESCAPE_CHOSEN, NULL, accounts},

    {"mount", ESCAPE_CHOSEN, NULL, kernel},
    {"insmod", ESCAPE_CHOSEN, NULL, kernel},
    {"modprobe", ESCAPE_CHOSEN, NULL, kernel},
    {"kexec", ESCAPE_CHOSEN, NULL, kernel},
    {"sysctl", ESCAPE_CHOSEN, NULL, kernel},
    {"debugfs", ESCAPE_ALWAYS, NULL, kernel},
    {"systemctl", ESCAPE_VERB, "link", kernel},
    {"systemctl", ESCAPE_VERB, "enable", kernel},
    {"systemctl", ESCAPE_VERB, "set-property", kernel},

    {"ssh", ESCAPE_CHOSEN, NULL, client},
    {"sftp", ESCAPE_ALWAYS, NULL, client},
    {"ftp", ESCAPE_ALWAYS, NULL, client},
    {"telnet", ESCAPE_ALWAYS, NULL, client},
    {"psql", ESCAPE_UNLESS_FIXED, NULL, client},
    {"mysql*", ESCAPE_UNLESS_FIXED, NULL, client},
    {"mariadb*", ESCAPE_UNLESS_FIXED, NULL, client},
    {"sqlite3", ESCAPE_UNLESS_FIXED, NULL, client},
    {"mongo*", ESCAPE_UNLESS_FIXED, NULL, client},
    {"bconsole", ESCAPE_ALWAYS, NULL, client},
};

/* Where a pattern with a wildcard in its directory is taken to lead. */
static const char *const directories[] = {
    "/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/local/bin", "/usr/local/sbin"};

/* ---- arguments ----------------------------------------------------------------------------- */

static bool are_chosen(const struct command *command)
{
    for (size_t i = 1; i < command->words.count; i++)
        if (glob_is_wild(command->words.items[i]))
            return true;
    return false;
}

/* Whether the first argument that is no option can be the verb. */
static bool can_say(const struct command *command, const char *verb)
{
    size_t i = 1;

    while (i < command->words.count && command->words.items[i][0] == '\\' &&
           command->words.items[i][1] == '-')
        i++;
    return i < command->words.count && glob_match(command->words.items[i], verb, 0);
}

static bool is_way_out(const struct escape *escape, const struct command *command)
{
    switch (escape->when) {
    case ESCAPE_ALWAYS:
        return true;
    case ESCAPE_UNLESS_FIXED:
        return command->words.count == 1 || are_chosen(command);
    case ESCAPE_CHOSEN:
        return are_chosen(command);
    default:
        return can_say(command, escape->verb);
    }
}

/* ---- paths ---------------------------------------------------------------------------------- */

/* A path pattern in two: its wildcards do not match slashes, so the last slash divides it. */
struct split {
    char directory[256];
    const char *name;
    bool name_is_wild;
};

static bool split_path(const char *path, struct split *ret_split)
{
    const char *slash = strrchr(path, '/');
    size_t length = (size_t)(slash - path);

    if (length >= sizeof(ret_split->directory))
        return false;
    memcpy(ret_split->directory, path, length);
    ret_split->directory[length] = '\0';
    ret_split->name = slash + 1;
    ret_split->name_is_wild = glob_is_wild(slash + 1);
    return true;
}

/* A program that is named outright counts wherever it lies; with a wildcard, only where programs
 * lie. */
static bool leads_to_programs(const struct split *split)
{
    if (!split->name_is_wild && !glob_is_wild(split->directory))
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
        if (glob_match(split->directory, directories[i], GLOB_PATH))
            return true;
    return false;
}

static bool can_be(const struct split *split, const char *unescaped, const char *name)
{
    if (unescaped)
        return glob_match(name, unescaped, 0);
    return glob_is_wild(name) ? pattern_meets(split->name, name, GLOB_PATH)
                              : glob_match(split->name, name, GLOB_PATH);
}

const struct escape *escape_find(const struct command *command, unsigned *ret_count)
{
    const struct escape *first = NULL;
    const char *unescaped = NULL;
    char name[256];
    struct split split;

    *ret_count = 0;
    if (command->any || !split_path(command->words.items[0], &split) ||
        strlen(split.name) >= sizeof(name) || !leads_to_programs(&split))
        return NULL;
    if (!split.name_is_wild) {
        glob_unescape(split.name, name);
        unescaped = name;
    }
    for (size_t i = 0; i < ARRAY_SIZE(escapes); i++) {
        if (!can_be(&split, unescaped, escapes[i].name) || !is_way_out(&escapes[i], command))
            continue;
        first = first ? first : &escapes[i];
        ++*ret_count;
    }
    return first;
}
