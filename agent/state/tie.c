#include "tie.h"

#include <stdio.h>
#include <string.h>

#include "../../common/parse.h"
#include "../../common/str.h"
#include "digest.h"
#include "scope.h"

/* What is sealed: the visible part and what must match without being shown. */
static void seal(const uint8_t key[32], const char *visible, const struct tie_bearer *bearer,
    char ret_seal[DIGEST_SEAL_SIZE])
{
    struct str_builder builder = {0};
    AUTO_FREE char *text = NULL;

    str_appendf(&builder, "%s/%u/%s", visible, bearer->uid, scope_service(bearer->service));
    text = str_builder_take(&builder);
    digest_seal(key, text ? text : "", ret_seal);
}

void tie_make(const uint8_t key[32], const char *chain, const struct tie_bearer *bearer,
    char ret_tie[TIE_SIZE])
{
    char visible[TIE_SIZE - DIGEST_SEAL_SIZE - 1], mark[DIGEST_SEAL_SIZE];

    snprintf(visible, sizeof(visible), "%s.%d.%llu.%llu", chain, (int)bearer->pid,
        (unsigned long long)bearer->parent, (unsigned long long)clock_boottime_us());
    seal(key, visible, bearer, mark);
    snprintf(ret_tie, TIE_SIZE, "%s.%s", visible, mark);
}

/* The visible part, "CHAIN.PID.PARENT.MADE". */
struct sealed {
    char chain[IDS_SIZE];
    uint64_t pid, parent, made_us;
};

static bool read_number(char **at, uint64_t *ret_number)
{
    const char *word = strsep(at, ".");

    return word && parse_u64(word, UINT64_MAX, ret_number) == 0;
}

static bool read_sealed(char *visible, struct sealed *ret_sealed)
{
    char *at = visible;
    const char *chain = strsep(&at, ".");

    if (str_empty(chain) || strlen(chain) >= sizeof(ret_sealed->chain))
        return false;
    snprintf(ret_sealed->chain, sizeof(ret_sealed->chain), "%s", chain);
    return read_number(&at, &ret_sealed->pid) && read_number(&at, &ret_sealed->parent) &&
           read_number(&at, &ret_sealed->made_us) && !at;
}

bool tie_check(const uint8_t key[32], const char *tie, const struct tie_bearer *bearer,
    char ret_chain[IDS_SIZE])
{
    char visible[TIE_SIZE], mark[DIGEST_SEAL_SIZE];
    struct sealed sealed;
    const char *dot = tie ? strrchr(tie, '.') : NULL;
    uint64_t now = clock_boottime_us();

    if (!dot || (size_t)(dot - tie) >= sizeof(visible))
        return false;
    memcpy(visible, tie, (size_t)(dot - tie));
    visible[dot - tie] = '\0';
    seal(key, visible, bearer, mark);
    if (!digest_equal(mark, dot + 1))
        return false;
    if (!read_sealed(visible, &sealed))
        return false;
    if ((uint64_t)bearer->pid != sealed.pid && (uint64_t)bearer->pid != sealed.parent)
        return false;
    if (sealed.made_us > now || now - sealed.made_us > TIE_LIFE_US)
        return false;
    memcpy(ret_chain, sealed.chain, sizeof(sealed.chain));
    return true;
}
