/* From an audit record to journal fields, and the table of events against its catalog. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../agent/journal/journal_catalog.h"
#include "../../agent/journal/journal_entry.h"

/* The events of the journal, as they are promised to those who select by them. */
static const char *const PROMISED[] = {"policy-loaded", "policy-rejected", "rule-lapsed",
    "rule-lapsing", "identity-lapsing", "identity-lapsed", "person-leaving", "person-gone",
    "recertified", "decided", "request-opened", "stage-started", "approval", "refusal",
    "request-expired", "request-withdrawn", "granted", "used", "denied-use", "session-opened",
    "session-ended", "completed", "expired", "revoked", "break-glass", "review-opened",
    "review-closed", "review-overdue", "agent-started", "agent-stopped", "enforced", "rescue-used",
    "integrity-failed"};

static struct journal_entry build(const char *event, const char *chain, const char *text)
{
    struct journal_record record = {.seq = 42,
        .realtime_us = UINT64_C(1795168800000000),
        .chain = strdup(chain),
        .event = strdup(event),
        .text = strdup(text)};
    struct journal_entry entry;

    assert_int_equal(journal_entry_build(&record, &entry), 0);
    journal_record_done(&record);
    return entry;
}

static const struct iovec *find(const struct journal_entry *entry, const char *name)
{
    size_t length = strlen(name);

    for (int i = 0; i < entry->count; i++) {
        const struct iovec *field = &entry->fields[i];
        const char *text = field->iov_base;

        if (field->iov_len > length && strncmp(text, name, length) == 0 && text[length] == '=')
            return field;
    }
    return NULL;
}

static void assert_field(const struct journal_entry *entry, const char *name, const char *value)
{
    const struct iovec *field = find(entry, name);

    if (!field)
        fail_msg("no field %s", name);
    assert_int_equal(field->iov_len, strlen(name) + 1 + strlen(value));
    assert_memory_equal((char *)field->iov_base + strlen(name) + 1, value, strlen(value));
}

static void assert_no_field(const struct journal_entry *entry, const char *name)
{
    assert_null(find(entry, name));
}

static void test_every_field(void **state UNUSED)
{
    static const char *const keys[] = {"request", "grant", "subject", "subject_uid", "subject_kind",
        "owner", "service", "run_as", "command", "tty", "rhost", "session", "entitlement",
        "decision", "rule", "policy", "stage", "approver", "approver_uid", "strength", "reason",
        "detail", "ticket", "expires", "exit_status", "count"};
    char text[2048] = "{\"message\":\"alice may\"";
    struct journal_entry entry;

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), ",\"%s\":\"v-%zu\"", keys[i], i);
    strcat(text, "}");
    entry = build("decided", "K7QM-2F9X", text);
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        char name[64] = "ASSENT_", value[16];

        for (size_t j = 0; keys[i][j]; j++)
            name[7 + j] = (char)toupper((unsigned char)keys[i][j]);
        snprintf(value, sizeof(value), "v-%zu", i);
        assert_field(&entry, name, value);
    }
    assert_field(&entry, "MESSAGE", "alice may");
    assert_field(&entry, "MESSAGE_ID", journal_catalog_find("decided")->message_id);
    assert_field(&entry, "PRIORITY", "6");
    assert_field(&entry, "SYSLOG_IDENTIFIER", "assentd");
    assert_field(&entry, "ASSENT_EVENT", "decided");
    assert_field(&entry, "ASSENT_CHAIN", "K7QM-2F9X");
    assert_field(&entry, "ASSENT_AUDIT_SEQ", "42");
    assert_field(&entry, "ASSENT_TIME", "2026-11-20T10:00:00Z");
    journal_entry_done(&entry);
}

static void test_types_and_what_is_not_sent(void **state UNUSED)
{
    struct journal_entry entry = build("used", "",
        "{\"message\":\"m\",\"subject_uid\":1000,\"exit_status\":-1,\"count\":true,\"rule\":\"\","
        "\"owner\":null,\"command\":[\"a\"],\"stage\":1.5,\"secret\":\"x\",\"PRIORITY\":\"0\"}");

    assert_field(&entry, "ASSENT_SUBJECT_UID", "1000");
    assert_field(&entry, "ASSENT_EXIT_STATUS", "-1");
    assert_field(&entry, "ASSENT_COUNT", "true");
    assert_no_field(&entry, "ASSENT_RULE");
    assert_no_field(&entry, "ASSENT_OWNER");
    assert_no_field(&entry, "ASSENT_COMMAND");
    assert_no_field(&entry, "ASSENT_STAGE");
    assert_no_field(&entry, "ASSENT_CHAIN");
    assert_no_field(&entry, "ASSENT_SECRET");
    assert_field(&entry, "PRIORITY", "6");
    assert_int_equal(entry.count, 10);
    journal_entry_done(&entry);
}

/* A newline or a NUL in a value stays inside it: it can forge no second field. */
static void test_values_are_bytes(void **state UNUSED)
{
    struct journal_entry entry = build(
        "decided", "C", "{\"message\":\"m\",\"reason\":\"a\\nPRIORITY=0\",\"tty\":\"a\\u0000b\"}");
    const struct iovec *tty = find(&entry, "ASSENT_TTY");

    assert_field(&entry, "ASSENT_REASON", "a\nPRIORITY=0");
    assert_field(&entry, "PRIORITY", "6");
    assert_non_null(tty);
    assert_int_equal(tty->iov_len, strlen("ASSENT_TTY=") + 3);
    assert_memory_equal(tty->iov_base, "ASSENT_TTY=a\0b", tty->iov_len);
    journal_entry_done(&entry);
}

static void test_unreadable_record_says_so(void **state UNUSED)
{
    static const char *const texts[] = {"", "{\"message\":", "[1]", "\"text\"", "\xff\xfe"};

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct journal_entry entry = build("granted", "C", texts[i]);

        assert_field(&entry, "MESSAGE", "granted: the text of audit record 42 cannot be read");
        assert_field(&entry, "ASSENT_EVENT", "granted");
        assert_field(&entry, "ASSENT_AUDIT_SEQ", "42");
        journal_entry_done(&entry);
    }
}

static void test_unknown_event_is_sent(void **state UNUSED)
{
    struct journal_entry entry = build("from-the-future", "C", "{}");

    assert_field(&entry, "MESSAGE", "from-the-future");
    assert_field(&entry, "PRIORITY", "5");
    assert_no_field(&entry, "MESSAGE_ID");
    journal_entry_done(&entry);
}

static void test_every_promised_event_is_known(void **state UNUSED)
{
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_SIZE(PROMISED); i++)
        if (!journal_catalog_find(PROMISED[i]))
            fail_msg("%s is not in the table", PROMISED[i]);
    while (journal_catalog_at(count))
        count++;
    assert_int_equal(count, ARRAY_SIZE(PROMISED));
    assert_null(journal_catalog_find("nothing"));
}

static void test_message_ids_are_distinct(void **state UNUSED)
{
    const struct journal_event *a, *b;

    for (size_t i = 0; (a = journal_catalog_at(i)); i++) {
        assert_int_equal(strlen(a->message_id), 32);
        assert_int_equal(strspn(a->message_id, "0123456789abcdef"), 32);
        assert_in_range(a->priority, 0, 7);
        for (size_t j = 0; j < i && (b = journal_catalog_at(j)); j++)
            assert_string_not_equal(a->message_id, b->message_id);
    }
}

/* The line `-- ID` of the catalog file, then a subject and a text. */
static unsigned count_entries(FILE *file, const char *message_id)
{
    char line[512], wanted[40];
    unsigned count = 0;

    snprintf(wanted, sizeof(wanted), "-- %s\n", message_id);
    rewind(file);
    while (fgets(line, sizeof(line), file)) {
        if (strcmp(line, wanted) != 0)
            continue;
        count++;
        assert_non_null(fgets(line, sizeof(line), file));
        assert_int_equal(strncmp(line, "Subject: ", 9), 0);
    }
    return count;
}

static void test_catalog_file_has_a_text_for_each(void **state UNUSED)
{
    const struct journal_event *event;
    FILE *file = fopen("packaging/assent.catalog", "re");
    char line[512];
    size_t entries = 0, events = 0;

    assert_non_null(file); /* tests are run from the top of the tree */
    for (; (event = journal_catalog_at(events)); events++)
        assert_int_equal(count_entries(file, event->message_id), 1);
    rewind(file);
    while (fgets(line, sizeof(line), file))
        entries += strncmp(line, "-- ", 3) == 0;
    (void)fclose(file);
    assert_int_equal(entries, events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_field),
        cmocka_unit_test(test_types_and_what_is_not_sent),
        cmocka_unit_test(test_values_are_bytes),
        cmocka_unit_test(test_unreadable_record_says_so),
        cmocka_unit_test(test_unknown_event_is_sent),
        cmocka_unit_test(test_every_promised_event_is_known),
        cmocka_unit_test(test_message_ids_are_distinct),
        cmocka_unit_test(test_catalog_file_has_a_text_for_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
