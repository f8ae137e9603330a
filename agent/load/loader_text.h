/* Policies out of the text that the ledger keeps. Loader's thread. */
#pragma once

#include "../../common/macro.h"

struct ledger_reader;
struct policy;
struct policy_files;
struct texts;
struct yaml_errors;

/* Compiles the version `digest`; `ret_files` is its text. A newer assentd may put the same text
 * into another canonical form: then the policy has another digest. Returns 0, -ENOENT (its text is
 * not kept), -EBADMSG (it does not compile with this program: see `errors`), -EUCLEAN (the text is
 * not what was loaded), -errno. */
MUST_USE int loader_text_compile(struct ledger_reader *reader, const char *digest,
    struct policy **ret_policy, struct policy_files *ret_files, struct yaml_errors *errors);

/* The same in words. */
const char *loader_text_why(int error);

/* Adds the digests of the newest versions whose text is kept, the one loaded last first. */
#define LOADER_TEXT_LIST_MAX 16
MUST_USE int loader_text_list(struct ledger_reader *reader, struct texts *digests);
