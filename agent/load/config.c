#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../../common/file.h"
#include "../../common/parse.h"
#include "../../common/str.h"
#include "../state/scope.h"
#include "../yaml/yaml.h"

#define CONFIG_SIZE_MAX ((size_t)64 * 1024)
#define HOST_NAME_SIZE 256

/* Instead of a file that is missing or empty: something to keep in the ledger. */
#define NO_TEXT "# no file, or an empty one"

#define LABEL_MAX 64
#define LABELS_MAX 64

int config_init(struct config *config)
{
    char host[HOST_NAME_SIZE];

    *config = (struct config){
        .human_uid_first = 1000,
        .human_uid_last = 59999,
        .requests_per_person = 8,
        .logins_waiting = 4,
    };
    if (gethostname(host, sizeof(host)) < 0)
        return -errno;
    host[sizeof(host) - 1] = '\0';
    config->host = strdup(host);
    config->auditors = strdup("assent-audit");
    if (!config->host || !config->auditors) {
        config_done(config);
        return -ENOMEM;
    }
    return 0;
}

void config_done(struct config *config)
{
    free(config->text);
    free(config->host);
    free(config->auditors);
    texts_done(&config->labels);
    texts_done(&config->monitor);
    free(config->label_list);
    *config = (struct config){0};
}

static void take_name(
    struct yaml_node *root, const char *key, char **value, struct yaml_errors *errors)
{
    struct yaml_node *node = yaml_take(root, key);
    const char *text = node ? yaml_text(node, errors) : NULL;
    char *copy;

    if (!text)
        return;
    if (!str_is_name(text)) {
        yaml_error(errors, node, "'%s' is not a name", key);
        return;
    }
    copy = strdup(text);
    if (!copy)
        return;
    free(*value);
    *value = copy;
}

/* As policy writes them: assent-policy(5), where.label. */
static bool is_label(const char *text)
{
    return text[0] != '\0' && strlen(text) <= LABEL_MAX &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-=/") ==
               strlen(text);
}

static void take_label(struct config *config, struct yaml_node *node, struct yaml_errors *errors)
{
    const char *text = yaml_text(node, errors);

    if (text && !is_label(text))
        yaml_error(errors, node, "'%s' is not a host label such as web or env=prod", text);
    else if (text && (texts_add(&config->labels, text) < 0))
        yaml_error(errors, node, "out of memory");
}

static void take_labels(struct yaml_node *root, struct config *config, struct yaml_errors *errors)
{
    struct yaml_node *node = yaml_take(root, "labels");

    if (!node || (yaml_kind_of(node) == YAML_MAPPING && !yaml_expect(node, YAML_SEQUENCE, errors)))
        return;
    if (yaml_count(node) > LABELS_MAX) {
        yaml_error(errors, node, "more than %d labels", LABELS_MAX);
        return;
    }
    for (size_t i = 0; i < yaml_count(node); i++)
        take_label(config, yaml_item(node, i), errors);
    config->label_list = calloc(texts_count(&config->labels) + 1, sizeof(*config->label_list));
    if (!config->label_list) {
        yaml_error(errors, node, "out of memory");
        return;
    }
    for (const char *label = NULL; (label = texts_next(&config->labels, label));)
        config->label_list[config->label_count++] = label;
}

/* Names of doors, as PAM has them, or "all". */
static void take_monitor(struct yaml_node *root, struct config *config, struct yaml_errors *errors)
{
    struct yaml_node *node = yaml_take(root, "monitor");

    if (!node || (yaml_kind_of(node) == YAML_MAPPING && !yaml_expect(node, YAML_SEQUENCE, errors)))
        return;
    if (yaml_count(node) > LABELS_MAX) {
        yaml_error(errors, node, "more than %d doors; to watch all of them: all", LABELS_MAX);
        return;
    }
    for (size_t i = 0; i < yaml_count(node); i++) {
        struct yaml_node *item = yaml_item(node, i);
        const char *text = yaml_text(item, errors);

        if (text && !str_is_name(text))
            yaml_error(errors, item, "'%s' is not a door such as sudo, nor 'all'", text);
        else if (text && texts_add(&config->monitor, scope_service(text)) < 0)
            yaml_error(errors, item, "out of memory");
    }
}

static void take_count(struct yaml_node *limits, const char *key, unsigned max, unsigned *value,
    struct yaml_errors *errors)
{
    struct yaml_node *node = yaml_take(limits, key);
    const char *text = node ? yaml_text(node, errors) : NULL;
    uint64_t number;

    if (!text)
        return;
    if (parse_u64(text, max, &number) < 0 || number == 0)
        yaml_error(errors, node, "'%s' must be a number from 1 to %u", key, max);
    else
        *value = (unsigned)number;
}

/* "1000-59999" */
static void take_uid_range(
    struct yaml_node *root, struct config *config, struct yaml_errors *errors)
{
    struct yaml_node *node = yaml_take(root, "human_uids");
    const char *text = node ? yaml_text(node, errors) : NULL;
    const char *dash = text ? strchr(text, '-') : NULL;
    AUTO_FREE char *first = NULL;
    uint64_t from, to;

    if (!text)
        return;
    first = dash ? strndup(text, (size_t)(dash - text)) : NULL;
    if (!first || parse_u64(first, UINT32_MAX - 1, &from) < 0 ||
        parse_u64(dash + 1, UINT32_MAX - 1, &to) < 0 || from == 0 || from > to) {
        yaml_error(errors, node, "'human_uids' must be a range of user ids like 1000-59999");
        return;
    }
    config->human_uid_first = (uid_t)from;
    config->human_uid_last = (uid_t)to;
}

static void read_keys(struct config *config, struct yaml_node *root, struct yaml_errors *errors)
{
    struct yaml_node *limits;

    if (!yaml_expect(root, YAML_MAPPING, errors))
        return;
    take_name(root, "host", &config->host, errors);
    take_name(root, "auditors", &config->auditors, errors);
    take_uid_range(root, config, errors);
    take_labels(root, config, errors);
    take_monitor(root, config, errors);
    limits = yaml_take(root, "limits");
    if (limits && yaml_expect(limits, YAML_MAPPING, errors)) {
        take_count(limits, "requests_per_person", 64, &config->requests_per_person, errors);
        take_count(limits, "logins_waiting", 64, &config->logins_waiting, errors);
        yaml_finish(limits, errors);
    }
    yaml_finish(root, errors);
}

int config_parse(
    struct config *config, const char *name, const char *text, struct yaml_errors *errors)
{
    struct yaml_document *document CLEANUP(cleanup_yaml_document) =
        yaml_parse(name, text, strlen(text), errors);
    struct config fresh;
    int r = config_init(&fresh);

    if (r < 0)
        return r;
    fresh.text = strdup(text);
    if (document)
        read_keys(&fresh, yaml_root(document), errors);
    if (errors->count > 0 || !document || !fresh.text) {
        config_done(&fresh);
        return errors->count > 0 ? -EINVAL : -ENOMEM;
    }
    config_done(config);
    *config = fresh;
    return 0;
}

static int read_text(const char *path, uid_t owner, char **ret_text)
{
    AUTO_CLOSE int fd = file_open_trusted(path, owner);
    size_t length;
    int r = fd < 0 ? fd : file_read_all(fd, CONFIG_SIZE_MAX, ret_text, &length);

    if (r == 0 && strlen(*ret_text) != length)
        return -EILSEQ;
    if (r == -ENOENT || (r == 0 && length == 0)) {
        free(*ret_text);
        *ret_text = strdup(NO_TEXT);
        return *ret_text ? 0 : -ENOMEM;
    }
    return r;
}

static void refuse(const char *path, int error, struct yaml_errors *errors)
{
    if (error == -EPERM)
        yaml_errors_add(errors, path, 0, 0,
            "others than root can write this, so it is not trusted; chown it to root and chmod "
            "go-w it");
    else if (error == -ELOOP)
        yaml_errors_add(errors, path, 0, 0, "it is a symbolic link; put the file itself here");
    else if (error == -EINVAL)
        yaml_errors_add(errors, path, 0, 0, "it is not a file; move it away");
    else
        yaml_errors_add(errors, path, 0, 0, "it cannot be read: %s", strerrordesc_np(-error));
}

int config_load(struct config *config, const char *path, uid_t owner, struct yaml_errors *errors)
{
    AUTO_FREE char *text = NULL;
    int r = read_text(path, owner, &text);

    if (r == 0)
        return config_parse(config, path, text, errors);
    refuse(path, r, errors);
    return -EINVAL;
}
