// SPDX-License-Identifier: BSD-2-Clause
/* The process that sends: what surrounds its work. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

#include "push/job.h"
#include "push/retry.h"

/* Give up privileges and descriptors, then work. Returns the exit status. */
int push_child(push_work *work, const void *settings, int socket, uid_t uid, gid_t gid);

/* A job with its body, mapped. */
struct push_taken {
	struct push_job job;
	void *body;
};

/*
 * Wait for a job, at most so many milliseconds; -1: for ever. 1, 0 if none came, -1 if whoever
 * watches has ended. A body of length 0 is NULL.
 */
int push_take(int socket, struct push_taken *ret, int timeout_ms);
void push_done(int socket, struct push_taken *taken, const struct push_answer *answer);

/* What is done with jobs. */
struct push_worker {
	/* Until it is known what became of it, which `ret` says; false if whoever watches has
	 * ended. */
	bool (*send)(void *context, const struct push_taken *taken, struct push_answer *ret);
	/* Before each job, and so often without any (ms); NULL: nothing. */
	void (*look)(void *context);
	int look_ms; /* -1: never */
	void *context;
};

/* One job after the other, until whoever watches has ended. */
void push_serve(int socket, const struct push_worker *worker);

/* The host's clock; who waits by it sees on the socket, borrowed, that whoever watches has ended.
 */
struct retry_clock push_clock(const int *socket);
