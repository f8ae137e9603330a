/* PAM's session phases: the session that a decision became, and its end, in the records. At a
 * login door a session that no decision stands behind is refused. Loop thread. */
#pragma once

struct inquiry;

void door_session(struct inquiry *inquiry);
void door_session_end(struct inquiry *inquiry);
