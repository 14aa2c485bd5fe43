// SPDX-License-Identifier: BSD-2-Clause
/*
 * What tcpeek does beside printing lines: it counts handshakes under filters, answers on a socket,
 * and sums up at the end. It stands between the source and the engine: a handshake that no filter
 * wants goes no further.
 */
#pragma once
#include <sys/types.h>

struct account;
struct engine;
struct event;
struct loop;
struct out;
struct peek;
struct settings;
struct source;

extern const char peek_loss_advice[];

/* Keeps all but `program`. 0, or -EINVAL if an expression is none; that was printed. */
int peek_new(struct peek **ret, const struct settings *settings, const char *program,
	     struct engine *engine, struct source *source);
void peek_free(struct peek *p);

/* A source's emit; `context` is a struct peek. */
void peek_event(void *context, const struct event *ev);

/* The capture is open: say so, and open the control socket for this user. 0 or -errno, logged. */
int peek_start(struct peek *p, struct loop *loop, uid_t uid, gid_t gid);

/* What it needs from now on: enum syscalls. */
unsigned peek_syscalls(const struct peek *p);

/* With --json: the counters as one object. */
void peek_put_filters(const struct peek *p, struct out *out);

/* On stderr. */
void peek_put_summary(const struct peek *p, const struct account *account);
