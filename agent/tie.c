#include "tie.h"

#include <stdio.h>
#include <string.h>

#include "../common/str.h"
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

bool tie_check(const uint8_t key[32], const char *tie, const struct tie_bearer *bearer,
    char ret_chain[IDS_SIZE])
{
    char visible[TIE_SIZE], mark[DIGEST_SEAL_SIZE], chain[IDS_SIZE];
    unsigned long long pid, parent, made;
    const char *dot = tie ? strrchr(tie, '.') : NULL;
    uint64_t now = clock_boottime_us();

    if (!dot || (size_t)(dot - tie) >= sizeof(visible))
        return false;
    memcpy(visible, tie, (size_t)(dot - tie));
    visible[dot - tie] = '\0';
    seal(key, visible, bearer, mark);
    if (!digest_equal(mark, dot + 1))
        return false;
    /* sealed by us, so well-formed */
    if (sscanf(visible, "%9[^.].%llu.%llu.%llu", chain, &pid, &parent, &made) != 4)
        return false;
    if ((uint64_t)bearer->pid != pid && (uint64_t)bearer->pid != parent)
        return false;
    if (made > now || now - made > TIE_LIFE_US)
        return false;
    memcpy(ret_chain, chain, sizeof(chain));
    return true;
}
