/* Text in columns of a terminal: combining characters take none, wide ones two, as the process's
 * locale knows them; what it does not know takes one. Texts are well-formed UTF-8. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "str.h"

/* The columns that `text` takes. */
size_t columns_of(const char *text);

/* How many bytes of it fit into `columns`. */
size_t columns_fit(const char *text, size_t columns);

/* How text is broken into lines, at blanks. */
struct columns_wrap {
    size_t column; /* where the cursor stands */
    size_t indent; /* of the lines that a line is broken into, but for the first */
    size_t width;  /* 0: nothing is broken; lines are never shorter than COLUMNS_LEAST */
    bool copyable; /* nothing is broken that is to be copied: a long word, and a command (from
                      ": assent " to the end of its line) */
};
#define COLUMNS_LEAST 20

/* Appends `text`, each of its lines broken; blanks at its end stay. */
void columns_wrap(struct str_builder *out, const char *text, const struct columns_wrap *how);
