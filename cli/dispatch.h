/* From the command line to a verb: the whole program but for the locale. */
#pragma once

/* Returns the exit status. */
int dispatch_main(int argc, char **argv);

/* Says that there is no such verb, and which is meant perhaps. Returns CLI_USAGE. */
int dispatch_unknown_verb(const char *word);
