/* `assent`, the command for people. See cli.h and dispatch.h for how it is put together. */
#include <locale.h>

#include "dispatch.h"

int main(int argc, char **argv)
{
    /* For the width of characters alone: messages and numbers stay the same everywhere, and
     * what is on the wire is UTF-8 whatever the terminal's user has set. */
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return dispatch_main(argc, argv);
}
