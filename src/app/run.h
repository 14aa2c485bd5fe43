// SPDX-License-Identifier: BSD-2-Clause
#pragma once

struct report;
struct settings;

/* Exit statuses of the program. */
enum run_status {
	RUN_DONE = 0,
	RUN_FAILED = 1,
	RUN_USAGE = 2,
	RUN_NO_PRIVILEGE = 3, /* or the kernel has not what is needed */
	RUN_LOSS = 4,	      /* --strict, and something was lost */
};

/* Run a report to its end; `program` is what messages begin with. Returns an exit status. */
int run_report(const struct report *report, const struct settings *settings, const char *program);
