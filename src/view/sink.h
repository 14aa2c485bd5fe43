// SPDX-License-Identifier: BSD-2-Clause
/*
 * The contract of src/sink/: turn rows into text. A sink formats no numbers (value_format() does)
 * and keeps no state but what is in the view.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct account;
struct row;
struct source_gap;
struct view;

struct sink {
	const char *name; /* of --format */
	const char *summary;
	/* Before the first row. */
	void (*begin)(struct view *view);
	/* Before and after the rows of an interval; not called for rows on close. */
	void (*tick_begin)(struct view *view);
	void (*tick_end)(struct view *view);
	void (*row)(struct view *view, const struct row *row);
	/* Of a recording: a time of which it has nothing, or not all. May be NULL. */
	void (*gap)(struct view *view, const struct source_gap *gap);
	/* After the last row. */
	void (*end)(struct view *view, const struct account *account);
	unsigned keep_syscalls; /* enum syscalls: what it needs besides writing */
	bool redraws;		/* in place, when the window changes its size */
};
