#include "journal_entry.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "../../common/clock.h"
#include "../../common/str.h"
#include "journal_catalog.h"

/* What of a record is sent, under which name. Other keys stay in the ledger. */
static const struct {
    const char *key, *field;
} FIELDS[] = {
    {"request", "ASSENT_REQUEST"},
    {"grant", "ASSENT_GRANT"},
    {"subject", "ASSENT_SUBJECT"},
    {"subject_uid", "ASSENT_SUBJECT_UID"},
    {"subject_kind", "ASSENT_SUBJECT_KIND"},
    {"owner", "ASSENT_OWNER"},
    {"identity", "ASSENT_IDENTITY"},
    {"service", "ASSENT_SERVICE"},
    {"run_as", "ASSENT_RUN_AS"},
    {"command", "ASSENT_COMMAND"},
    {"tty", "ASSENT_TTY"},
    {"rhost", "ASSENT_RHOST"},
    {"session", "ASSENT_SESSION"},
    {"entitlement", "ASSENT_ENTITLEMENT"},
    {"decision", "ASSENT_DECISION"},
    {"rule", "ASSENT_RULE"},
    {"rule_digest", "ASSENT_RULE_DIGEST"},
    {"lapse", "ASSENT_LAPSE"},
    {"person", "ASSENT_PERSON"},
    {"policy", "ASSENT_POLICY"},
    {"stage", "ASSENT_STAGE"},
    {"approver", "ASSENT_APPROVER"},
    {"approver_uid", "ASSENT_APPROVER_UID"},
    {"strength", "ASSENT_STRENGTH"},
    {"reason", "ASSENT_REASON"},
    {"detail", "ASSENT_DETAIL"},
    {"ticket", "ASSENT_TICKET"},
    {"verdict", "ASSENT_VERDICT"},
    {"missing", "ASSENT_MISSING"},
    {"would", "ASSENT_WOULD"},
    {"would_rule", "ASSENT_WOULD_RULE"},
    {"selftest", "ASSENT_SELFTEST"},
    {"control", "ASSENT_CONTROL"},
    {"peer", "ASSENT_PEER"},
    {"expires", "ASSENT_EXPIRES"},
    {"exit_status", "ASSENT_EXIT_STATUS"},
    {"count", "ASSENT_COUNT"},
    {"by", "ASSENT_BY"},
    {"by_uid", "ASSENT_BY_UID"},
    {"cause", "ASSENT_CAUSE"},
    {"source", "ASSENT_SOURCE"},
    {"held", "ASSENT_ROLLED_BACK_FROM"},
};

#define OWN_FIELDS 8 /* those of add_own_fields() */
_Static_assert(ARRAY_SIZE(FIELDS) + OWN_FIELDS <= JOURNAL_FIELDS_MAX, "room for every field");

void journal_record_done(struct journal_record *record)
{
    free(record->chain);
    free(record->event);
    free(record->text);
    *record = (struct journal_record){0};
}

void journal_entry_done(struct journal_entry *entry)
{
    for (int i = 0; i < entry->count; i++)
        free(entry->fields[i].iov_base);
    entry->count = 0;
}

static int add(struct journal_entry *entry, const char *field, const char *value, size_t length)
{
    size_t name_length = strlen(field);
    char *text = malloc(name_length + 1 + length);

    if (!text)
        return -ENOMEM;
    memcpy(text, field, name_length);
    text[name_length] = '=';
    if (length > 0)
        memcpy(text + name_length + 1, value, length);
    entry->fields[entry->count++] =
        (struct iovec){.iov_base = text, .iov_len = name_length + 1 + length};
    return 0;
}

/* What is empty does not apply. */
static int add_text(struct journal_entry *entry, const char *field, const char *value)
{
    return str_empty(value) ? 0 : add(entry, field, value, strlen(value));
}

static int add_number(struct journal_entry *entry, const char *field, int64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRId64, value);
    return add_text(entry, field, text);
}

/* null, real numbers and what is nested are not part of a flat record. */
static int add_value(struct journal_entry *entry, const char *field, const json_t *value)
{
    size_t length = json_string_length(value);

    if (json_is_string(value))
        return length > 0 ? add(entry, field, json_string_value(value), length) : 0;
    if (json_is_integer(value))
        return add_number(entry, field, json_integer_value(value));
    if (json_is_boolean(value))
        return add_text(entry, field, json_is_true(value) ? "true" : "false");
    return 0;
}

/* The event's, unless this record of it is worth more or less. */
static int priority_of(const struct journal_event *event, const json_t *json)
{
    const json_t *own = json_object_get(json, "priority");
    json_int_t priority = json_integer_value(own);

    if (json_is_integer(own) && priority >= LOG_EMERG && priority <= LOG_DEBUG)
        return (int)priority;
    return event ? event->priority : LOG_NOTICE;
}

/* At most OWN_FIELDS: what does not come from the record's text. */
static int add_own_fields(
    struct journal_entry *entry, const struct journal_record *record, const json_t *json)
{
    const struct journal_event *event = journal_catalog_find(record->event);
    char time[CLOCK_RFC3339_SIZE];
    int r;

    clock_format_rfc3339(record->realtime_us, time);
    r = add_text(entry, "SYSLOG_IDENTIFIER", "assentd");
    if (r == 0)
        r = add_number(entry, "PRIORITY", priority_of(event, json));
    if (r == 0 && event)
        r = add_text(entry, "MESSAGE_ID", event->message_id);
    if (r == 0)
        r = add_text(entry, "ASSENT_EVENT", record->event);
    if (r == 0)
        r = add_text(entry, "ASSENT_CHAIN", record->chain);
    if (r == 0)
        r = add_number(entry, "ASSENT_AUDIT_SEQ", (int64_t)record->seq);
    if (r == 0)
        r = add_text(entry, "ASSENT_TIME", time);
    return r;
}

static int add_message(
    struct journal_entry *entry, const struct journal_record *record, const json_t *json)
{
    const json_t *message = json_object_get(json, "message");
    char text[160], event[64];

    if (json_string_length(message) > 0)
        return add_value(entry, "MESSAGE", message);
    str_escape(record->event, strlen(record->event), event, sizeof(event));
    if (json)
        snprintf(text, sizeof(text), "%s", event);
    else
        snprintf(text, sizeof(text), "%s: the text of audit record %" PRIu64 " cannot be read",
            event, record->seq);
    return add_text(entry, "MESSAGE", text);
}

static int add_all(
    struct journal_entry *entry, const struct journal_record *record, const json_t *json)
{
    int r;

    r = add_message(entry, record, json);
    if (r == 0)
        r = add_own_fields(entry, record, json);
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(FIELDS); i++)
        r = add_value(entry, FIELDS[i].field, json_object_get(json, FIELDS[i].key));
    return r;
}

int journal_entry_build(const struct journal_record *record, struct journal_entry *ret_entry)
{
    struct journal_entry entry = {0};
    json_t *json;
    int r;

    json = json_loads(record->text, JSON_ALLOW_NUL, NULL);
    if (!json_is_object(json)) {
        json_decref(json);
        json = NULL;
    }
    r = add_all(&entry, record, json);
    json_decref(json);
    if (r < 0) {
        journal_entry_done(&entry);
        return r;
    }
    *ret_entry = entry;
    return 0;
}
