/* The public form of requests and grants: etc/io.assent.varlink. Fresh references or NULL. */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct agent;
struct grant;
struct loading;
struct public_call;
struct request;

json_t *view_request(const struct agent *agent, const struct request *request);
json_t *view_grant(const struct agent *agent, const struct grant *grant);
json_t *view_loading(const struct loading *loading);
/* With the warnings that the caller may see. */
json_t *view_policy(const struct agent *agent, const struct public_call *call);
json_t *view_time(uint64_t realtime_us);
