#include "doctor_view.h"

#include <string.h>

#include "../base/json.h"
#include "../base/output.h"
#include "../base/text.h"
#include "../view/style.h"

#define LABEL_COLUMNS 22

static enum style style_of(enum doctor_level level)
{
    switch (level) {
    case DOCTOR_OK:
        return STYLE_GOOD;
    case DOCTOR_INFO:
        return STYLE_DIM;
    case DOCTOR_WARN:
        return STYLE_WARN;
    case DOCTOR_ERROR:
        break;
    }
    return STYLE_BAD;
}

static void print_finding(struct str_builder *out, const struct doctor_finding *finding,
    const struct cli_options *options)
{
    enum style style = style_of(finding->level);
    str_appendf(out, "%s%-5s%s  %-13s  ", style_on(options, style),
        doctor_level_to_string(finding->level), style_off(options, style), finding->check);
    text_put_wrapped(out, finding->text != NULL ? finding->text : "out of memory", LABEL_COLUMNS,
        options->width);
    if (finding->fix == NULL)
        return;
    str_appendf(out, "%*sfix: ", LABEL_COLUMNS, "");
    text_put_wrapped(out, finding->fix, LABEL_COLUMNS + 5, options->width);
}

void doctor_print(struct str_builder *out, const struct doctor *doctor,
    const struct cli_options *options, bool quiet)
{
    for (int level = DOCTOR_ERROR; level >= DOCTOR_OK; level--) {
        if (quiet && level < DOCTOR_WARN)
            break;
        for (size_t i = 0; i < doctor->count; i++) {
            if ((int)doctor->findings[i].level == level)
                print_finding(out, &doctor->findings[i], options);
        }
    }
}

json_t *doctor_to_json(const struct doctor *doctor)
{
    json_t *list = json_array();
    for (size_t i = 0; i < doctor->count; i++) {
        const struct doctor_finding *finding = &doctor->findings[i];
        json_t *entry = json_pack("{s:s, s:s, s:s, s:s?}", "check", finding->check, "level",
            doctor_level_to_string(finding->level), "text",
            finding->text != NULL ? finding->text : "out of memory", "fix", finding->fix);
        if (json_array_append_new(list, entry) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static size_t count_level(const struct doctor *doctor, enum doctor_level level)
{
    size_t count = 0;
    for (size_t i = 0; i < doctor->count; i++)
        count += doctor->findings[i].level == level;
    return count;
}

static int print_json(const struct doctor *doctor)
{
    AUTO_JSON json_t *answer = json_pack("{s:b, s:o}", "healthy",
        doctor_worst(doctor) < DOCTOR_ERROR, "findings", doctor_to_json(doctor));
    if (answer == NULL) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    return output_json(answer);
}

int verb_doctor(int argc UNUSED, char **argv UNUSED, const struct cli_options *options)
{
    const char *root = cli_value(options, "root");
    struct str_builder confdir = {0};
    str_appendf(&confdir, "%s/etc/pam.d", root != NULL ? root : "");
    AUTO_FREE char *path = str_builder_take(&confdir);
    if (path == NULL) {
        cli_error("out of memory");
        return CLI_FAILED;
    }
    CLEANUP(doctor_done)
    struct doctor doctor = {
        .root = root != NULL ? root : "",
        .confdir = path,
        .socket = options->socket,
    };
    doctor.doors = doctor_doors_on(doctor.root);
    doctor_run(&doctor, DOOR_BIT_ALL);
    bool healthy = doctor_worst(&doctor) < DOCTOR_ERROR;
    if (options->json) {
        int r = print_json(&doctor);
        return r != CLI_OK ? r : healthy ? CLI_OK : CLI_FAILED;
    }
    struct str_builder out = {0};
    doctor_print(&out, &doctor, options, cli_value(options, "quiet") != NULL);
    str_appendf(&out, "%zu to mend, %zu to think about\n", count_level(&doctor, DOCTOR_ERROR),
        count_level(&doctor, DOCTOR_WARN));
    int r = output_text(&out);
    return r != CLI_OK ? r : healthy ? CLI_OK : CLI_FAILED;
}
