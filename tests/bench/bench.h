/* What the measuring programs share: time, percentiles, and the lines "name value unit" that
 * run.sh reads. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

/* CLOCK_MONOTONIC. */
uint64_t bench_now_ns(void);

/* Prints "NAME_p50 VALUE us" and "NAME_p99 VALUE us"; sorts `ns`. */
void bench_print_times(const char *name, uint64_t *ns, size_t count);

/* The same of `count` batches, each of which did what is measured `size` times. */
void bench_print_batches(const char *name, uint64_t *ns, size_t count, size_t size);

/* The middle one; sorts. */
double bench_median(double *values, size_t count);

/* Says what failed (`error` is an errno, 0: none) and ends the program. */
noreturn void bench_die(const char *what, int error);

/* A number from 1 to `max` out of the command line, or the end. */
unsigned long bench_number(const char *text, unsigned long max);
