// SPDX-License-Identifier: BSD-2-Clause
/*
 * Who a request says it is for, and where it says it comes from. A web page of a stranger can make
 * a browser on this machine ask us, under a name of the stranger's that stands for our address (DNS
 * rebinding); it cannot make it leave that name out. So only names that are ours are answered.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct gate_names {
	const struct sockaddr
		*local;		  /* of the connection; NULL: of a UNIX socket, any name will do */
	const char *const *names; /* that we have besides, NULL at the end; may be NULL */
};

/* Is `host`, the value of a Host header, ours: our address, "localhost", or one of the names? */
bool gate_knows_host(const char *host, const struct gate_names *names);

/* Is `origin`, the value of an Origin header, the page of the same `host`? */
bool gate_is_own_origin(const char *origin, const char *host);

/* Is `authorization` the word Bearer and `token`? Takes as long for a wrong one as for the right.
 */
bool gate_knows_token(const char *authorization, const char *token);

/* A token that can be guessed is none: at least 128 bits in base64 or hexadecimal digits. */
#define GATE_TOKEN_MIN 22
/* NULL, or why it is refused. */
const char *gate_check_token(const char *token);
