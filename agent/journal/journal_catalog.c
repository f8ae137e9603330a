#include "journal_catalog.h"

#include <string.h>
#include <syslog.h>

static const struct journal_event EVENTS[] = {
    {"policy-loaded", "993f1d53a3404f3bb2f8046a857af09e", LOG_NOTICE},
    {"policy-rejected", "144719cd95c24cea9b26aa9fb7cca062", LOG_ERR},
    {"rule-lapsing", "0603215f3fc94de6a5ad0f9f8a5a2d3f", LOG_NOTICE},
    {"rule-lapsed", "cc8ab77ecb6f490ebe9488fa4bbdc6aa", LOG_WARNING},
    {"identity-lapsing", "19142e412f0d46e39f1bbc4a3c29655c", LOG_NOTICE},
    {"identity-lapsed", "f56eeb807ad649f18bc92fe1c42d379c", LOG_WARNING},
    {"recertified", "428c2290e93b477f8481bd4798749f95", LOG_NOTICE},
    {"person-leaving", "89f6581db2a0492e9357a21a39293572", LOG_NOTICE},
    {"person-gone", "363a9d4196544c879aab6f96e5e1fe4b", LOG_WARNING},
    {"decided", "8baa04ba63eb449495d15f8b5d40fc25", LOG_INFO},
    {"request-opened", "f98a6afe4a4e4f59a4dfc0882741e1d8", LOG_NOTICE},
    {"stage-started", "3c7518bc39d1437bb5cf6d74f3d2ce9a", LOG_INFO},
    {"approval", "1a8ba472d18f4e26a08dad4359edc516", LOG_NOTICE},
    {"refusal", "ba5ef16168b54b259560a3d2baeb9aec", LOG_NOTICE},
    {"request-expired", "f2dc43e800cd4f8e9b49e6556db5d021", LOG_NOTICE},
    {"request-withdrawn", "75b2d632d5334c9593370533b22df7bb", LOG_NOTICE},
    {"granted", "4d53de6cacf0480285029659a7d485ff", LOG_NOTICE},
    {"used", "347192168e1341d4a046b7efd19ff824", LOG_INFO},
    {"denied-use", "914d603721eb4aea92374d851f138fe1", LOG_WARNING},
    {"session-opened", "70e40078040143809c6d3797123f161b", LOG_INFO},
    {"session-ended", "bafa5266c2e149bf90fe026de1d0ca65", LOG_INFO},
    {"completed", "9921717cd7cb40ad912817f228501863", LOG_INFO},
    {"expired", "160da03bde3a4b24b930c060c8d9868e", LOG_NOTICE},
    {"revoked", "7c9d4fbe58244d2f984ac4171a31c427", LOG_NOTICE},
    {"break-glass", "5005e837b2dd4dffbd83fe2638612a6f", LOG_CRIT},
    {"review-opened", "1e7342f284e3406bb6019b04de8aa20f", LOG_WARNING},
    {"review-closed", "883101de46bd4db8b68c07bbb2ede184", LOG_NOTICE},
    {"review-overdue", "0d4004b947e04a20b5eff9942a71f5eb", LOG_ERR},
    {"agent-started", "6b691ac461c84e42a83163fbecf22327", LOG_NOTICE},
    {"agent-stopped", "fab8e078d9134144b6f250f6fdaac50f", LOG_NOTICE},
    {"enforced", "9286ea2a467e4339883c4d2788c5cc93", LOG_NOTICE},
    {"rescue-used", "e5f29da548bb4f52a1b320e14f2be71c", LOG_CRIT},
    {"integrity-failed", "4325676834484e0d90f793773b698276", LOG_CRIT},
};

const struct journal_event *journal_catalog_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(EVENTS); i++)
        if (strcmp(EVENTS[i].name, name) == 0)
            return &EVENTS[i];
    return NULL;
}

const struct journal_event *journal_catalog_at(size_t index)
{
    return index < ARRAY_SIZE(EVENTS) ? &EVENTS[index] : NULL;
}
