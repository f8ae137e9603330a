/* Clocks. BOOTTIME (runs on through suspend, cannot be set) enforces every limit of time;
 * REALTIME is for people only: clock_gettime(2). Both in microseconds. */
#pragma once

#include <stdint.h>

#define USEC_PER_SEC UINT64_C(1000000)
#define USEC_PER_MSEC UINT64_C(1000)
#define USEC_PER_DAY (86400 * USEC_PER_SEC)

/* Microseconds since boot, suspend included; UINT64_MAX (past every deadline) should the
 * kernel lack the clock. Any thread. */
uint64_t clock_boottime_us(void);

/* Microseconds since the epoch, as the wall clock says now. Any thread. */
uint64_t clock_realtime_us(void);

/* A deadline `timeout_us` from now on the boot clock; saturates instead of wrapping. */
uint64_t clock_deadline(uint64_t timeout_us);

/* Milliseconds left until `deadline_us`, rounded up, 0 when past; fits poll(2). */
int clock_remaining_ms(uint64_t deadline_us);

/* The id of this boot (/proc/sys/kernel/random/boot_id), 36 characters and a NUL, read
 * once. Returns 0 or -errno. Not thread-safe on its first call. */
#define CLOCK_BOOT_ID_SIZE 37
int clock_boot_id(char ret_id[CLOCK_BOOT_ID_SIZE]);

/* RFC 3339 UTC with seconds ("2026-11-20T10:00:00Z"). */
#define CLOCK_RFC3339_SIZE 32
void clock_format_rfc3339(uint64_t realtime_us, char ret_text[CLOCK_RFC3339_SIZE]);
