// SPDX-License-Identifier: BSD-2-Clause
/*
 * The control socket: a UNIX stream socket that answers one request per connection. It never waits
 * for a client: reading, writing and closing happen when the socket is ready, and whoever takes
 * too long, or comes when too many are there, is cut off.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "consumer/control_request.h"

struct out;

#define CONTROL_CLIENTS_MAX 32

struct control;

/*
 * Listen at `path`, in a file of mode 0660 that belongs to `uid` and `gid`. A file that nobody
 * listens on any more is replaced; the last folder of the path is made if it is missing, for the
 * same owner. `answer` is called for each request, and writes the answer.
 * Returns 0 or -errno, logged.
 */
int control_open(struct control **ret, const char *path, uid_t uid, gid_t gid,
		 void (*answer)(void *context, enum control_wish wish, struct out *out),
		 void *context);

/* Polls readable when control_run() has work. */
int control_fd(const struct control *c);
void control_run(struct control *c);

/* Also removes the file, if that is still allowed. Accepts NULL. */
void control_close(struct control *c);
