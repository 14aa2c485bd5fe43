// SPDX-License-Identifier: BSD-2-Clause
/*
 * An HTTP/1.1 server for those who ask what a run has seen: GET and HEAD, no bodies, nothing that
 * changes anything. It has no thread: http_run() does what there is to do and returns, so it lives
 * in the one loop. libmicrohttpd reads and writes the protocol; who may ask what, and every answer,
 * is decided here. It knows nothing of TCP, engines or metrics.
 *
 * Nobody who asks can hold the loop, or much memory: connections, those of one address, headers,
 * the time that a request and its answer may take, streams and what waits in them are all limited.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct http;
struct http_body;
struct http_request;
struct http_settings;
struct http_stream;
struct out;

#define HTTP_CONNECTIONS_MAX 64
#define HTTP_PER_ADDRESS_MAX 48
#define HTTP_STREAMS_MAX 16
#define HTTP_HEADER_MAX 8192
#define HTTP_TARGET_MAX 8192
#define HTTP_IDLE_S 10
#define HTTP_ANSWER_S 60 /* an answer that is no stream must have been taken by then */
#define HTTP_STREAM_QUEUE_MAX (256u << 10)

/* What is served on a listener, and by a route. */
enum http_scope {
	HTTP_HEALTH = 1,
	HTTP_METRICS = 2,
	HTTP_API = 4,
	HTTP_PAGE = 8,
	HTTP_ALL = 15,
};

/* Where the API is served: who asks for something else is told where to look. */
#define HTTP_NOTHING_THERE "there is nothing at this path: /api/v1/openapi.json lists what there is"

/* One endpoint. All is borrowed for the life of the server. */
struct http_route {
	const char *path; /* "/metrics"; if it ends in '/', also all below: see http_rest() */
	unsigned scope;	  /* one of enum http_scope: only listeners that have it serve it */
	const char *const *parameters; /* that its query may have, NULL at the end; NULL: none */
	/*
	 * Answer with exactly one of the calls below, before returning. Host, method, size, who
	 * asks, and the names of parameters were checked.
	 */
	void (*answer)(void *context, struct http_request *q);
	void *context;
};

/* Gives; never NULL. Routes may be added from then on, listeners are opened by http_open(). */
struct http *http_new(void);
void http_free(struct http *h);
void http_add_route(struct http *h, const struct http_route *route);

/* Polls readable when http_run() has work. */
int http_fd(const struct http *h);
void http_run(struct http *h);

/* ---- what is asked ---- */

/* Of a route that ends in '/': the path behind it, decoded; "" if there is nothing. */
const char *http_rest(const struct http_request *q);
/* The decoded value of a parameter, which occurs once at most; NULL if it is not there. */
const char *http_query(const struct http_request *q, const char *name);
/* NULL if there is none. Names are compared without case. */
const char *http_header(const struct http_request *q, const char *name);

/* ---- answers ---- */

/* The body was written to `out`, made by out_init_memory(); it is taken over. */
void http_answer(struct http_request *q, unsigned status, const char *type, struct out *body);

/*
 * RFC 9457: `title` says what kind of problem it is, `detail` what is wrong. If `parameter` is not
 * NULL, it is about that one, and the caret goes under its byte `at`; SIZE_MAX: no caret.
 */
void http_problem(struct http_request *q, unsigned status, const char *title, const char *detail,
		  const char *parameter, size_t at);
void http_problem_format(struct http_request *q, unsigned status, const char *title,
			 const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * A body that is made piece by piece, as the socket takes it, so that a long one costs neither
 * memory nor time at once. `more` appends the next piece (some 16 KiB; all pieces are one body) to
 * `out` and returns false with the last. `done` frees `context`, also if the client has gone.
 */
struct http_pieces {
	bool (*more)(void *context, struct out *out);
	void (*done)(void *context);
};
void http_answer_pieces(struct http_request *q, unsigned status, const char *type,
			const struct http_pieces *pieces, void *context);

/* A body that many answers share; counted references. `type` is a constant. */
struct http_body *http_body_new(struct out *body, const char *type); /* takes `body` over */
struct http_body *http_body_gzip(const struct http_body *plain);     /* NULL: it cannot be made */
struct http_body *http_body_hold(struct http_body *b);
void http_body_drop(struct http_body *b); /* accepts NULL */
size_t http_body_size(const struct http_body *b);
void http_answer_body(struct http_request *q, unsigned status, struct http_body *body);

/* Also for constants of the program: `encoding` is "gzip" or NULL; nothing is copied. */
void http_answer_static(struct http_request *q, const char *type, const char *encoding,
			const void *data, size_t size);

/* A header of the answer that is given next. */
void http_add_header(struct http_request *q, const char *name, const char *value);

/*
 * An answer without an end, such as server-sent events. NULL if there are HTTP_STREAMS_MAX already:
 * then it was answered by 503. `closed` is told when the client has gone, or was let go, but not
 * after http_stream_end(). The stream must not be used after either.
 */
struct http_stream *http_answer_stream(struct http_request *q, const char *type,
				       void (*closed)(void *context), void *context);
/*
 * Append, unless it does not fit in the queue: then nothing is written, and false is returned;
 * whoever writes counts it, and tells the client of the gap when there is room again.
 */
bool http_stream_write(struct http_stream *s, const char *data, size_t size);
size_t http_stream_room(const struct http_stream *s);
/*
 * For what is longer than the queue: `room` is told, with the stream's context, whenever the queue
 * is less than half full and the socket takes more; it may write. NULL: not any more.
 */
void http_stream_on_room(struct http_stream *s, void (*room)(void *context));
void http_stream_end(struct http_stream *s);
