// SPDX-License-Identifier: BSD-2-Clause
/*
 * A thread that does one thing whenever it is asked to, so that the one who asks need not wait:
 * what is asked for while it works is joined to one more turn.
 */
#pragma once
#include <pthread.h>
#include <stdbool.h>

struct helper {
	void (*work)(void *context);
	void *context;
	unsigned period_ms; /* works at least so often; 0: only if it is asked */
	bool is_running, is_asked, must_end;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t asked;
};

/* Set `work`, `context` and `period_ms` first. The thread takes no signals. 0 or -errno. */
int helper_start(struct helper *h);

/* Ask for work. If the helper does not run, it is done here and now. */
void helper_ask(struct helper *h);

/* Do what was asked for, then end the thread. */
void helper_stop(struct helper *h);
