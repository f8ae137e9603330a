/* What people are shown of requests, grants, status and events. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../../cli/base/json.h"
#include "../../cli/view/view.h"
#include "../../cli/view/when.h"
#include "../../common/rfc3339.h"

static const struct cli_options plain;

#define REQUEST                                                                                  \
    "{'id': 'K7QM-2F9X', 'state': 'waiting', 'stage': 0,"                                        \
    " 'subject': {'name': 'alice', 'uid': 1000, 'kind': 'human'},"                               \
    " 'service': 'sudo', 'run_as': 'root',"                                                      \
    " 'command': ['/usr/bin/systemctl', 'restart', 'postgresql@15'],"                            \
    " 'cwd': '/home/alice', 'environment': ['LANG=C'], 'rhost': '192.0.2.7', 'tty': 'pts/3',"    \
    " 'reason': 'replica is stuck', 'ticket': 'INC-4711', 'rule': 'dba-anything',"               \
    " 'policy': '3f2a91c0aa55bb66cc77', 'host': 'db1',"                                          \
    " 'created': '2026-11-20T09:57:00Z', 'expires': '2026-11-20T10:07:00Z',"                     \
    " 'asked': ['carol', 'dave', 'erin'], 'need': 2, 'strength': 'local',"                       \
    " 'duration': 900, 'uses': 1,"                                                               \
    " 'meaning': 'alice may run exactly this command as root, once, within 15 minutes.',"        \
    " 'unusual': ['first time from this address'], 'asked_before': 1,"                           \
    " 'approvals': [{'approver': 'carol', 'verdict': 'approve', 'time': '2026-11-20T09:58:00Z'," \
    "                'strength': 'local', 'reason': 'go ahead'}]}"

/* JSON with single quotes, for readable tests. */
static json_t *load(const char *text)
{
    AUTO_FREE char *copy = strdup(text);
    json_error_t error;
    json_t *value;

    for (char *p = copy; *p != '\0'; p++)
        if (*p == '\'')
            *p = '"';
    value = json_loads(copy, JSON_DECODE_ANY, &error);
    if (!value)
        fail_msg("%s", error.text);
    return value;
}

typedef void (*show_fn)(struct str_builder *, const struct view *, const json_t *);

static char *show_as(show_fn show, const char *json, const struct cli_options *options, int64_t uid)
{
    AUTO_JSON json_t *value = load(json);
    struct str_builder out = {0};
    struct view view = {.options = options, .uid = uid};

    assert_int_equal(rfc3339_parse("2026-11-20T10:00:00Z", &view.now_us), 0);
    show(&out, &view, value);
    return str_builder_take(&out);
}

static char *show(show_fn function, const char *json)
{
    return show_as(function, json, &plain, 1001);
}

static void test_a_request_is_explained(void **state UNUSED)
{
    AUTO_FREE char *text = show(view_show_request, REQUEST);

    assert_string_equal(text,
        "Request K7QM-2F9X: waiting\n"
        "\n"
        "  Who          alice (uid 1000, human)\n"
        "  What         sudo /usr/bin/systemctl restart postgresql@15 as root\n"
        "  In           /home/alice\n"
        "  With         LANG=C\n"
        "  From         192.0.2.7, terminal pts/3\n"
        "  Why          replica is stuck\n"
        "  Ticket       INC-4711\n"
        "  For          15 min, one use\n"
        "  Asked        carol, dave or erin; 1 of 2 approved, strength local\n"
        "  Opened       3 min ago (2026-11-20 09:57:00 UTC)\n"
        "  Ends         in 7 min (2026-11-20 10:07:00 UTC)\n"
        "  Rule         dba-anything (policy 3f2a91c0aa55)\n"
        "  Host         db1\n"
        "\n"
        "What approving allows\n"
        "  alice may run exactly this command as root, once, within 15 minutes.\n"
        "\n"
        "Unusual\n"
        "  - first time from this address\n"
        "\n"
        "Asked for once before.\n"
        "\n"
        "Answers\n"
        "  carol approved 2 min ago (local): go ahead\n"
        "\n"
        "To answer: assent approve K7QM-2F9X, or assent deny K7QM-2F9X --reason TEXT\n");
}

static void test_a_request_of_ones_own_is_not_to_be_approved(void **state UNUSED)
{
    AUTO_FREE char *text = show_as(view_show_request, REQUEST, &plain, 1000);

    assert_non_null(strstr(text, "alice (uid 1000, human, you)"));
    assert_non_null(strstr(text, "To take it back: assent withdraw K7QM-2F9X\n"));
    assert_null(strstr(text, "assent approve"));
}

static void test_an_ended_request_asks_for_nothing(void **state UNUSED)
{
    AUTO_FREE char *text = show(view_show_request,
        "{'id': 'K7QM-2F9X', 'state': 'denied', 'ended': '2026-11-20T09:59:00Z',"
        " 'subject': {'name': 'alice', 'uid': 1000}, 'service': 'sshd', 'rhost': '192.0.2.7',"
        " 'approvals': [{'approver': 'dave', 'verdict': 'deny', 'reason': 'not today'}]}");

    assert_non_null(strstr(text, "  What         ssh login from 192.0.2.7\n"));
    assert_non_null(strstr(text, "  Ended        1 min ago (2026-11-20 09:59:00 UTC)\n"));
    assert_non_null(strstr(text, "  dave refused: not today\n"));
    assert_null(strstr(text, "To answer"));
}

static void test_missing_and_wrong_members_are_coped_with(void **state UNUSED)
{
    static const char *const odd[] = {"{}", "null", "[]", "5",
        ("{'id': 5, 'state': [], 'subject': 'x', 'command': {}, 'approvals': [5, null, {}],"
         " 'asked': [1, {}], 'need': 'two', 'unusual': [5], 'created': 'yesterday',"
         " 'expires': -1, 'duration': -5, 'uses': -1, 'policy': '%s\\n'}"),
        ("{'state': 'waiting', 'need': 9223372036854775807, 'duration': 9223372036854775807,"
         " 'uses': 9223372036854775807}")};
    static const show_fn shows[] = {view_show_request, view_show_requests, view_show_grant,
        view_show_grants, view_show_status, view_show_policy, view_show_versions, view_show_event};

    for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
        for (size_t k = 0; k < ARRAY_SIZE(shows); k++) {
            AUTO_FREE char *text = show(shows[k], odd[i]);

            assert_non_null(text);
        }
    }
}

static void test_hostile_members_stay_text(void **state UNUSED)
{
    AUTO_FREE char *text = show(view_show_request,
        "{'id': '\\u001b[2J', 'state': 'waiting', 'subject': {'name': 'a\\nRule     fine', 'uid': "
        "5},"
        " 'service': 'sudo', 'command': ['/bin/true', '\\u202etxt', 'a b'], 'reason': '\\r\\u0007',"
        " 'asked': ['x\\ny'], 'unusual': ['\\u009b31m'],"
        " 'approvals': [{'approver': '\\t', 'verdict': 'approve', 'reason': '\\u2028'}]}");

    for (const char *p = text; *p != '\0'; p++)
        assert_true(*p == '\n' || (*p >= ' ' && *p != '\x7f'));
    assert_non_null(strstr(text, "Request \\x1b[2J: waiting\n"));
    assert_non_null(strstr(text, "a\\x0aRule     fine (uid 5)\n"));
    assert_non_null(strstr(text, "/bin/true '\\xe2\\x80\\xaetxt' 'a b'"));
    assert_non_null(strstr(text, "  Why          \\x0d\\x07\n"));
    assert_non_null(strstr(text, "  - \\xc2\\x9b31m\n"));
}

static void test_approvals_count_people_once(void **state UNUSED)
{
    AUTO_JSON json_t *twice = load("{'need': 2, 'asked': ['dave'], 'approvals': ["
                                   "{'approver': 'carol', 'verdict': 'approve'},"
                                   "{'approver': 'carol', 'verdict': 'approved'},"
                                   "{'approver': 'erin', 'verdict': 'deny'}]}");
    AUTO_JSON json_t *three = load("{'need': 3}");
    struct str_builder out = {0};
    AUTO_FREE char *text = NULL, *more = NULL;

    assert_int_equal(view_approved(twice), 1);
    assert_int_equal(view_missing(twice), 1);
    view_still_needed(&out, twice);
    text = str_builder_take(&out);
    assert_string_equal(text, "1 more approval is needed, from dave.\n");
    view_still_needed(&out, three);
    more = str_builder_take(&out);
    assert_string_equal(more, "3 more approvals are needed.\n");
}

static void test_a_peer_is_counted_beside_the_approvers(void **state UNUSED)
{
    AUTO_JSON json_t *alone = load("{'need': 0, 'peer': 'bob', 'asked': ['bob']}");
    AUTO_JSON json_t *both = load("{'need': 1, 'peer': 'bob', 'asked': ['bob', 'carol', 'dave']}");
    AUTO_JSON json_t *early = load("{'need': 1, 'peer': 'bob', 'asked': ['bob', 'carol', 'dave'],"
                                   " 'approvals': [{'approver': 'carol', 'verdict': 'approve'},"
                                   "               {'approver': 'dave', 'verdict': 'approve'}]}");
    AUTO_JSON json_t *done = load("{'need': 0, 'peer': 'bob', 'asked': ['bob'],"
                                  " 'approvals': [{'approver': 'bob', 'verdict': 'approved'}]}");
    struct str_builder out = {0};
    AUTO_FREE char *text = NULL;

    assert_int_equal(view_needed(alone), 1);
    assert_int_equal(view_approved(alone), 0);
    assert_int_equal(view_missing(both), 2);
    assert_int_equal(view_approved(early), 1);
    assert_int_equal(view_missing(done), 0);
    assert_int_equal(view_approved(done), 1);
    view_still_needed(&out, alone);
    view_still_needed(&out, both);
    view_still_needed(&out, early);
    view_still_needed(&out, done);
    text = str_builder_take(&out);
    assert_string_equal(text, "bob has to confirm it.\n"
                              "1 more approval is needed, from carol or dave, and bob has to "
                              "confirm it.\n"
                              "bob has to confirm it.\n");
}

static void test_an_entitlement_is_shown_by_its_name(void **state UNUSED)
{
    AUTO_FREE char *text = show(view_show_request,
        "{'id': 'K7QM-2F9X', 'state': 'waiting', 'subject': {'name': 'alice', 'uid': 1000},"
        " 'service': 'sudo or sshd', 'entitlement': 'db-admin', 'sensitivity': 'high',"
        " 'description': 'Administer PostgreSQL', 'need': 1, 'asked': ['carol'],"
        " 'opens': ['/usr/bin/pg_lsclusters as root', 'login by sshd from 192.0.2.7']}");

    assert_non_null(strstr(text, "  What         db-admin (sudo or sshd)\n"));
    assert_non_null(
        strstr(text, "  Entitlement  db-admin, sensitivity high: Administer PostgreSQL\n"));
    assert_non_null(strstr(text, "  Opens        /usr/bin/pg_lsclusters as root\n"
                                 "               login by sshd from 192.0.2.7\n"));
}

static void test_identities_tell_how_they_stand(void **state UNUSED)
{
    AUTO_FREE char *text = show(view_show_identities,
        "[{'name': 'ci-deploy', 'kind': 'service', 'account': 'deploy', 'uid': 997,"
        "  'owner': 'carol', 'purpose': 'Deploys', 'expires': '2027-06-30',"
        "  'ends': '2027-07-01T00:00:00Z', 'state': 'active', 'missing': []},"
        " {'name': 'backup', 'kind': 'service', 'account': 'bak', 'uid': null, 'owner': 'ops',"
        "  'purpose': 'Reads all', 'expires': '2026-11-25', 'ends': '2026-11-26T00:00:00Z',"
        "  'state': 'ending', 'missing': [{'why': 'dave is locked'}]},"
        " {'name': 'today', 'kind': 'service', 'account': 't', 'uid': 1, 'owner': 'ops',"
        "  'purpose': 'x', 'expires': '2026-11-20', 'ends': '2026-11-21T00:00:00Z',"
        "  'state': 'ending'},"
        " {'name': 'old', 'account': 'o', 'uid': 2, 'owner': 'ops', 'state': 'ended',"
        "  'expires': '2020-01-01', 'purpose': 'a\\u001b[2J\\nb'},"
        " {'name': 'nobodys', 'account': 'n', 'uid': 3, 'state': 'unowned',"
        "  'missing': [{'why': 'eve is locked'}]},"
        " {'name': 'later', 'uid': 4, 'state': 'asleep'}, 7]");

    assert_string_equal(text,
        "NAME       KIND     ACCOUNT         OWNER  STATE           LAST DAY    PURPOSE\n"
        "ci-deploy  service  deploy          carol  active          2027-06-30  Deploys\n"
        "backup     service  bak (not here)  ops    ends in 6 days  2026-11-25  Reads all\n"
        "today      service  t               ops    ends in 1 day   2026-11-20  x\n"
        "old        ?        o               ops    ended           2020-01-01  a\\x1b[2J\\x0ab\n"
        "nobodys    ?        n               ?      no owner left   ?           ?\n"
        "later      ?        ?               ?      asleep          ?           ?\n"
        "?          ?        ?               ?      ?               ?           ?\n"
        "\n"
        "backup: dave is locked\n");
}

static void test_entitlements_tell_how_to_ask_for_them(void **state UNUSED)
{
    AUTO_FREE char *text = show(view_show_entitlements,
        "[{'name': 'db-admin', 'description': 'Administer PostgreSQL', 'owner': 'dba-leads',"
        "  'sensitivity': 'critical', 'decision': 'escalate', 'asked': 'dba-leads', 'need': 2,"
        "  'duration': 5400, 'services': ['sudo', 'su', 'sshd'], 'run_as': ['root', 'postgres'],"
        "  'commands': ['/usr/bin/id', '/usr/bin/pg_*'], 'groups': [],"
        "  'evidence': [{'kind': 'reason', 'length': 8},"
        "               {'kind': 'ticket', 'form': '^INC-[0-9]+$'},"
        "               {'kind': 'control', 'words': ['a', 'b', 'c']},"
        "               {'kind': 'peer', 'form': 'dba'}],"
        "  'history': {'asked': 3, 'approved': 2, 'allowed': 1}},"
        " {'name': 'front', 'owner': 'carol', 'sensitivity': 'low', 'decision': 'allow',"
        "  'duration': 600, 'services': ['sshd'], 'run_as': [], 'commands': [], 'evidence': [],"
        "  'history': {}}]");

    assert_string_equal(text,
        "db-admin\n"
        "  For          Administer PostgreSQL\n"
        "  Doors        sudo, su and sshd\n"
        "  Commands     /usr/bin/id\n"
        "               /usr/bin/pg_*\n"
        "  As           root or postgres\n"
        "  At most      1h30m\n"
        "  Decided by   2 of dba-leads\n"
        "  Needs        a reason (8 characters at least), a ticket (like ^INC-[0-9]+$), a control "
        "(a, "
        "b or c) and a colleague who confirms (of dba)\n"
        "  Owner        dba-leads\n"
        "  Sensitivity  critical\n"
        "  So far       asked for 3 times, approved 2; allowed by policy 1 time\n"
        "  Ask with     assent request db-admin --reason \"...\" --ticket TICKET --control WORD "
        "--peer PERSON\n"
        "\n"
        "front\n"
        "  Doors        sshd\n"
        "  At most      10m\n"
        "  Decided by   policy, at once\n"
        "  Owner        carol\n"
        "  Sensitivity  low\n"
        "  So far       never asked for on this host\n"
        "  Ask with     assent request front\n");
}

static void test_requests_are_listed_in_columns(void **state UNUSED)
{
    AUTO_FREE char *text = show_as(view_show_requests,
        "[" REQUEST
        ", {'id': '8XDT-4M1C', 'state': 'expired', 'subject': {'name': 'bob', 'uid': 1001},"
        " 'service': 'sshd', 'rhost': '2001:db8::7', 'expires': '2026-11-20T09:00:00Z'}]",
        &plain, 1001);

    assert_string_equal(text,
        "ID         STATE    WHO    WHAT                                                   "
        "WHY               YES  OPENED     ENDS\n"
        "K7QM-2F9X  waiting  alice  sudo /usr/bin/systemctl restart postgresql@15 as root  "
        "replica is stuck  1/2  3 min ago  in 7 min\n"
        "8XDT-4M1C  expired  you    ssh login from 2001:db8::7                             "
        "                  0/1\n");
}

static void test_lists_fit_the_terminal(void **state UNUSED)
{
    const struct cli_options narrow = {.width = 100};
    AUTO_FREE char *text = show_as(view_show_requests, "[" REQUEST "]", &narrow, 1001);

    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        assert_true(strlen(line) <= 100);
        assert_true(strstr(line, "in 7 min") || strstr(line, "ENDS"));
    }
}

static void test_a_command_that_is_not_known_is_said_to_be_anything(void **state UNUSED)
{
    AUTO_FREE char *text = show(view_show_request, "{'service': 'sudo', 'run_as': 'root'}");

    assert_non_null(strstr(text, "  What         sudo, anything sudoers allows, as root\n"));
}

#define GRANT                                                                                      \
    "{'id': '8XDT-4M1C', 'request': 'K7QM-2F9X', 'state': 'active',"                               \
    " 'subject': {'name': 'alice', 'uid': 1000, 'kind': 'human'},"                                 \
    " 'scope': 'run /usr/bin/id as root with sudo', 'service': 'sudo', 'run_as': 'root',"          \
    " 'command': ['/usr/bin/id'], 'uses_left': 1,"                                                 \
    " 'created': '2026-11-20T09:58:00Z', 'expires': '2026-11-20T10:13:00Z', 'owner': 'dba-leads'," \
    " 'purpose': 'replica is stuck', 'rule': 'dba-anything', 'policy': '3f2a',                 "   \
    "'approvers': ['carol', 'dave']}"

static void test_a_grant_is_explained(void **state UNUSED)
{
    AUTO_FREE char *text = show(view_show_grant, GRANT);

    assert_string_equal(text, "Grant 8XDT-4M1C: active\n"
                              "\n"
                              "  Who          alice\n"
                              "  What         run /usr/bin/id as root with sudo\n"
                              "  Why          replica is stuck\n"
                              "  Uses         1 left\n"
                              "  Granted      2 min ago (2026-11-20 09:58:00 UTC)\n"
                              "  Expires      in 13 min (2026-11-20 10:13:00 UTC)\n"
                              "  Owner        dba-leads\n"
                              "  Request      K7QM-2F9X\n"
                              "  Rule         dba-anything (policy 3f2a)\n"
                              "  Approved     carol and dave\n");
}

static void test_grants_are_listed_in_columns(void **state UNUSED)
{
    AUTO_FREE char *text = show_as(view_show_grants,
        "[" GRANT ", {'id': 'A1B2-C3D4', 'state': 'used up', 'subject': {'name': 'bob', 'uid': 7},"
        " 'service': 'sshd', 'rhost': '192.0.2.7', 'expires': '2026-11-20T10:13:00Z'}]",
        &plain, 1000);

    assert_string_equal(text,
        "ID         STATE    WHO  WHAT                      WHY               OWNER      "
        "USES  EXPIRES\n"
        "8XDT-4M1C  active   you  sudo /usr/bin/id as root  replica is stuck  dba-leads  "
        "1     in 13 min\n"
        "A1B2-C3D4  used up  bob  ssh login from 192.0.2.7\n");
}

/* It is not over, but opens nothing. */
static void test_a_grant_of_what_was_changed(void **state UNUSED)
{
    static const char grant[] =
        "{'id': 'A1B2-C3D4', 'state': 'active', 'subject': {'name': 'bob', 'uid': 7},"
        " 'scope': 'use tools (sudo)', 'service': 'sudo', 'entitlement': 'tools',"
        " 'opens': ['/usr/bin/id as root'], 'entitlement_changed': true}";
    AUTO_FREE char *text = show_as(view_show_grant, grant, &plain, 1000);
    AUTO_FREE char *list = NULL, *both = NULL;

    assert_non_null(strstr(text, "  Opens        /usr/bin/id as root\n"
                                 "  Now          nothing: the entitlement has been changed since; "
                                 "ask for it again\n"));
    assert_true(asprintf(&both, "[%s]", grant) > 0);
    list = show_as(view_show_grants, both, &plain, 1000);
    assert_non_null(strstr(list, "A1B2-C3D4  void "));
}

static void test_the_status_says_what_is_wrong(void **state UNUSED)
{
    AUTO_FREE char *text = show(view_show_status,
        "{'version': '0.1', 'host': 'db1', 'started': '2026-11-20T08:00:00Z', 'healthy': false,"
        " 'problems': ['policy.d does not load; the old policy is in force'],"
        " 'policy': {'digest': '3f2a91c0aa55bb66cc77', 'rules': 1, 'directory': "
        "'/etc/assent/policy.d',"
        "            'loaded': '2026-11-20T09:00:00Z', 'errors': ['a.yaml:3:5: unknown key'],"
        "            'warnings': ['no account mallory']},"
        " 'requests': 1, 'grants': 2, 'records': 300, 'journal_behind': 4}");

    assert_string_equal(text,
        "Assent on db1: needs an administrator\n"
        "\n"
        "  Version      0.1\n"
        "  Started      2 h ago (2026-11-20 08:00:00 UTC)\n"
        "  Now          1 open request, 2 live grants, 300 records (4 not in the journal yet)\n"
        "  Policy       3f2a91c0aa55, 1 rule, from /etc/assent/policy.d\n"
        "  Loaded       1 h ago (2026-11-20 09:00:00 UTC)\n"
        "\n"
        "Errors: the policy in force is the one before\n"
        "  a.yaml:3:5: unknown key\n"
        "\n"
        "Warnings\n"
        "  no account mallory\n"
        "\n"
        "Problems\n"
        "  policy.d does not load; the old policy is in force\n");
}

#define LOADING(cause, by)                                                                   \
    "{'time': '2026-11-20T09:00:00Z', 'cause': '" cause "', 'by': '" by "', 'source': '/x'," \
    " 'reason': null}"

static void test_a_rollback_is_loud(void **state UNUSED)
{
    AUTO_FREE char *text = show(view_show_policy,
        "{'digest': '3f2a91c0aa55bb66cc77', 'rules': 2, 'directory': '/etc/assent/policy.d',"
        " 'loaded': '2026-11-20T09:00:00Z', 'loading': " LOADING(
            "start", "start") ","
                              " 'rollback': {'from': '00112233445566', 'by': 'carol', 'reason': "
                              "'it\\nlets all in'}}");
    AUTO_FREE char *kept = show(view_show_policy,
        "{'digest': '3f2a91c0aa55bb66cc77', 'rules': 2, 'loading': {'source': 'ledger'}}");

    assert_string_equal(text, "  Policy       3f2a91c0aa55, 2 rules, from /etc/assent/policy.d\n"
                              "  Origin       ROLLED BACK by carol from 001122334455, which the "
                              "files still say: it\\x0alets "
                              "all in\n"
                              "  Loaded       1 h ago (2026-11-20 09:00:00 UTC)\n"
                              "  By           start\n");
    assert_non_null(strstr(kept, "  Origin       kept in the ledger; not what the files say\n"));
}

static void test_versions_are_listed_in_columns(void **state UNUSED)
{
    AUTO_FREE char *text = show(view_show_versions,
        "[{'digest': '3f2a91c0aa55bb66cc77', 'state': 'in force by rollback', 'rules': 2,"
        "  'kept': true, 'loads': 2, 'first': " LOADING("start",
            "start") ","
                     "  'last': " LOADING("rollback",
                         "carol") "},"
                                  " {'digest': '00112233445566', 'state': null, 'rules': 1, "
                                  "'kept': false, 'loads': 1,"
                                  "  'first': " LOADING("signal", "SIGHUP") ", 'last': " LOADING(
                                      "signal", "SIGHUP") "}]");

    assert_string_equal(text,
        "DIGEST        STATE                 RULES  FIRST LOADED  LAST LOADED  TIMES  "
        "BY                WHY\n"
        "3f2a91c0aa55  in force by rollback  2      1 h ago       1 h ago      2      "
        "carol (rollback)\n"
        "001122334455  text not kept         1      1 h ago       1 h ago      1      "
        "SIGHUP\n");
}

static void test_a_replaced_policy_is_said(void **state UNUSED)
{
    AUTO_FREE char *text = show(view_show_request,
        "{'rule': 'asks', 'policy': '3f2a91c0aa55bb66cc77', 'policy_replaced': true}");

    assert_non_null(strstr(text, "  Rule         asks (policy 3f2a91c0aa55, replaced since)\n"));
}

static void test_an_event_is_one_line(void **state UNUSED)
{
    const struct cli_options colour = {.colour = true};
    static const char json[] = "{'time': '2026-11-20T10:00:00Z', 'event': 'approval',"
                               " 'chain': 'K7QM-2F9X', 'message': 'carol approved\\nit'}";
    AUTO_FREE char *text = show(view_show_event, json);
    AUTO_FREE char *coloured = show_as(view_show_event, json, &colour, 0);

    assert_string_equal(text, "10:00:00  approval          K7QM-2F9X  carol approved\\x0ait\n");
    assert_string_equal(coloured,
        "10:00:00  \033[32mapproval          \033[0m\033[36mK7QM-2F9X\033[0m"
        "  carol approved\\x0ait\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_is_explained),
        cmocka_unit_test(test_a_request_of_ones_own_is_not_to_be_approved),
        cmocka_unit_test(test_an_ended_request_asks_for_nothing),
        cmocka_unit_test(test_missing_and_wrong_members_are_coped_with),
        cmocka_unit_test(test_hostile_members_stay_text),
        cmocka_unit_test(test_approvals_count_people_once),
        cmocka_unit_test(test_a_peer_is_counted_beside_the_approvers),
        cmocka_unit_test(test_an_entitlement_is_shown_by_its_name),
        cmocka_unit_test(test_identities_tell_how_they_stand),
        cmocka_unit_test(test_entitlements_tell_how_to_ask_for_them),
        cmocka_unit_test(test_requests_are_listed_in_columns),
        cmocka_unit_test(test_lists_fit_the_terminal),
        cmocka_unit_test(test_a_command_that_is_not_known_is_said_to_be_anything),
        cmocka_unit_test(test_a_grant_is_explained),
        cmocka_unit_test(test_grants_are_listed_in_columns),
        cmocka_unit_test(test_a_grant_of_what_was_changed),
        cmocka_unit_test(test_the_status_says_what_is_wrong),
        cmocka_unit_test(test_a_rollback_is_loud),
        cmocka_unit_test(test_versions_are_listed_in_columns),
        cmocka_unit_test(test_a_replaced_policy_is_said),
        cmocka_unit_test(test_an_event_is_one_line),
    };

    if (!setlocale(LC_CTYPE, "C.UTF-8") || setenv("TZ", "UTC", 1) < 0)
        return 1;
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
