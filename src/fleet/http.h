// SPDX-License-Identifier: BSD-2-Clause
/* Asking a ClickHouse server over HTTP, one question at a time, with libcurl. */
#pragma once
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "fleet/rowbinary.h"
#include "fleet/server.h"

struct fleet_http;

/* How it went, as far as it matters for what to do next. */
enum fleet_outcome {
	FLEET_OK,
	FLEET_NOT_SENT, /* no connection was made: the server knows nothing of it */
	FLEET_DOUBT,	/* the connection broke, or took too long: it may have been done */
	FLEET_LOGIN,	/* we may not */
	FLEET_WRONG,	/* no such table, column or database */
	FLEET_BAD_ROWS, /* it could not read what we sent */
	FLEET_BUSY,	/* anything else: it says no for now */
	FLEET_STOPPED,	/* we were told to stop meanwhile */
};

struct fleet_reply {
	enum fleet_outcome outcome;
	int code;		/* ClickHouse's, 0 if it gave none */
	unsigned retry_after_s; /* as it asked for; 0: it did not */
	char why[FLEET_WHY];	/* in words, if it is not FLEET_OK */
	struct rowbinary
		body; /* what it answered; keep it for the next question, or rowbinary_done() */
};

/*
 * `*stop` ends a question that runs. Gives; free with fleet_http_close(). NULL if there is no
 * memory. `server` is borrowed.
 */
struct fleet_http *fleet_http_open(const struct fleet_server *server,
				   const volatile sig_atomic_t *stop);
void fleet_http_close(struct fleet_http *h);

/* How long a question may take without a byte coming or going; 60 if it is not set. */
void fleet_http_set_patience(struct fleet_http *h, unsigned seconds);

/*
 * `query` with `rows` behind it (NULL: none), under a name that the server knows it by while it
 * runs (NULL: none). With `gzip` the rows are packed on their way.
 */
void fleet_http_ask(struct fleet_http *h, const char *query, const char *query_id,
		    const struct rowbinary *rows, bool gzip, struct fleet_reply *ret);

/* Of what ClickHouse says when it fails: "Code: 60, e.displayText() = ...". 0 if it is not that. */
int fleet_http_code(const char *text);
enum fleet_outcome fleet_http_outcome(long status, int code);
