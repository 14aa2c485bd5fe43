// SPDX-License-Identifier: BSD-2-Clause
/* What the server holds, for its own files. */
#pragma once
#include <sys/queue.h>
#include <sys/socket.h>

#include "serve/http.h"
#include "serve/http_listen.h"
#include "serve/mhd.h"
#include "serve/target.h"

#define HTTP_LISTENERS_MAX 16
#define HTTP_ROUTES_MAX 64
#define HTTP_HEADERS_MAX 8

struct http_daemon {
	struct http *http;
	struct http_listener listener;
	struct MHD_Daemon *mhd;
};

struct http_request {
	struct http_peer *peer;
	struct target target;
	const char *wrong; /* with its target; NULL: nothing */
	const struct http_route *route;
	const char *rest;
	const char *name[HTTP_HEADERS_MAX], *value[HTTP_HEADERS_MAX]; /* of the answer */
	unsigned headers;
	bool is_long, is_head, was_seen, is_answered;
	enum MHD_Result result;
};

/* One connection. */
struct http_peer {
	TAILQ_ENTRY(http_peer) others;
	struct http_daemon *daemon;
	struct MHD_Connection *mhd;
	int fd;
	uint64_t since_ns; /* connected, or the last answer was taken, or a request came whole */
	bool is_answering, is_stream, is_cut;
	bool knows_uid;
	uid_t uid; /* of a UNIX socket or over loopback, once it was asked for; else -1 */
	struct http_request request;
};

TAILQ_HEAD(http_peers, http_peer);
LIST_HEAD(http_streams, http_stream);

struct http_stream {
	LIST_ENTRY(http_stream) others;
	struct http_peer *peer;
	char *queue; /* a ring of HTTP_STREAM_QUEUE_MAX bytes */
	size_t from, used;
	bool is_waiting; /* nothing was there for the socket to take */
	bool is_ended;	 /* whoever wrote has let it go */
	void (*closed)(void *context);
	void (*room)(void *context);
	void *context;
};

struct http {
	struct http_daemon daemon[HTTP_LISTENERS_MAX];
	unsigned daemons;
	struct http_route route[HTTP_ROUTES_MAX];
	unsigned routes;
	struct http_policy policy;
	struct http_counts counts;
	struct http_peers peers;
	struct http_streams streams;
	unsigned stream_count;
	int epoll, timer, wake, diag;
	bool is_timed, is_awake;
};

/* http.c, for http_answer.c: the answer is ready. Takes `response` over. */
void http_send(struct http_request *q, unsigned status, struct MHD_Response *response);

/*
 * http_gate.c: may it be answered? If not, it was. The first is about what came as headers, the
 * second about who asks for what.
 */
bool http_admit_protocol(struct http_request *q, struct MHD_Connection *c, const char *method,
			 const char *version);
bool http_admit(struct http_request *q);

/* http_stream.c */
/* http_fd() is readable at once: there is more to do. */
void http_wake(struct http *h);
void http_streams_end(struct http *h);
