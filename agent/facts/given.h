/* Facts as people write them: the `given:` of a test, the facts of `assent policy explain`. YAML,
 * of which JSON is a part, read as strictly as policy is; assent-policy(5), "TESTS", says what each
 * key means. What is left out is not known. */
#pragma once

#include "../policy/policy.h"
#include "../yaml/arena.h"
#include "../yaml/yaml.h"
#include "cast.h"

struct zones;

/* What facts are written down for. `zones`: those of the policy; the caller decides which is the
 * host's own. */
struct given_world {
    const struct policy *policy;
    struct cast *cast;
    struct zones *zones;
    struct arena *arena; /* gets lists and words */
};

struct given {
    struct facts facts;
    bool has_user, has_host, has_labels; /* were given; `facts` cannot tell */
    struct cast_changes changes;         /* not applied: cast_resolve() */
};

/* Reads the mapping. Texts are borrowed from its document, the rest is in the arena. All that is
 * wrong is added to `errors`, and then the facts are not to be used. */
void given_read(struct given *given, struct yaml_node *node, const struct given_world *world,
    struct yaml_errors *errors);
