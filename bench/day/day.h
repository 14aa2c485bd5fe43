// SPDX-License-Identifier: BSD-2-Clause
// A day that is made up: its clock, and what happens in it.
#pragma once
#include <stdint.h>

#define NS_PER_S 1000000000ull
#define BEGIN_NS (1000 * NS_PER_S) // CLOCK_MONOTONIC at the start

uint64_t day_now_ns(void);

// Seconds since the start.
unsigned day_second(void);

// Connections that open from now on are of the cgroup with this inode too.
void day_add_cgroup(uint64_t inode);

// On standard output: what has happened up to now.
void day_tell(void);
