#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../common/parse.h"

uint64_t bench_now_ns(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int compare_ns(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

static int compare_double(const void *left, const void *right)
{
    const double *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

void bench_print_batches(const char *name, uint64_t *ns, size_t count, size_t size)
{
    double each = 1000 * (double)size;

    if (count == 0)
        bench_die(name, 0);
    qsort(ns, count, sizeof(*ns), compare_ns);
    printf("%s_p50 %.4f us\n", name, (double)ns[count / 2] / each);
    printf("%s_p99 %.4f us\n", name, (double)ns[count * 99 / 100] / each);
}

void bench_print_times(const char *name, uint64_t *ns, size_t count)
{
    bench_print_batches(name, ns, count, 1);
}

double bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare_double);
    return values[count / 2];
}

noreturn void bench_die(const char *what, int error)
{
    fprintf(stderr, "bench: %s%s%s\n", what, error ? ": " : "", error ? strerror(error) : "");
    exit(1);
}

unsigned long bench_number(const char *text, unsigned long max)
{
    uint64_t number;

    if (!text || parse_u64(text, max, &number) < 0 || number == 0)
        bench_die("a number is missing or too big", 0);
    return (unsigned long)number;
}
