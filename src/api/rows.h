// SPDX-License-Identifier: BSD-2-Clause
/*
 * Rows of an answer: chosen, copied, and only then written, piece by piece, as the client takes them.
 * So a page is of one moment, however slow its reader is.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"
#include "verdict/verdict.h"

struct api;
struct ask;
struct http_request;
struct out;
struct earlier;
struct row;

/* A row to be: a flow as it was, and what it moved in the last interval. */
struct kept {
	struct event ev;
	struct ev_count moved;
	bool has_moved;
	struct verdict *verdict; /* owned; NULL: nobody asked for it */
};

struct rows {
	struct api *api;
	struct ask *ask;
	const struct earlier *earlier; /* of which moment; NULL: now */
	bool keeps_ask; /* rows_free() does not free it */
	bool quotes_big; /* numbers beyond 2^53 are strings */
	size_t bytes_max; /* rows beyond it are left out; 0: no limit */
	struct kept *kept;
	size_t held, room;
	size_t count, at; /* of those that are held: to be written, and written */
	uint64_t total, matched;
	uint64_t moment_ns;
	char next[40]; /* cursor of the next page; "": this was the last */
	bool has_head;
};

/* Gives; takes `ask`, unless keeps_ask is set. */
struct rows *rows_new(struct api *api, struct ask *ask);
void rows_free(void *rows);

/* Copy the flow in a slot as the next row; its verdict, too, if a column asks for it. */
void rows_keep_live(struct rows *r, uint32_t slot);
/* Likewise one that closed. */
void rows_keep_closed(struct rows *r, const struct event *ev);
/* Likewise one of an earlier moment, on which there is no verdict. */
void rows_keep_earlier(struct rows *r, const struct event *ev);

/* What a column shows of it: borrowed until the next call. */
struct row rows_row(struct api *api, const struct kept *kept, uint64_t moment_ns);

/*
 * The same of a flow that is there, to look at one column: `needs` (enum column_need) says what of it,
 * so that what is not looked at costs nothing.
 */
struct row rows_live_row(struct api *api, uint32_t slot, struct kept *scratch, unsigned needs);

/* The object of JSON, `id` first if the columns do not have it. */
void rows_put(const struct rows *r, const struct kept *kept, struct out *out);

/* "moment":"...","interval":1.0 */
void rows_put_moment(struct api *api, uint64_t moment_ns, struct out *out);

/* Answer with them; `r` is taken. */
void rows_answer(struct rows *r, struct http_request *q);

/* The next piece of the envelope; false: it was the last. */
bool rows_more(void *rows, struct out *out);

/* The whole envelope at once. */
void rows_put_all(struct rows *r, struct out *out);
