#include "policy_source.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "../base/call.h"
#include "../base/field.h"
#include "../base/json.h"
#include "../base/text.h"

#define DIGEST_SHORTEST 8 /* digits that the agent wants to see */
#define PARTS_MAX 4096    /* of a version, as a bound on what an agent may send */

/* The files of a version while they come in, part by part. */
struct files {
    struct policy_file *items; /* names and texts owned */
    size_t count;
    struct str_builder text; /* of the file that comes in */
    char *name;              /* of that file, or NULL */
};

static void files_done(struct files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free((char *)(uintptr_t)files->items[i].name);
        free((char *)(uintptr_t)files->items[i].text);
    }
    free(files->items);
    free(files->name);
    str_builder_done(&files->text);
}

static int say_no_memory(void)
{
    cli_error("out of memory");
    return CLI_FAILED;
}

/* The file that came in is whole. */
static bool close_file(struct files *files)
{
    struct policy_file *items = reallocarray(files->items, files->count + 1, sizeof(*files->items));
    size_t length = files->text.length;
    char *text;

    if (!items)
        return false;
    files->items = items;
    text = str_builder_take(&files->text);
    if (!text)
        return false;
    items[files->count++] = (struct policy_file){TAKE_PTR(files->name), text, length};
    return true;
}

static bool add_part(struct files *files, const json_t *reply)
{
    const char *name = field_text(reply, "file"), *text = field_text_or(reply, "text", "");

    if (!name)
        return true;
    if (files->name && strcmp(files->name, name) != 0 && !close_file(files))
        return false;
    if (!files->name)
        files->name = strdup(name);
    str_append(&files->text, text);
    return files->name != NULL;
}

static int say_refused(const struct varlink_reply *reply, const char *name)
{
    AUTO_FREE char *escaped = text_escape(name);

    if (strcmp(reply->error, CALL_INTERFACE "NotFound") != 0)
        return call_say_error(reply->error, reply->parameters);
    cli_error("no policy whose digest begins with '%s' is kept. `assent policy versions` lists "
              "them; a directory that is called so is written ./%s",
        escaped ? escaped : "?", escaped ? escaped : "?");
    return CLI_FAILED;
}

/* Reads part `part`; *ret_more: another one follows. */
static int read_part(const struct cli_options *options, struct varlink *link, const char *digest,
    struct files *files, int part, bool *ret_more)
{
    CLEANUP(cleanup_varlink_reply) struct varlink_reply reply = {0};
    json_t *params = json_pack("{s:s, s:i}", "digest", digest, "part", part);
    int r = call_raw(options, link, "ReadVersion", params, &reply);

    if (r != CLI_OK)
        return r;
    if (reply.error)
        return say_refused(&reply, digest);
    *ret_more = field_bool(reply.parameters, "more", false);
    return add_part(files, reply.parameters) ? CLI_OK : say_no_memory();
}

static int read_version(const struct cli_options *options, struct varlink *link, const char *digest,
    struct files *files)
{
    bool more = true;
    int r = CLI_OK;

    for (int part = 1; more && part <= PARTS_MAX && r == CLI_OK; part++)
        r = read_part(options, link, digest, files, part, &more);
    if (r == CLI_OK && more) {
        cli_error("the agent's answer does not end; is it an older version?");
        return CLI_FAILED;
    }
    return r == CLI_OK && files->name && !close_file(files) ? say_no_memory() : r;
}

/* What the agent kept loaded once; this program may be another one. */
static int compile_version(struct policy_dir *dir, const char *name, const struct files *files)
{
    CLEANUP(yaml_errors_done) struct yaml_errors errors = {0};
    struct policy *policy = policy_compile(files->items, files->count, &errors);

    return policy ? policy_dir_take(dir, name, policy) : policy_dir_say_errors(&errors);
}

static int find_running(
    const struct cli_options *options, struct varlink *link, char ret_digest[POLICY_DIGEST_SIZE])
{
    AUTO_JSON json_t *status = NULL;
    const char *digest;
    int r = call_on(options, link, "GetStatus", NULL, &status);

    if (r != CLI_OK)
        return r;
    digest = field_text(field_object(status, "policy"), "digest");
    if (!digest || strlen(digest) >= POLICY_DIGEST_SIZE) {
        cli_error("the agent has no policy in force");
        return CLI_FAILED;
    }
    memcpy(ret_digest, digest, strlen(digest) + 1);
    return CLI_OK;
}

static int load_version(struct policy_dir *dir, const struct cli_options *options, const char *name)
{
    CLEANUP(cleanup_varlink) struct varlink *link = NULL;
    CLEANUP(files_done) struct files files = {0};
    char running[POLICY_DIGEST_SIZE];
    const char *digest = name;
    int r = call_connect(options, &link);

    if (r == CLI_OK && strcmp(name, POLICY_SOURCE_RUNNING) == 0) {
        r = find_running(options, link, running);
        digest = running;
    }
    if (r == CLI_OK)
        r = read_version(options, link, digest, &files);
    return r == CLI_OK ? compile_version(dir, name, &files) : r;
}

static bool is_digest(const char *name)
{
    size_t length = strlen(name);

    return length >= DIGEST_SHORTEST && length < POLICY_DIGEST_SIZE &&
           strspn(name, "0123456789abcdef") == length;
}

int policy_source_load(struct policy_dir *dir, const struct cli_options *options, const char *name)
{
    struct stat status;

    if (strcmp(name, POLICY_SOURCE_RUNNING) == 0 ||
        (is_digest(name) && stat(name, &status) < 0 && errno == ENOENT))
        return load_version(dir, options, name);
    return policy_dir_load(dir, name);
}
