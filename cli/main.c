/* `assent`, the command for people. See cli.h for how it is put together. */
#include <locale.h>

#include "cli.h"

int main(int argc, char **argv)
{
    /* For the width of characters alone: messages and numbers stay the same everywhere, and
     * what is on the wire is UTF-8 whatever the terminal's user has set. */
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cli_main(argc, argv);
}
