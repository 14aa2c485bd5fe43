// SPDX-License-Identifier: BSD-2-Clause
#include "record/helper.h"

#include <signal.h>
#include <time.h>

/* Returns false when the thread must end. */
static bool wait_for_work(struct helper *h)
{
	struct timespec until;
	bool goes_on;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += h->period_ms / 1000;
	until.tv_nsec += h->period_ms % 1000 * 1000000l;
	if (until.tv_nsec >= 1000000000l) {
		until.tv_nsec -= 1000000000l;
		until.tv_sec++;
	}
	pthread_mutex_lock(&h->mutex);
	while (!h->is_asked && !h->must_end) {
		if (!h->period_ms)
			pthread_cond_wait(&h->asked, &h->mutex);
		else if (pthread_cond_timedwait(&h->asked, &h->mutex, &until))
			break;
	}
	goes_on = h->is_asked || !h->must_end;
	h->is_asked = false;
	pthread_mutex_unlock(&h->mutex);
	return goes_on;
}

static void *run(void *context)
{
	struct helper *h = context;

	while (wait_for_work(h))
		h->work(h->context);
	return NULL;
}

int helper_start(struct helper *h)
{
	pthread_condattr_t attr;
	sigset_t all, before;
	int err;

	h->is_asked = h->must_end = false;
	pthread_mutex_init(&h->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&h->asked, &attr);
	pthread_condattr_destroy(&attr);
	/* Signals are for the main thread's loop. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&h->thread, NULL, run, h);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	h->is_running = !err;
	return -err;
}

void helper_ask(struct helper *h)
{
	if (!h->is_running) {
		h->work(h->context);
		return;
	}
	pthread_mutex_lock(&h->mutex);
	h->is_asked = true;
	pthread_cond_signal(&h->asked);
	pthread_mutex_unlock(&h->mutex);
}

void helper_stop(struct helper *h)
{
	if (!h->is_running)
		return;
	pthread_mutex_lock(&h->mutex);
	h->must_end = true;
	pthread_cond_signal(&h->asked);
	pthread_mutex_unlock(&h->mutex);
	pthread_join(h->thread, NULL);
	h->is_running = false;
	pthread_cond_destroy(&h->asked);
	pthread_mutex_destroy(&h->mutex);
}
