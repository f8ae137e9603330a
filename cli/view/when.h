/* Times and lengths of time in words for people. For people only: limits are enforced by
 * the agent on the boot clock. */
#pragma once

#include <stdint.h>

#define WHEN_SIZE 48

/* The two largest units of a length of time: "45 s", "1 min 30 s", "2 h", "3 days 4 h". */
void when_length(uint64_t seconds, char ret_text[WHEN_SIZE]);

/* A time seen from `now_us`: "just now", "3 min ago", "in 12 min", "in 1 h 5 min". */
void when_relative(uint64_t time_us, uint64_t now_us, char ret_text[WHEN_SIZE]);

/* A time in the zone of the terminal's user: "2026-11-20 10:00:00 UTC". */
void when_absolute(uint64_t time_us, char ret_text[WHEN_SIZE]);

/* The time of day alone: "10:00:00". */
void when_of_day(uint64_t time_us, char ret_text[WHEN_SIZE]);
