#include "form.h"

#include <string.h>

#define FORM_SIZE 300         /* of a pattern, a list of controls or of colleagues */
#define LENGTH_WORTH_SAYING 5 /* nobody has to be told that two letters are no reason */

/* A text of the policy's, cut where it is long. Escaped but for backslashes, which have a meaning
 * of their own in patterns. */
static void put_text(struct str_builder *out, const char *text)
{
    char escaped[FORM_SIZE];

    str_escape(text, strlen(text), escaped, sizeof(escaped));
    for (const char *p = escaped; *p != '\0'; p++) {
        str_append_n(out, p, 1);
        p += p[0] == '\\' && p[1] == '\\';
    }
}

static void put_controls(struct str_builder *out, const struct evidence_terms *terms)
{
    AUTO_FREE char *list = NULL;
    struct str_builder words = {0};

    for (size_t i = 0; i < terms->control_count; i++) {
        const char *before = i == 0 ? "" : i + 1 < terms->control_count ? ", " : " or ";

        str_appendf(&words, "%s%s", before, terms->controls[i]);
    }
    list = str_builder_take(&words);
    put_text(out, list ? list : "");
}

void form_put(struct str_builder *out, const struct evidence_terms *terms, enum evidence kind)
{
    switch (kind) {
    case EVIDENCE_REASON:
        if (terms->reason_length >= LENGTH_WORTH_SAYING)
            str_appendf(out, "%u characters at least", terms->reason_length);
        return;
    case EVIDENCE_TICKET:
        if (terms->ticket_pattern) {
            str_append(out, "like ");
            put_text(out, terms->ticket_pattern);
        }
        return;
    case EVIDENCE_CONTROL:
        put_controls(out, terms);
        return;
    case EVIDENCE_PEER:
        if (terms->peers_text) {
            str_append(out, "of ");
            put_text(out, terms->peers_text);
        }
        return;
    }
}
