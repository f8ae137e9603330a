#include "people.h"

#include <errno.h>

#include "../../common/clock.h"
#include "../../common/str.h"
#include "session.h"

bool people_same(const struct policy *policy, uid_t a, uid_t b)
{
    int64_t person = policy_person_of(policy, a);

    return a == b || (person >= 0 && person == policy_person_of(policy, b));
}

/* Their own request is also one that came out of their login: under sudo or su the subject
 * may be somebody else. */
static bool is_own(const struct policy *policy, const struct request *request, uid_t uid)
{
    return people_same(policy, uid, request->subject.uid) ||
           (request->login_uid != UID_NONE && people_same(policy, uid, request->login_uid));
}

static bool person_is_requester(
    const struct policy *policy, const struct request *request, const struct person *person)
{
    for (size_t i = 0; i < person->uid_count; i++)
        if (is_own(policy, request, person->uids[i]))
            return true;
    return false;
}

static bool is_there(const struct policy *policy, uint32_t person)
{
    return policy_person_state(policy, person, clock_realtime_us()) == PERSON_HERE;
}

static bool is_peer(const struct request *request, const struct person *person)
{
    return str_equal(request->peer, person->name);
}

/* The peer is asked first. */
static int ask_peer(const struct policy *policy, struct request *request)
{
    for (uint32_t i = 0; i < policy_person_count(policy); i++) {
        const struct person *person = policy_person(policy, i);

        if (is_peer(request, person) && is_there(policy, i) &&
            !person_is_requester(policy, request, person))
            return texts_add(&request->asked, person->name);
    }
    return -ENOENT;
}

int people_ask(const struct policy *policy, const struct stage *stage, struct request *request)
{
    unsigned left = 0;
    int r = request->peer ? ask_peer(policy, request) : 0;

    if (r < 0)
        return r;

    for (size_t i = 0; i < stage->people_count; i++) {
        const struct person *person = policy_person(policy, stage->people[i]);

        if (!is_there(policy, stage->people[i]) || is_peer(request, person) ||
            person_is_requester(policy, request, person))
            continue;
        if (texts_add(&request->asked, person->name) < 0)
            return -ENOMEM;
        left++;
    }
    return left < stage->need ? -ENOENT : 0;
}

bool people_is_asked(const struct policy *policy, const struct request *request, uid_t uid)
{
    int64_t person = policy_person_of(policy, uid);

    return person >= 0 &&
           texts_contain(&request->asked, policy_person(policy, (uint32_t)person)->name);
}

/* Of those who were asked: whether the policy in force asks them too. The peer was the requester's
 * choice of those whom the rule let them choose from, as long as it is there. */
static bool rule_asks(const struct policy *policy, const struct request *request, uint32_t person)
{
    return is_peer(request, policy_person(policy, person))
               ? policy_rule_grants(policy, request->rule)
               : policy_rule_asks(policy, request->rule, person);
}

bool people_still_asked(const struct policy *policy, const struct request *request, uid_t uid)
{
    return people_is_asked(policy, request, uid) &&
           rule_asks(policy, request, (uint32_t)policy_person_of(policy, uid));
}

/* Whether this one can still say yes, or has. */
static bool can_agree(const struct policy *policy, const struct request *request, uint32_t person)
{
    const struct approval *word = request_approval_of(request, policy_person(policy, person)->name);

    return word ? word->approved : is_there(policy, person) && rule_asks(policy, request, person);
}

bool people_can_settle(const struct policy *policy, const struct request *request)
{
    bool peer = request->peer == NULL;
    unsigned count = 0;

    for (uint32_t i = 0; i < policy_person_count(policy); i++) {
        const struct person *person = policy_person(policy, i);

        if (!texts_contain(&request->asked, person->name) || !can_agree(policy, request, i))
            continue;
        if (is_peer(request, person))
            peer = true;
        else
            count++;
    }
    return peer && count >= request->need;
}

/* Under a user manager anybody who may act as the account for a moment (sudo -u) can start a
 * process: nobody needs to be logged in there. */
static enum people_verdict judge_session(
    const struct policy *policy, uid_t uid, const struct login_session *session)
{
    if (!session->known || session->id[0] == '\0')
        return PEOPLE_NO_SESSION;
    return people_same(policy, uid, session->uid) ? PEOPLE_MAY : PEOPLE_FOREIGN_SESSION;
}

enum people_verdict people_judge(const struct policy *policy, const struct request *request,
    uid_t uid, const struct login_session *session, const char **ret_person)
{
    int64_t person = policy_person_of(policy, uid);
    enum people_verdict verdict;

    if (is_own(policy, request, uid) || (session->known && is_own(policy, request, session->uid)))
        return PEOPLE_OWN;
    if (person < 0 || !people_is_asked(policy, request, uid))
        return PEOPLE_NOT_ASKED;
    if (!people_still_asked(policy, request, uid))
        return PEOPLE_NOT_ASKED_NOW;
    if (!is_there(policy, (uint32_t)person))
        return PEOPLE_NOT_THERE;
    verdict = judge_session(policy, uid, session);
    if (verdict == PEOPLE_MAY)
        *ret_person = policy_person(policy, (uint32_t)person)->name;
    return verdict;
}

bool people_owns(const struct policy *policy, const char *owner, uid_t uid)
{
    int64_t person = policy_person_of(policy, uid);
    struct people_list people = {0};

    if (owner && person >= 0)
        people = policy_people_of(policy, owner);
    for (size_t i = 0; i < people.count; i++)
        if (people.items[i] == person)
            return true;
    return false;
}

enum people_verdict people_judge_owner(const struct policy *policy, const char *owner, uid_t uid,
    const struct login_session *session, const char **ret_person)
{
    int64_t person = policy_person_of(policy, uid);
    enum people_verdict verdict;

    if (!people_owns(policy, owner, uid) || !is_there(policy, (uint32_t)person))
        return PEOPLE_NOT_ASKED;
    verdict = judge_session(policy, uid, session);
    if (verdict == PEOPLE_MAY)
        *ret_person = policy_person(policy, (uint32_t)person)->name;
    return verdict;
}
