// SPDX-License-Identifier: BSD-2-Clause
/*
 * What comes over a connection to an agent, taken apart: the head of the answer, the line that says what
 * the stream is, and then events (abi/stream.h). Pure: bytes are put in, in any pieces.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/stream.h"

#define CONNECT_BUFFER 65536

struct connect_read {
	char buf[CONNECT_BUFFER];
	size_t used, at;
	bool has_line;
	/* Of the line: */
	int64_t offset_ns;
	uint64_t interval_ns;
	unsigned has;
	char why[512]; /* what is wrong */
};

/* Where bytes may be put, and how many; connect_read_put() says how many were. */
char *connect_read_room(struct connect_read *c, size_t *ret_room);
void connect_read_put(struct connect_read *c, size_t n);

/*
 * The head of the answer and the line: 1 once they are there, 0 if more must come, or -EPROTO and
 * `why`. `version` is ours: that of the other side must be the same.
 */
int connect_read_line(struct connect_read *c, const char *version);

/* The next event into `ev`: 1, 0 if more must come, or -EPROTO and `why`. */
int connect_read_event(struct connect_read *c, struct event *ev);
