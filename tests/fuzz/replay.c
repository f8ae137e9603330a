/* Feeds each file named on the command line to a fuzz target once. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../common/file.h"

#include <fcntl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        AUTO_CLOSE int fd = open(argv[i], O_RDONLY | O_CLOEXEC);
        AUTO_FREE char *data = NULL;
        size_t length;

        if (fd < 0 || file_read_all(fd, 16 * 1024 * 1024, &data, &length) < 0) {
            fprintf(stderr, "%s: cannot be read\n", argv[i]);
            return EXIT_FAILURE;
        }
        if (LLVMFuzzerTestOneInput((const uint8_t *)data, length) != 0)
            return EXIT_FAILURE;
    }
    printf("%d files\n", argc - 1);
    return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
