/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Options of `top` that are about the screen. */
struct screen_options {
	const char *color; /* "never", or NULL */
	bool ascii, calm, mouse, osc52, allow_kill;
	uint64_t memory_mib;  /* of what was; 0: 16 */
	int64_t history_us;   /* and of so much time; 0: as much as has room */
	uint64_t keep_s;      /* closed flows stay so long on the page of flows; 0: 10 */
	const char *save_dir; /* NULL: the working folder */
	const char *by;	      /* the first grouping, or NULL */
};
