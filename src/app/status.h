// SPDX-License-Identifier: BSD-2-Clause
#pragma once

/* Exit statuses of the program. */
enum run_status {
	RUN_DONE = 0,
	RUN_FAILED = 1,
	RUN_USAGE = 2,
	RUN_NO_PRIVILEGE = 3, /* or the kernel has not what is needed */
	RUN_LOSS = 4,	      /* --strict, and something was lost */
	RUN_ASKED_HELP = -1,  /* a question of --also was --help: done */
};
