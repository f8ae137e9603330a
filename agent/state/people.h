/* Who may answer for whom. Separation of duties stands here and nowhere else: nobody
 * approves their own request, under any of their accounts, nor from a login that is the
 * requester's. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../common/macro.h"
#include "../policy/policy.h"
#include "request.h"

struct login_session;

/* Fills `request->asked` with the names of the persons of the stage and of its peer, without those
 * who are the requester themselves or are not there (policy_person_state()). The peer confirms and
 * is not one of those who approve. Returns 0, -ENOMEM, or -ENOENT when fewer than `need` are left
 * or the peer is the requester. */
MUST_USE int people_ask(
    const struct policy *policy, const struct stage *stage, struct request *request);

enum people_verdict {
    PEOPLE_MAY,
    PEOPLE_NOT_ASKED,      /* not among those who may answer */
    PEOPLE_NOT_ASKED_NOW,  /* they were when it was opened; the policy in force does not */
    PEOPLE_NOT_THERE,      /* no account of theirs can be used, or the policy does not list them */
    PEOPLE_OWN,            /* their own request */
    PEOPLE_NO_SESSION,     /* no login session but perhaps a user manager: no proof who is there */
    PEOPLE_FOREIGN_SESSION /* the session belongs to somebody else: through sudo or su */
};

/* Whether the account `uid`, speaking from `session`, may answer `request`. `ret_person` is the
 * name of the person. */
enum people_verdict people_judge(const struct policy *policy, const struct request *request,
    uid_t uid, const struct login_session *session, const char **ret_person);

/* Whether the account `uid`, speaking from `session`, speaks for the group or person `owner` (NULL:
 * nobody does). The same rules; whoever is not there (policy_person_state) does not count. */
enum people_verdict people_judge_owner(const struct policy *policy, const char *owner, uid_t uid,
    const struct login_session *session, const char **ret_person);

/* Whether the account belongs to a person of that group, or to that person. */
bool people_owns(const struct policy *policy, const char *owner, uid_t uid);

/* Whether the account belongs to one of those asked: may see the request. */
bool people_is_asked(const struct policy *policy, const struct request *request, uid_t uid);

/* Whether it belongs to one of those asked whom the policy in force asks too. */
bool people_still_asked(const struct policy *policy, const struct request *request, uid_t uid);

/* Whether enough of those asked can still agree: the policy in force asks them too and they are
 * there, or they have agreed. Looks through all people of the policy: not for lists. */
bool people_can_settle(const struct policy *policy, const struct request *request);

/* The same person: the same account, or two accounts of one person. */
bool people_same(const struct policy *policy, uid_t a, uid_t b);
