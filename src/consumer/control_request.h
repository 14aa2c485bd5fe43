// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a client of the control socket says, in pieces of any size: one line, which ends with a line
 * feed, or where the client stops, or at its greatest length. Pure: it neither reads nor answers.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define CONTROL_REQUEST_MAX 127

enum control_wish {
	CONTROL_GET,	 /* all that was counted; also what anything else means, as in tcpeek */
	CONTROL_REFRESH, /* what was counted since anybody wished this last */
};

/* Zeroed, it waits for the first piece. */
struct control_request {
	char text[CONTROL_REQUEST_MAX]; /* without the line feed */
	size_t len;
	bool is_whole;
};

/* Take a piece, borrowed for the call; what stands after the end is nobody's. True once it is whole. */
bool control_request_take(struct control_request *r, const char *piece, size_t len);

/* What the part that was taken means, blanks around it aside. */
enum control_wish control_request_wish(const struct control_request *r);
