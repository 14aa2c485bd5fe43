// SPDX-License-Identifier: BSD-2-Clause
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "serve/http_state.h"
#include "serve/negotiate.h"
#include "util/out.h"
#include "util/xalloc.h"

#define PIECE 16384
#define GZIP_LEVEL 1
/* A window of 32 KiB, with the header of gzip. */
#define GZIP_WINDOW (15 + 16)
#define GZIP_MEMORY 8

static const char policy[] =
	"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
	"img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
	"require-trusted-types-for 'script'; trusted-types 'none'";

static const char *const headers[][2] = {
	{"Content-Security-Policy", policy},
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "no-referrer"},
	{"Cache-Control", "no-store"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
};

struct http_body {
	unsigned holders;
	const char *type, *encoding;
	char *data;
	size_t size;
};

/* Of http_answer_pieces(): what was made, and not yet taken. */
struct pieces {
	struct http_pieces pieces;
	void *context;
	char *data;
	size_t size, taken;
	bool is_last;
};

void http_add_header(struct http_request *q, const char *name, const char *value)
{
	if (q->headers == HTTP_HEADERS_MAX)
		return;
	q->name[q->headers] = name;
	q->value[q->headers++] = value;
}

void http_send(struct http_request *q, unsigned status, struct MHD_Response *response)
{
	q->is_answered = true;
	q->result = MHD_NO;
	if (!response)
		return;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		mhd.add_response_header(response, headers[i][0], headers[i][1]);
	for (unsigned i = 0; i < q->headers; i++)
		mhd.add_response_header(response, q->name[i], q->value[i]);
	q->result = mhd.queue_response(q->peer->mhd, status, response);
	mhd.destroy_response(response);
}

const char *http_rest(const struct http_request *q)
{
	return q->rest;
}

const char *http_query(const struct http_request *q, const char *name)
{
	return target_find(&q->target, name);
}

const char *http_header(const struct http_request *q, const char *name)
{
	return mhd.lookup_connection_value(q->peer->mhd, MHD_HEADER_KIND, name);
}

void http_answer(struct http_request *q, unsigned status, const char *type, struct out *body)
{
	size_t size;
	char *data = out_take(body, &size);

	http_add_header(q, "Content-Type", type);
	http_send(q, status, mhd.create_response_from_buffer_with_free_callback(size, data, free));
}

void http_problem(struct http_request *q, unsigned status, const char *title, const char *detail,
		  const char *parameter, size_t at)
{
	struct out out;

	out_init_memory(&out);
	out.for_web = true;
	out_str(&out, "{\"type\":\"about:blank\",\"title\":");
	out_json_string(&out, title, strlen(title));
	out_format(&out, ",\"status\":%u,\"detail\":", status);
	out_json_string(&out, detail, strlen(detail));
	if (parameter) {
		out_str(&out, ",\"pointer\":{\"parameter\":");
		out_json_string(&out, parameter, strlen(parameter));
		if (at != SIZE_MAX)
			out_format(&out, ",\"column\":%zu", at);
		out_char(&out, '}');
	}
	out_str(&out, "}\n");
	http_answer(q, status, "application/problem+json", &out);
}

void http_problem_format(struct http_request *q, unsigned status, const char *title,
			 const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	http_problem(q, status, title, text, NULL, SIZE_MAX);
}

/* The next piece, if the one before was taken. */
static bool make_piece(struct pieces *p)
{
	struct out out;

	if (p->taken < p->size)
		return true;
	free(p->data);
	p->data = NULL;
	p->size = p->taken = 0;
	while (!p->is_last && !p->size) {
		out_init_memory(&out);
		p->is_last = !p->pieces.more(p->context, &out);
		free(p->data);
		p->data = out_take(&out, &p->size);
	}
	return p->size;
}

static ssize_t read_piece(void *context, uint64_t at, char *buf, size_t max)
{
	struct pieces *p = context;
	size_t n;

	(void)at;
	if (!make_piece(p))
		return MHD_CONTENT_READER_END_OF_STREAM;
	n = p->size - p->taken < max ? p->size - p->taken : max;
	memcpy(buf, p->data + p->taken, n);
	p->taken += n;
	return (ssize_t)n;
}

static void free_pieces(void *context)
{
	struct pieces *p = context;

	if (p->pieces.done)
		p->pieces.done(p->context);
	free(p->data);
	free(p);
}

void http_answer_pieces(struct http_request *q, unsigned status, const char *type,
			const struct http_pieces *pieces, void *context)
{
	struct pieces *p = xcalloc(1, sizeof(*p));

	p->pieces = *pieces;
	p->context = context;
	http_add_header(q, "Content-Type", type);
	http_send(q, status,
		  mhd.create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE, read_piece, p,
						    free_pieces));
}

struct http_body *http_body_new(struct out *body, const char *type)
{
	struct http_body *b = xcalloc(1, sizeof(*b));

	b->holders = 1;
	b->type = type;
	b->data = out_take(body, &b->size);
	return b;
}

struct http_body *http_body_gzip(const struct http_body *plain)
{
	z_stream z = {.next_in = (void *)plain->data, .avail_in = (uInt)plain->size};
	struct http_body *b;

	if (deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return NULL;
	b = xcalloc(1, sizeof(*b));
	b->holders = 1;
	b->type = plain->type;
	b->encoding = "gzip";
	b->size = deflateBound(&z, plain->size);
	b->data = xmalloc(b->size);
	z.next_out = (void *)b->data;
	z.avail_out = (uInt)b->size;
	deflate(&z, Z_FINISH);
	b->size = z.total_out;
	deflateEnd(&z);
	b->data = xrealloc(b->data, b->size);
	return b;
}

struct http_body *http_body_hold(struct http_body *b)
{
	b->holders++;
	return b;
}

void http_body_drop(struct http_body *b)
{
	if (!b || --b->holders)
		return;
	free(b->data);
	free(b);
}

size_t http_body_size(const struct http_body *b)
{
	return b->size;
}

static void drop_body(void *context)
{
	http_body_drop(context);
}

static void add_encoding(struct http_request *q, const char *encoding)
{
	http_add_header(q, "Vary", "Accept, Accept-Encoding");
	if (encoding)
		http_add_header(q, "Content-Encoding", encoding);
}

void http_answer_body(struct http_request *q, unsigned status, struct http_body *body)
{
	http_add_header(q, "Content-Type", body->type);
	add_encoding(q, body->encoding);
	http_send(q, status,
		  mhd.create_response_from_buffer_with_free_callback_cls(
			  body->size, body->data, drop_body, http_body_hold(body)));
}

void http_answer_static(struct http_request *q, const char *type, const char *encoding,
			const void *data, size_t size)
{
	http_add_header(q, "Content-Type", type);
	add_encoding(q, encoding);
	http_send(q, 200,
		  mhd.create_response_from_buffer(size, (void *)data, MHD_RESPMEM_PERSISTENT));
}
