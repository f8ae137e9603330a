/* What a policy is refused for, word by word and place by place, and what survives loading. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../agent/policy/policy.h"
#include "../../agent/yaml/yaml.h"
#include "../../common/macro.h"

#define ENTITLEMENT(name, more)                                                              \
    "  " name ": { services: sudo, owner: o, sensitivity: low, max_duration: 1h" more " }\n" \
    "people: { o: {} }\n"
#define IDENTITY(name, user, more) \
    name ": { user: " user ", owner: o, purpose: p, expires: 2027-06-30" more " }"
#define RULE "rules:\n  - id: a\n    decision: allow\n"
#define ASK "groups: {g: [x, y]}\nrules:\n  - id: a\n    decision: escalate\n"
#define LOCAL "signatures are not supported yet by this version; only `strength: local` loads"

static const struct {
    const char *text;
    const char *findings; /* without the file name */
} refused[] = {
    {"- a\n", "1:1: expected a mapping, found a list\n"},
    {"rule: []\n", "1:1: unknown key 'rule', did you mean 'rules'?\n"},
    {"break_glass: []\n", "1:1: unknown key 'break_glass'\n"},
    {"rules: {}\n", "1:8: expected a list, found a mapping\n"},
    {"rules: [x]\n", "1:9: expected a mapping, found a single value\n"},
    {"groups: {g: [x]}\nrules: [{id: a, owner: g, decison: allow, certified_until: 2027-02-01}]\n",
        "2:9: a rule needs a 'decision': allow, deny or escalate\n"
        "2:27: unknown key 'decison', did you mean 'decision'?\n"},
    {"rules: [{}]\n", "1:9: a rule needs a 'decision': allow, deny or escalate\n"
                      "1:9: a rule needs an 'id'\n"},
    {"people: []\n", "1:9: expected a mapping, found a list\n"},
    {"groups: x\n", "1:9: expected a mapping, found a single value\n"},

    /* people and groups */
    {"people: {carol: }\n", "1:17: expected a mapping, found nothing\n"},
    {"people: {'a b': {}}\n", "1:10: 'a b' is not the name of a person\n"},
    {"people: {'': {}}\n", "1:10: the name of a person is missing\n"},
    {"people: {carol: {acounts: [x], mial: x}}\n",
        "1:18: unknown key 'acounts', did you mean 'accounts'?\n"
        "1:32: unknown key 'mial', did you mean 'mail'?\n"},
    {"people: {carol: {accounts: []}}\n",
        "1:28: an empty list matches nothing; leave the key out or fill it\n"},
    {"people: {carol: {accounts: {a: b}}}\n", "1:28: expected a list, found a mapping\n"},
    {"people: {carol: {accounts: [[a]]}}\n", "1:29: expected a single value, found a list\n"},
    {"people: {carol: {accounts: ['a/b', -x]}}\n", "1:29: 'a/b' is not the name of a user\n"
                                                   "1:36: '-x' is not the name of a user\n"},
    {"people: {carol: {accounts: [a, a]}}\n", "1:32: account 'a' stands here twice\n"},
    {"people: {carol: {accounts: a}, dave: {accounts: a}}\n",
        "1:49: account 'a' belongs to 'carol' already\n"},
    {"people: {carol: {}, dave: {accounts: [dave, carol]}}\n",
        "1:45: account 'carol' belongs to 'carol' already\n"},
    {"people: {carol: {accounts: c1}, dave: {accounts: [dave, carol]}}\n",
        "1:57: account 'carol' of 'dave' has the name of another person\n"},
    {"people: {carol: {mail: carol}}\n", "1:24: 'carol' is not a mail address\n"},
    {"people: {carol: {mail: 'a@b, c@d'}}\n", "1:24: 'a@b, c@d' is not a mail address\n"},
    {"people: {carol: {mail: '-Cx@y'}}\n", "1:24: '-Cx@y' is not a mail address\n"},
    {"people: {carol: {}}\ngroups: {carol: [dave]}\n",
        "2:10: 'carol' is a person already and cannot be a group too\n"},
    {"groups: {g: [h], h: [x]}\n", "1:14: 'h' is a group; groups hold people only\n"},
    {"groups: {g: {x: y}}\n", "1:13: expected a list, found a mapping\n"},
    {"groups: {g: ['a:b']}\n", "1:14: 'a:b' is not the name of a person\n"},

    /* identities */
    {"identities: []\n", "1:13: expected a mapping, found a list\n"},
    {"identities: {ci: x}\n", "1:18: expected a mapping, found a single value\n"},
    {"identities: {ci: {}}\n",
        "1:18: an identity needs 'expires': its last day, such as 2027-06-30\n"
        "1:18: an identity needs 'owner': the group or person who answers for it\n"
        "1:18: an identity needs 'purpose': what it is for\n"
        "1:18: an identity needs 'user': the account that it has\n"},
    {"people: {o: {}}\nidentities: { " IDENTITY("CI", "ci", "") " }\n",
        "2:15: 'CI' is not the name of an identity: lower-case letters, digits, and . _ - behind "
        "the first, at most 64\n"},
    {"people: {o: {}}\nidentities: { " IDENTITY("'../ci'", "ci", "") " }\n",
        "2:15: '../ci' is not the name of an identity: lower-case letters, digits, and . _ - "
        "behind the first, at most 64\n"},
    {"people: {o: {}}\nidentities: { " IDENTITY("ci", "'../ci'", "") " }\n",
        "2:27: '../ci' is not the name of a user\n"},
    {"people: {o: {}}\nidentities: { " IDENTITY("ci", "[a, b]", "") " }\n",
        "2:27: expected a single value, found a list\n"},
    {"people: {o: {}}\nidentities: { " IDENTITY("ci", "ci", ", kind: human") " }\n",
        "2:80: 'human' is not one of service\n"},
    {"people: {o: {}}\nidentities: { " IDENTITY("ci", "ci", ", bind: { ssh_key: x }") " }\n",
        "2:80: this version checks no key of an identity, so that nothing may rely on 'bind'; take "
        "it out\n"},
    {"people: {o: {}}\nidentities: { " IDENTITY("ci", "ci", ", expire: x") " }\n",
        "2:74: unknown key 'expire', did you mean 'expires'?\n"},
    {"people: {o: {}}\nidentities: { ci: { user: ci, owner: oo, purpose: p, expires: 2027-06-30 } "
     "}\n",
        "2:38: 'oo' is neither in groups: nor in people:, did you mean 'o'?\n"},
    {"people: {o: {}}\nidentities: { ci: { user: ci, owner: o, purpose: ' ', expires: 0000-00-00 } "
     "}\n",
        "2:50: a text for people has 1 to 500 bytes\n"
        "2:64: '0000-00-00' is not a day such as 2027-06-30\n"},
    {"people: {o: {}}\nidentities: { ci: { user: ci, owner: o, purpose: p, expires: 2027-02-29 } "
     "}\n",
        "2:62: '2027-02-29' is not a day such as 2027-06-30\n"},
    {"people: {o: {}}\nidentities: { ci: { user: ci, owner: o, purpose: p, expires: never } }\n",
        "2:62: 'never' is not a day such as 2027-06-30\n"},
    {"people: {o: {}}\nidentities:\n  " IDENTITY("a", "x", "") "\n  " IDENTITY("b", "x", "") "\n",
        "4:14: account 'x' is that of identity 'a' at p.yaml:3:14\n"},
    {"people: {o: {accounts: [o, x]}}\nidentities:\n  " IDENTITY("a", "x", "") "\n",
        "3:14: account 'x' is that of a person, or is named like one, 'o' at p.yaml:1:10; an "
        "identity needs an account of its own\n"},
    {"people: {o: {accounts: q}}\nidentities:\n  " IDENTITY("a", "o", "") "\n",
        "3:14: account 'o' is that of a person, or is named like one, 'o' at p.yaml:1:10; an "
        "identity needs an account of its own\n"},
    {"groups: {o: [y, x]}\nidentities:\n  " IDENTITY("a", "x", "") "\n",
        "3:14: account 'x' is that of a person, or is named like one, 'x' at p.yaml:1:17; an "
        "identity needs an account of its own\n"},

    /* id, owner, decision, texts */
    {"rules:\n  - id: A\n    decision: allow\n",
        "2:9: 'A' is not a rule id: lower-case letters, digits, and . _ - behind the first, at "
        "most 64\n"},
    {"rules:\n  - id: -a\n    decision: allow\n",
        "2:9: '-a' is not a rule id: lower-case letters, digits, and . _ - behind the first, at "
        "most 64\n"},
    {"rules:\n  - id: ''\n    decision: allow\n",
        "2:9: '' is not a rule id: lower-case letters, digits, and . _ - behind the first, at "
        "most 64\n"},
    {"rules: [{id: a, decision: deny}, {id: a, decision: deny}]\n",
        "1:39: rule 'a' is defined at p.yaml:1:14 already\n"},
    {"rules: [{id: a, decision: dney}]\n",
        "1:27: 'dney' is not one of allow, deny, escalate; did you mean 'deny'?\n"},
    {"rules: [{id: a, decision: permit}]\n",
        "1:27: 'permit' is not one of allow, deny, escalate\n"},
    {"rules: [{id: a, decision: [allow]}]\n", "1:27: expected a single value, found a list\n"},
    {RULE "    ownr: g\n", "4:5: unknown key 'ownr', did you mean 'owner'?\n"},
    {RULE "    owner: dba-leed\ngroups: {dba-leads: [x]}\n",
        "4:12: 'dba-leed' is neither in groups: nor in people:, did you mean 'dba-leads'?\n"},
    {RULE "    owner: nobody-knows\n",
        "4:12: 'nobody-knows' is neither in groups: nor in people:\n"},
    {RULE "    reason: ' '\n", "4:13: a text for people has 1 to 500 bytes\n"},
    {RULE "    instead: []\n", "4:14: expected a single value, found a list\n"},
    {RULE "    \"x\\x1by\": z\n",
        "4:5: the character U+001B cannot be seen or stand here; take it out\n"},

    /* who, what */
    {"rules:\n", "1:7: expected a list, found nothing\n"},
    {RULE "    who: alice\n", "4:10: expected a mapping, found a single value\n"},
    {RULE "    who: { users: alice }\n", "4:12: unknown key 'users', did you mean 'user'?\n"},
    {RULE "    who: { user: [] }\n",
        "4:18: an empty list matches nothing; leave the key out or fill it\n"},
    {RULE "    who: { user: '*' }\n", "4:18: '*' is not the name of a user\n"},
    {RULE "    who: { group: '' }\n", "4:19: the name of a group is missing\n"},
    {RULE "    who: { kind: robot }\n", "4:18: 'robot' is not one of human, service\n"},
    {RULE "    who: { kind: [human, servce] }\n",
        "4:26: 'servce' is not one of human, service; did you mean 'service'?\n"},
    {RULE "    what: { service: 'ss hd' }\n",
        "4:22: 'ss hd' is not the name of a PAM service such as sshd\n"},
    {RULE "    what: { service: '' }\n",
        "4:22: '' is not the name of a PAM service such as sshd\n"},
    {RULE "    what: { service: [sudo-i, su-l] }\n",
        "4:23: 'sudo-i' is asked about as 'sudo'; write that\n"
        "4:31: 'su-l' is asked about as 'su'; write that\n"},
    {RULE "    what: { runas: root }\n", "4:13: unknown key 'runas', did you mean 'run_as'?\n"},
    {RULE "    what: { writable_command: yes }\n", "4:31: 'yes' is not one of allowed\n"},
    {RULE "    what: { environment: yes }\n", "4:26: 'yes' is not one of allowed\n"},
    {"rules: [{id: a, decision: deny, what: {environment: allowed}}]\n",
        "1:53: 'environment' has no effect in a deny rule; take it out\n"},
    {"rules:\n  - id: a\n    what: { environment: allowed }\n    decision: escalate\n"
     "    approval: { stages: [ { from: [c], within: 5m } ], strength: local }\n"
     "people: { c: {} }\n",
        "3:26: 'environment' has no effect in an escalate rule; take it out\n"},
    {"rules: [{id: a, decision: deny, what: {writable_command: allowed}}]\n",
        "1:58: 'writable_command' has no effect in a deny rule; take it out\n"},

    /* commands */
    {RULE "    what: { command: id }\n",
        "4:22: 'id' is not a command pattern: its first word must be an absolute path\n"},
    {RULE "    what: { command: '*' }\n",
        "4:22: '*' is not a command pattern: its first word must be an absolute path\n"},
    {RULE "    what: { command: '' }\n", "4:22: '' is not a command pattern: it is empty\n"},
    {RULE "    what: { command: any thing }\n",
        "4:22: 'any thing' is not a command pattern: its first word must be an absolute path\n"},
    {RULE "    what: { command: /bin//id }\n",
        "4:22: '/bin//id' is not a command pattern: its path has an empty, '.' or '..' component "
        "and would never match\n"},
    {RULE "    what: { command: [/bin/, /bin/.., /, /./x, /bin/.] }\n",
        "4:23: '/bin/' is not a command pattern: its path has an empty, '.' or '..' component and "
        "would never match\n"
        "4:30: '/bin/..' is not a command pattern: its path has an empty, '.' or '..' component "
        "and would never match\n"
        "4:39: '/' is not a command pattern: its path has an empty, '.' or '..' component and "
        "would never match\n"
        "4:42: '/./x' is not a command pattern: its path has an empty, '.' or '..' component and "
        "would never match\n"
        "4:48: '/bin/.' is not a command pattern: its path has an empty, '.' or '..' component "
        "and would never match\n"},
    {RULE "    what: { command: '/bin/id \"a' }\n",
        "4:22: '/bin/id \"a' is not a command pattern: a double quote is not closed\n"},
    {RULE "    what: { command: '/bin/id a\\' }\n",
        "4:22: '/bin/id a\\\\' is not a command pattern: a backslash stands at the end\n"},
    {RULE "    what: { command: '/bin/id [a' }\n",
        "4:22: '/bin/id [a' is not a command pattern: a bracket '[' is not closed\n"},
    {RULE "    what: { command: '/bin/id [z-a]' }\n",
        "4:22: '/bin/id [z-a]' is not a command pattern: a range in brackets runs backwards\n"},
    {RULE "    what: { command: '/bin/[a/b]' }\n",
        "4:22: '/bin/[a/b]' is not a command pattern: brackets cannot hold '/'\n"},
    {RULE "    what: { command: '/bin/id [é]' }\n",
        "4:22: '/bin/id [é]' is not a command pattern: brackets hold visible ASCII characters "
        "only\n"},
    {RULE "    what: { command: '/bin/id [[:alpha:]]' }\n",
        "4:22: '/bin/id [[:alpha:]]' is not a command pattern: classes such as [:alpha:] are not "
        "supported; write the range out\n"},
    {RULE "    what: { command: \"/bin/id\\nx\" }\n",
        "4:22: '/bin/id\\x0ax' is not a command pattern: a line end stands between the words; "
        "put it in quotes if it is meant\n"},

    /* where, when */
    {RULE "    where: { hosts: x }\n", "4:14: unknown key 'hosts', did you mean 'host'?\n"},
    {RULE "    where: { host: 'a b' }\n",
        "4:20: 'a b' is not a host pattern: names hold letters, digits, . _ - and the wildcards "
        "* ? [...]\n"},
    {RULE "    where: { host: 'a[b' }\n",
        "4:20: 'a[b' is not a host pattern: a bracket '[' is not closed\n"},
    {RULE "    where: { host: '' }\n", "4:20: '' is not a host pattern: it is empty\n"},
    {RULE "    where: { rhost: gw.example.org }\n",
        "4:21: 'gw.example.org' is not a network: it is not an IPv4 or IPv6 address (names are "
        "not looked up)\n"},
    {RULE "    where: { rhost: 10.0.0.1/8 }\n",
        "4:21: '10.0.0.1/8' is not a network: it has bits set behind the prefix; write the "
        "network's own address\n"},
    {RULE "    where: { rhost: [10.0.0.0/33, '2001:db8::/129', 10.0.0.0/, 10.0.0.0/-1] }\n",
        "4:22: '10.0.0.0/33' is not a network: the prefix is a number from 0 to 32\n"
        "4:35: '2001:db8::/129' is not a network: the prefix is a number from 0 to 128\n"
        "4:53: '10.0.0.0/' is not a network: the prefix is a number from 0 to 32\n"
        "4:64: '10.0.0.0/-1' is not a network: the prefix is a number from 0 to 32\n"},
    {RULE "    where: { rhost: [10.0.0, 010.0.0.1, 'fe80::1%eth0', ''] }\n",
        "4:22: '10.0.0' is not a network: it is not an IPv4 or IPv6 address (names are not "
        "looked up)\n"
        "4:30: '010.0.0.1' is not a network: it is not an IPv4 or IPv6 address (names are not "
        "looked up)\n"
        "4:41: 'fe80::1%eth0' is not a network: it is not an IPv4 or IPv6 address (names are not "
        "looked up)\n"
        "4:57: '' is not a network: it is not an IPv4 or IPv6 address (names are not looked up)\n"},
    {RULE "    where: { tty: ptty }\n",
        "4:19: 'ptty' is not one of none, pty, console; did you mean 'pty'?\n"},
    {RULE "    when: { days: monday }\n",
        "4:19: 'monday' is not a day: days are mon tue wed thu fri sat sun, as \"mon-fri\", "
        "\"mon,wed\" or a list\n"},
    {RULE "    when: { days: [mon-, 'mon,', Mon] }\n",
        "4:20: 'mon-' is not a day: days are mon tue wed thu fri sat sun, as \"mon-fri\", "
        "\"mon,wed\" or a list\n"
        "4:26: 'mon,' is not a day: days are mon tue wed thu fri sat sun, as \"mon-fri\", "
        "\"mon,wed\" or a list\n"
        "4:34: 'Mon' is not a day: days are mon tue wed thu fri sat sun, as \"mon-fri\", "
        "\"mon,wed\" or a list\n"},
    {RULE "    when: { hours: '8-18' }\n",
        "4:20: '8-18' is not a time of day: hours are written \"08:00-18:00\"\n"},
    {RULE "    when: { hours: '08:00-24:01' }\n",
        "4:20: '08:00-24:01' is not a time of day: hours are written \"08:00-18:00\", from 00:00 "
        "to 24:00\n"},
    {RULE "    when: { hours: '08:60-09:00' }\n",
        "4:20: '08:60-09:00' is not a time of day: hours are written \"08:00-18:00\", from 00:00 "
        "to 24:00\n"},
    {RULE "    when: { hours: '08:00-08:00' }\n",
        "4:20: '08:00-08:00' is not a time of day: these hours are empty; leave `hours` out for "
        "the whole day\n"},
    {RULE "    when: { days: mon, zone: ../../etc/passwd }\n",
        "4:30: '../../etc/passwd' is not the name of a time zone such as Europe/Berlin\n"},
    {RULE "    when: { days: mon, zone: /etc/localtime }\n",
        "4:30: '/etc/localtime' is not the name of a time zone such as Europe/Berlin\n"},
    {RULE "    when: { days: mon, zone: 'a b' }\n",
        "4:30: 'a b' is not the name of a time zone such as Europe/Berlin\n"},
    {RULE "    when: { zone: UTC }\n",
        "4:19: 'zone' has no effect without days, hours, or a time that has no offset of its "
        "own\n"},
    {RULE "    when: { from: 2026-02-29 }\n", "4:19: '2026-02-29' is not a time such as "
                                              "\"2026-12-24 18:00\" or 2026-12-24T18:00Z\n"},
    {RULE "    when: { from: 2026-12-24 18:00, until: 2026-12-24 18:00 }\n",
        "4:44: it ends before it begins\n"},
    {RULE "    when: { until: '2026-12-24 25:00' }\n",
        "4:20: '2026-12-24 25:00' is not a time such as \"2026-12-24 18:00\" or "
        "2026-12-24T18:00Z\n"},
    {RULE "    certified_until: 2026-2-1\n", "4:22: '2026-2-1' is not a day such as 2027-02-01\n"},
    {RULE "    monitor: yes\n    disabled: yes\n",
        "4:14: a disabled rule is not watched either; take one out\n"},
    {RULE "    who: { kind: human, not-kind: service }\n",
        "4:35: 'kind' says it already; take 'not-kind' out\n"},
    {RULE "    who: { not-kind: [human, service] }\n",
        "4:22: no kind is left, so nobody could ever match\n"},
    {RULE "    where: { label: 'a b' }\n",
        "4:21: 'a b' is not a host label such as web or env=prod\n"},
    {RULE "    accept: { A: x }\n", "4:15: 'A' is not the name of a finding\n"},

    /* entitlements and evidence */
    {"entitlements: { e: {} }\n", "1:20: an entitlement needs 'services': the doors it opens\n"
                                  "1:20: an entitlement needs a 'max_duration' such as 1h\n"
                                  "1:20: an entitlement needs a 'sensitivity': low, medium, high "
                                  "or critical\n"
                                  "1:20: an entitlement needs an 'owner': the group or person who "
                                  "answers for it\n"},
    {"entitlements: { E: {} }\n",
        "1:17: 'E' is not the name of an entitlement: lower-case letters, digits, and . _ - behind "
        "the first, at most 64\n"},
    {RULE "    what: { entitlement: db }\nentitlements:\n" ENTITLEMENT("dba", ""),
        "4:26: there is no entitlement 'db', did you mean 'dba'?\n"},
    {RULE "    what: { entitlement: dba }\n    evidence: { reason: required }\n"
          "entitlements:\n" ENTITLEMENT("dba", ""),
        "5:15: the entitlement says what evidence is needed; take it out here\n"},
    {"entitlements:\n" ENTITLEMENT("e", ", evidence: { ticket: '(' }"),
        "2:90: '(' is not an extended regular expression: Unmatched ( or \\\\(\n"},
    {"entitlements:\n" ENTITLEMENT("e", ", evidence: { ticket: '(a)\\1' }"),
        "2:90: a ticket pattern has at most 256 bytes, no back-references, no repeat of a "
        "repeat, and written out at most 1000 characters: others can take for ever\n"},
    {"entitlements:\n" ENTITLEMENT("e", ", evidence: { ticket: '((a{17}){17}){17}' }"),
        "2:90: a ticket pattern has at most 256 bytes, no back-references, no repeat of a "
        "repeat, and written out at most 1000 characters: others can take for ever\n"},
    {"entitlements:\n" ENTITLEMENT("e", ", evidence: { reason: optional, reason_length: 9 }"),
        "2:90: an optional reason is not measured; take 'reason_length' and 'reason_repeats' "
        "out\n"},
    {"entitlements:\n" ENTITLEMENT("e", ", evidence: { reason: maybe, reason_length: 9 }"),
        "2:90: 'maybe' is not one of required, optional\n"},
    {"entitlements:\n" ENTITLEMENT("e", ", evidence: { ticket: no }"),
        "2:90: a ticket is required, optional, or an extended regular expression, not 'no'\n"},
    {RULE "    evidence: { ticket: '' }\n",
        "4:25: a ticket is required, optional, or an extended regular expression, not ''\n"},
    {"entitlements:\n" ENTITLEMENT("e", ", evidence: { control: [Screen] }"),
        "2:92: 'Screen' is not a control: lower-case letters, digits and -, at most 64\n"},
    {"entitlements:\n" ENTITLEMENT("e", ", evidence: { peer: nobody-known }"),
        "2:88: 'nobody-known' is neither in groups: nor in people:\n"},

    /* terms */
    {RULE "    duration: 15\n", "4:15: '15' is not a duration such as 90s, 15m or 1h30m\n"},
    {RULE "    duration: 8d\n", "4:15: a duration lies between 1s and 7d, '8d' does not\n"},
    {RULE "    duration: 0s\n", "4:15: a duration lies between 1s and 7d, '0s' does not\n"},
    {RULE "    uses: 0\n", "4:11: '0' is not a number from 1 to 1000000\n"},
    {RULE "    uses: 1000001\n", "4:11: '1000001' is not a number from 1 to 1000000\n"},
    {RULE "    uses: +1\n", "4:11: '+1' is not a number from 1 to 1000000\n"},
    {RULE "    survives_reboot: maybe\n", "4:22: 'maybe' is neither yes nor no\n"},
    {RULE "    approval: {}\n", "4:15: 'approval' belongs to `decision: escalate` alone\n"},
    {"rules: [{id: a, decision: deny, duration: 1h, uses: 1, survives_reboot: no, approval: x}]\n",
        "1:43: 'duration' has no meaning in a deny rule: it gives nothing\n"
        "1:53: 'uses' has no meaning in a deny rule: it gives nothing\n"
        "1:73: 'survives_reboot' has no meaning in a deny rule: it gives nothing\n"
        "1:87: 'approval' belongs to `decision: escalate` alone\n"},
    {ASK, "3:5: an escalate rule needs 'approval': who is asked\n"},
    {ASK "    approval: { strength: local }\n", "5:15: an approval needs 'stages': who is asked\n"},
    {ASK "    approval: { stages: {from: g}, strength: local }\n",
        "5:25: expected a list, found a mapping\n"},
    {ASK "    approval: { stages: [], strength: local }\n",
        "5:25: this version takes exactly one stage, found 0\n"},
    {ASK "    approval: { stages: [{from: g, within: 1m}, {from: g, within: 1m}], strength: local "
         "}\n",
        "5:25: this version takes exactly one stage, found 2\n"},
    {ASK "    approval: { stages: [{}], strength: local }\n",
        "5:26: a stage needs 'from': the groups or people to ask\n"
        "5:26: a stage needs 'within': how long they are waited for\n"},
    {ASK "    approval: { stages: [{from: gg, within: 1m}], strength: local }\n",
        "5:33: 'gg' is neither in groups: nor in people:, did you mean 'g'?\n"},
    {ASK "    approval: { stages: [{from: [], within: 1m}], strength: local }\n",
        "5:33: an empty list matches nothing; leave the key out or fill it\n"},
    {ASK "    approval: { stages: [{from: g, need: 3, within: 1m}], strength: local }\n",
        "5:42: 3 people are needed, but only 2 can be asked\n"},
    {ASK "    approval: { stages: [{from: [g, x], need: 3, within: 1m}], strength: local }\n",
        "5:47: 3 people are needed, but only 2 can be asked\n"},
    {ASK "    approval: { stages: [{from: g, need: 0, within: 1m}], strength: local }\n",
        "5:42: '0' is not a number from 1 to 65535\n"},
    {ASK "    approval: { stages: [{from: g, within: forever}], strength: local }\n",
        "5:44: 'forever' is not a duration such as 90s, 15m or 1h30m\n"},
    {ASK "    approval: { stages: [{from: g, wihtin: 1m}], strength: local }\n",
        "5:26: a stage needs 'within': how long they are waited for\n"
        "5:36: unknown key 'wihtin', did you mean 'within'?\n"},
    {ASK "    approval: { stages: [{from: g, within: 1m}] }\n", "5:15: " LOCAL "\n"},
    {ASK "    approval: { stages: [{from: g, within: 1m}], strength: signed }\n",
        "5:60: " LOCAL "\n"},
    {ASK "    approval: { stages: [{from: g, within: 1m}], strength: hardware }\n",
        "5:60: " LOCAL "\n"},
    {ASK "    approval: { stages: [{from: g, within: 1m}], strength: locale }\n",
        "5:60: 'locale' is not one of local, signed, hardware; did you mean 'local'?\n"},
    {ASK
        "    approval: { stages: [{from: g, within: 1m}], strength: local, keep: x, reason: no }\n",
        "5:73: 'x' is neither yes nor no\n"
        "5:84: whether a reason is needed stands in the rule: evidence: { reason: optional }\n"},
    {"groups: {g: []}\nrules:\n  - id: a\n    decision: escalate\n"
     "    approval: { stages: [{from: g, within: 1m}], strength: local }\n",
        "5:33: nobody is in group 'g', so nobody could approve\n"},

    /* hostile names in messages, and many errors at once in the order of the file */
    {RULE "    who: { user: \"a\\nb\" }\n", "4:18: 'a\\x0ab' is not the name of a user\n"},
    {"rules:\n  - decision: allow\n    who: {user: '*'}\n  - {id: b, decision: no}\npeople: {x: "
     "1}\n",
        "2:5: a rule needs an 'id'\n"
        "3:17: '*' is not the name of a user\n"
        "4:23: 'no' is not one of allow, deny, escalate\n"
        "5:13: expected a mapping, found a single value\n"},
};

static struct policy *compile(const char *text, struct yaml_errors *errors)
{
    struct policy_file file = {.name = "p.yaml", .text = text, .length = strlen(text)};

    return policy_compile(&file, 1, errors);
}

static struct policy *compile_good(const char *text)
{
    struct yaml_errors errors = {0};
    struct policy *policy = compile(text, &errors);

    for (size_t i = 0; i < errors.count; i++)
        print_error(
            "%u:%u: %s\n", errors.items[i].line, errors.items[i].column, errors.items[i].message);
    assert_non_null(policy);
    assert_int_equal(errors.count, 0);
    return policy;
}

static void check_findings(const struct yaml_errors *errors, const char *expected)
{
    char found[8192] = "";
    size_t used = 0;

    for (size_t i = 0; i < errors->count && used < sizeof(found); i++) {
        assert_string_equal(errors->items[i].file, "p.yaml");
        used += (size_t)snprintf(found + used, sizeof(found) - used, "%u:%u: %s\n",
            errors->items[i].line, errors->items[i].column, errors->items[i].message);
    }
    assert_string_equal(found, expected);
}

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct yaml_errors errors = {0};

        if (compile(refused[i].text, &errors))
            fail_msg("taken: %s", refused[i].text);
        check_findings(&errors, refused[i].findings);
        yaml_errors_done(&errors);
    }
}

/* Errors of all files come at once; names may be defined in a later file. */
static void test_several_files(void **state)
{
    static const char first[] = "rules: [{id: a, owner: g, decision: allow}]\n";
    static const char second[] = "groups: {g: [x]}\nrules: [{id: b, decision: deny}]\n";
    static const char third[] =
        "groups: {g: [y]}\npeople: {x: {}}\nrules: [{id: a, decision: no}]\n";
    struct policy_file files[] = {
        {"1.yaml", first, strlen(first)},
        {"2.yaml", second, strlen(second)},
        {"3.yaml", third, strlen(third)},
    };
    struct yaml_errors errors = {0};
    struct policy *policy = policy_compile(files, 2, &errors);

    (void)state;
    assert_non_null(policy);
    assert_int_equal(policy_rule_count(policy), 2);
    policy_free(policy);
    assert_null(policy_compile(files, 3, &errors));
    assert_int_equal(errors.count, 3);
    assert_string_equal(errors.items[0].message, "'g' is defined at 2.yaml:1:10 already");
    assert_string_equal(errors.items[1].message, "rule 'a' is defined at 1.yaml:1:14 already");
    assert_string_equal(errors.items[2].message, "'no' is not one of allow, deny, escalate");
    assert_string_equal(errors.items[2].file, "3.yaml");
    yaml_errors_done(&errors);
}

/* A file that cannot be read must not make the names in it look misspelt elsewhere. */
static void test_broken_file_hides_no_names(void **state)
{
    static const char first[] = "rules: [{id: a, owner: g, decision: allow}]\n";
    static const char second[] = "groups: {g: [x]\n";
    struct policy_file files[] = {
        {"1.yaml", first, strlen(first)}, {"2.yaml", second, strlen(second)}};
    struct yaml_errors errors = {0};

    (void)state;
    assert_null(policy_compile(files, 2, &errors));
    assert_int_equal(errors.count, 1);
    assert_string_equal(errors.items[0].file, "2.yaml");
    yaml_errors_done(&errors);
}

static void test_limits(void **state)
{
    struct yaml_errors errors = {0};
    char text[16384];
    size_t used = (size_t)snprintf(text, sizeof(text), "rules:\n");

    (void)state;
    for (int i = 0; i < POLICY_ZONES_MAX; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used,
            "- {id: r%d, decision: deny, when: {days: mon, zone: Zone/N%d}}\n", i, i);
    assert_null(compile(text, &errors));
    assert_int_equal(errors.count, 1);
    assert_int_equal(errors.items[0].line, 1 + POLICY_ZONES_MAX);
    assert_string_equal(errors.items[0].message, "more than 63 time zones are named");
    yaml_errors_done(&errors);
}

static void test_empty(void **state)
{
    struct yaml_errors errors = {0};
    struct policy *policy = policy_compile(NULL, 0, &errors);
    struct facts facts = {.uid = 0};
    struct verdict verdict;

    (void)state;
    assert_non_null(policy);
    assert_int_equal(policy_zone_count(policy), 1);
    assert_string_equal(policy_zone_name(policy, 0), "");
    assert_null(policy_zone_name(policy, 1));
    assert_int_equal(policy_user_count(policy) + policy_group_count(policy), 0);
    policy_resolve_user(policy, 0, true, 1);
    policy_resolve_group(policy, 0, true, 1);
    policy_ready(policy);
    policy_decide(policy, &facts, &verdict);
    assert_int_equal(verdict.decision, DECISION_DENY);
    assert_int_equal(policy_person_of(policy, 0), -1);
    assert_null(policy_person(policy, 0));
    policy_free(policy);
}

static void test_needs_groups(void **state)
{
    struct policy *some =
        compile_good("rules:\n"
                     "- {id: a, decision: allow, what: {service: [sudo, su]}, who: {group: x}}\n"
                     "- {id: b, decision: allow, what: {service: sshd}, who: {user: x}}\n");
    struct policy *every = compile_good("rules: [{id: a, decision: deny, who: {group: x}}]\n");
    struct policy *none = compile_good("rules: [{id: a, decision: deny, who: {user: x}}]\n");

    (void)state;
    assert_true(policy_needs_groups(some, "sudo"));
    assert_true(policy_needs_groups(some, "su"));
    assert_true(policy_needs_groups(some, NULL));
    assert_false(policy_needs_groups(some, "sshd"));
    assert_true(policy_needs_groups(every, "sshd"));
    assert_false(policy_needs_groups(none, "sshd"));
    assert_false(policy_needs_groups(none, NULL));
    policy_free(some);
    policy_free(every);
    policy_free(none);
}

static size_t find_user(const struct policy *policy, const char *name)
{
    for (size_t i = 0; i < policy_user_count(policy); i++)
        if (strcmp(policy_user_name(policy, i), name) == 0)
            return i;
    fail_msg("no user %s", name);
    return 0;
}

static void tell(struct policy *policy, const char *name, bool exists, uid_t uid)
{
    policy_resolve_user(policy, find_user(policy, name), exists, uid);
}

static void check_people(const struct policy *policy)
{
    assert_int_equal(policy_person_of(policy, 11), 0);
    assert_int_equal(policy_person_of(policy, 12), 0);
    assert_int_equal(policy_person_of(policy, 13), -1);
    assert_int_equal(policy_person_of(policy, 21), 1);
    assert_int_equal(policy_person_of(policy, 31), 2);
    assert_int_equal(policy_person_of(policy, 41), -1);
    assert_int_equal(policy_person_of(policy, 0), -1);
}

static void test_people(void **state)
{
    struct policy *policy = compile_good(
        "people: {carol: {accounts: [carol, c-adm, c-gone], mail: c@example.org}, dave: {}}\n"
        "groups: {g: [c-adm, dave, erin]}\n"
        "rules: [{id: a, decision: allow, who: {user: zoe}}]\n");
    const struct person *carol;

    (void)state;
    assert_int_equal(policy_person_count(policy), 3);
    carol = policy_person(policy, 0);
    assert_string_equal(carol->name, "carol");
    assert_string_equal(carol->mail, "c@example.org");
    assert_int_equal(carol->account_count, 3);
    assert_string_equal(carol->accounts[1], "c-adm");
    assert_int_equal(carol->uid_count, 0);
    tell(policy, "carol", true, 11);
    tell(policy, "c-adm", true, 12);
    tell(policy, "c-gone", false, 13);
    tell(policy, "dave", true, 21);
    tell(policy, "erin", true, 31);
    tell(policy, "zoe", true, 41);
    assert_int_equal(carol->uid_count, 2);
    assert_int_equal(carol->uids[1], 12);
    assert_string_equal(policy_person(policy, 2)->name, "erin");
    assert_null(policy_person(policy, 2)->mail);
    check_people(policy);
    policy_ready(policy);
    check_people(policy);
    policy_free(policy);
}

/* An account that changes hands or goes away is noticed, before and after policy_ready(). */
static void test_resolved_again(void **state)
{
    struct policy *policy = compile_good("people: {carol: {accounts: [c1, c2]}}\n"
                                         "rules: [{id: a, decision: allow, who: {user: c1}, "
                                         "owner: carol, certified_until: 2099-12-31}]\n");
    struct facts facts = {.uid = 5, .now_us = 1};
    struct verdict verdict;

    (void)state;
    tell(policy, "c1", true, 5);
    policy_ready(policy);
    policy_decide(policy, &facts, &verdict);
    assert_int_equal(verdict.decision, DECISION_ALLOW);
    tell(policy, "c1", true, 6);
    policy_decide(policy, &facts, &verdict);
    assert_int_equal(verdict.decision, DECISION_DENY);
    assert_int_equal(policy_person_of(policy, 5), -1);
    policy_ready(policy);
    facts.uid = 6;
    policy_decide(policy, &facts, &verdict);
    assert_int_equal(verdict.decision, DECISION_ALLOW);
    assert_int_equal(policy_person_of(policy, 6), 0);
    tell(policy, "c1", false, 6);
    policy_ready(policy);
    policy_decide(policy, &facts, &verdict);
    assert_int_equal(verdict.decision, DECISION_DENY);
    assert_int_equal(policy_person(policy, 0)->uid_count, 0);
    tell(policy, "c1", true, (uid_t)-1);
    facts.uid = (uid_t)-1;
    policy_decide(policy, &facts, &verdict);
    assert_int_equal(verdict.decision, DECISION_DENY);
    policy_free(policy);
}

static unsigned missing_of(const char *ticket)
{
    struct policy *policy =
        compile_good("rules: [{id: a, decision: allow, evidence: {ticket: '^.$'}, owner: x, "
                     "certified_until: 2099-12-31}]\npeople: {x: {}}\n");
    struct facts facts = {.uid = 5, .now_us = 1, .ticket = ticket};
    struct verdict verdict;

    tell(policy, "x", true, 7);
    policy_decide(policy, &facts, &verdict);
    assert_string_equal(verdict.rule, "a");
    policy_free(policy);
    return verdict.missing;
}

/* The command line has a locale, the agent has none; both must say the same. */
static void test_tickets_are_bytes(void **state)
{
    (void)state;
    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
    assert_int_equal(missing_of("x"), 0);
    assert_int_equal(missing_of("\xc3\xa9"), EVIDENCE_TICKET);
    assert_non_null(setlocale(LC_CTYPE, "C"));
    assert_int_equal(missing_of("\xc3\xa9"), EVIDENCE_TICKET);
    assert_int_equal(missing_of("\xc3"), 0);
}

/* Two names for one uid: one person, and always the same one. */
static void test_shared_uid(void **state)
{
    struct policy *policy = compile_good("people: {b: {}, a: {}}\n");

    (void)state;
    tell(policy, "a", true, 7);
    tell(policy, "b", true, 7);
    assert_int_equal(policy_person_of(policy, 7), 0);
    policy_ready(policy);
    assert_int_equal(policy_person_of(policy, 7), 0);
    policy_free(policy);
}

static void test_stage_people(void **state)
{
    struct policy *policy =
        compile_good("people: {carol: {accounts: [carol, c2]}, dave: {}}\n"
                     "groups: {g: [dave, c2, carol], h: [erin]}\n"
                     "rules: [{id: a, decision: escalate, approval: {strength: local,\n"
                     "  stages: [{from: [h, g, carol], need: 3, within: 90s}]}}]\n");
    struct facts facts = {.uid = 1};
    struct verdict verdict;

    (void)state;
    policy_decide(policy, &facts, &verdict);
    assert_int_equal(verdict.decision, DECISION_ESCALATE);
    assert_int_equal(verdict.stage_count, 1);
    assert_string_equal(verdict.stages->from_text, "h, g, carol");
    assert_int_equal(verdict.stages->people_count, 3);
    assert_int_equal(verdict.stages->within_us, 90000000);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(verdict.stages->people[i], i);
    assert_int_equal(verdict.strength, STRENGTH_LOCAL);
    policy_free(policy);
}

/* Texts for people are one line, however they were folded in the file. */
static void test_sentences(void **state)
{
    struct policy *policy =
        compile_good("rules:\n- id: a\n  decision: deny\n  reason: >\n"
                     "    Not\n    today,\n\n    sorry\n  instead: \" Ask  me \"\n");
    struct facts facts = {.uid = 1};
    struct verdict verdict;

    (void)state;
    policy_decide(policy, &facts, &verdict);
    assert_string_equal(verdict.reason, "Not today, sorry");
    assert_string_equal(verdict.advice, "Ask me");
    policy_free(policy);
}

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(decision_to_string(DECISION_DENY), "deny");
    assert_string_equal(decision_to_string(DECISION_ALLOW), "allow");
    assert_string_equal(decision_to_string(DECISION_ESCALATE), "escalate");
    assert_string_equal(decision_to_string((enum decision)0), "deny");
    assert_string_equal(strength_to_string(STRENGTH_LOCAL), "local");
    assert_string_equal(strength_to_string(STRENGTH_SIGNED), "signed");
    assert_string_equal(strength_to_string(STRENGTH_HARDWARE), "hardware");
    assert_string_equal(subject_kind_to_string(SUBJECT_HUMAN), "human");
    assert_string_equal(subject_kind_to_string(SUBJECT_SERVICE), "service");
    assert_string_equal(subject_kind_to_string(SUBJECT_UNKNOWN), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_several_files),
        cmocka_unit_test(test_broken_file_hides_no_names),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_needs_groups),
        cmocka_unit_test(test_people),
        cmocka_unit_test(test_resolved_again),
        cmocka_unit_test(test_tickets_are_bytes),
        cmocka_unit_test(test_shared_uid),
        cmocka_unit_test(test_stage_people),
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
