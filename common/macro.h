/* Compiler attributes and clean-up helpers used by every part. No functions of the domain.
 *
 * `cleanup(f)` runs f(&variable) when the variable leaves scope; TAKE_PTR/TAKE_FD hand
 * the value over and leave NULL/-1 behind, so that the clean-up then does nothing. */
#pragma once

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(func) __attribute__((cleanup(func)))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_USE __attribute__((warn_unused_result))
#define UNUSED __attribute__((unused))
#define EXPORT __attribute__((visibility("default")))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define TAKE_PTR(ptr)                  \
    __extension__({                    \
        __typeof__(ptr) take_ = (ptr); \
        (ptr) = NULL;                  \
        take_;                         \
    })

#define TAKE_FD(fd)       \
    __extension__({       \
        int take_ = (fd); \
        (fd) = -1;        \
        take_;            \
    })

static inline void cleanup_free(void *ptr)
{
    free(*(void **)ptr);
}

static inline void cleanup_close(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

#define AUTO_FREE CLEANUP(cleanup_free)
#define AUTO_CLOSE CLEANUP(cleanup_close)
