#include "loader_text.h"

#include <errno.h>
#include <string.h>

#include "../../common/str.h"
#include "../ledger/ledger_policy.h"
#include "../policy/policy.h"
#include "../state/digest.h"
#include "../state/texts.h"
#include "../yaml/yaml.h"

/* Files are put together again from their parts, which come in order. */
struct assembly {
    struct policy_files files;
    char *name; /* of the file under way */
    struct str_builder text;
};

static void assembly_done(struct assembly *assembly)
{
    policy_files_done(&assembly->files);
    free(assembly->name);
    str_builder_done(&assembly->text);
}

static int end_file(struct assembly *assembly)
{
    size_t length = assembly->text.length;
    char *text;

    if (!assembly->name)
        return 0;
    text = str_builder_take(&assembly->text);
    if (!text)
        return -ENOMEM;
    return policy_files_add(&assembly->files, TAKE_PTR(assembly->name), text, length);
}

static int on_part(const struct ledger_part *part, void *userdata)
{
    struct assembly *assembly = userdata;
    char hash[DIGEST_HEX_SIZE];

    digest_bytes(part->text, strlen(part->text), hash);
    if (!str_equal(hash, part->hash))
        return -EUCLEAN;
    if (!str_equal(assembly->name, part->file)) {
        int r = end_file(assembly);

        if (r < 0)
            return r;
        assembly->name = strdup(part->file);
        if (!assembly->name)
            return -ENOMEM;
    }
    str_append(&assembly->text, part->text);
    return 0;
}

static int read_text(
    struct ledger_reader *reader, const char *digest, struct policy_files *ret_files)
{
    CLEANUP(assembly_done) struct assembly assembly = {0};
    int r = ledger_reader_each_text(
        reader, digest, (struct ledger_range){0, INT64_MAX}, on_part, &assembly);

    if (r == 0)
        r = end_file(&assembly);
    if (r < 0)
        return r;
    *ret_files = assembly.files;
    assembly.files = (struct policy_files){0};
    return 0;
}

int loader_text_compile(struct ledger_reader *reader, const char *digest,
    struct policy **ret_policy, struct policy_files *ret_files, struct yaml_errors *errors)
{
    CLEANUP(policy_files_done) struct policy_files files = {0};
    CLEANUP(cleanup_policy) struct policy *policy = NULL;
    int r = read_text(reader, digest, &files);

    if (r < 0)
        return r;
    policy = policy_compile(files.items, files.count, errors);
    if (!policy || yaml_errors_total(errors) > 0)
        return -EBADMSG;
    *ret_policy = TAKE_PTR(policy);
    *ret_files = files;
    files = (struct policy_files){0};
    return 0;
}

const char *loader_text_why(int error)
{
    switch (error) {
    case -ENOENT:
        return "its text is not kept";
    case -EBADMSG:
        return "this assentd does not accept it";
    case -EUCLEAN:
        return "its text in the ledger is not what was loaded";
    default:
        return strerrordesc_np(-error);
    }
}

static int note_digest(const struct ledger_version *version, void *userdata)
{
    return version->complete ? texts_add(userdata, version->digest) : 0;
}

int loader_text_list(struct ledger_reader *reader, struct texts *digests)
{
    return ledger_reader_each_version(reader, LOADER_TEXT_LIST_MAX, note_digest, digests);
}
