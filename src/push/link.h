// SPDX-License-Identifier: BSD-2-Clause
/*
 * A process of its own that sends finished bodies to a server: looking up names, TLS and waiting
 * for whoever does not answer need files, libraries and system calls that nobody who watches should
 * have. If it hangs or dies, watching goes on.
 *
 * This is the side of who watches. A body goes over in a memfd; at most PUSH_UNDER_WAY are there at
 * a time, the others wait here, within a limit. What finds no room pushes out the oldest, which is
 * counted.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "push/job.h"

#define PUSH_UNDER_WAY 2
#define PUSH_RECORDS_MAX 10000
#define PUSH_BYTES_MAX (16u << 20)

/* In records but for the retries. All only grow, but for those that wait. */
struct push_account {
	uint64_t sent, rejected, given_up, dropped, retries;
	uint32_t waiting; /* here, or under way */
	bool is_up;	  /* the process lives */
	bool is_connected;
};

enum push_end {
	PUSH_SETTLED,  /* the server took or refused it */
	PUSH_GIVEN_UP, /* it did not answer, or the process has ended: it may have arrived */
	PUSH_DROPPED,  /* it was never handed over */
};

/* Who wants to know what became of a job. */
struct push_observer {
	/* True: its records are sent another time, and are not lost. Calls nothing of here. */
	bool (*ended)(void *context, const struct push_job *job, enum push_end end);
	/* It goes to the process now, so it may arrive. */
	void (*handed_over)(void *context, const struct push_job *job);
	void *context;
};

struct push_body;

struct push {
	int socket; /* readable when there are answers; -1 if the process has ended */
	pid_t pid;
	struct push_body *first, *last;
	uint64_t bytes;
	struct push_job under_way[PUSH_UNDER_WAY];
	unsigned jobs;
	struct push_account account;
	struct push_observer observer; /* NULL: nobody */
	bool has_ended;		       /* the process has, by itself; told by push_has_ended() */
	int64_t owes_since_ms;	       /* an answer to what is under way; of the monotonic clock */
};

/*
 * Start the process, for this user without any capability and with no descriptor but stderr and its
 * end of the socket. `settings` is the child's copy. 0 or -errno.
 */
int push_start(struct push *p, push_work *work, const void *settings, uid_t uid, gid_t gid);

/* Hand over `body`, job->bytes from malloc(): it belongs to `p` from here on. */
void push_send(struct push *p, const struct push_job *job, void *body);

/* Would what is sent now go to the process at once? */
bool push_has_room(const struct push *p);

/* Drop what waits here of a kind. */
void push_drop(struct push *p, uint32_t kind);

/* The earliest time of the records of a kind that wait or are under way; UINT64_MAX: none do. */
uint64_t push_oldest_us(const struct push *p, uint32_t kind);

/* Does the process owe the answer to something since more than `limit_s` seconds? */
bool push_is_stuck(const struct push *p, unsigned limit_s);

/* Take answers, and hand over what waits. */
void push_run(struct push *p);

/* Has the process ended by itself? True once, whichever call found out. */
bool push_has_ended(struct push *p);

/* Wait until less than `records` wait, or so many milliseconds. */
void push_wait(struct push *p, uint32_t records, int timeout_ms);

/* Let the process end, and free what is left, which counts as dropped. */
void push_stop(struct push *p);
