// SPDX-License-Identifier: BSD-2-Clause
#include "fleet/deliver.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "util/xalloc.h"

#define WAIT_FIRST_MS 100
#define WAIT_MOST_MS 30000
#define WAIT_RUNNING_MS 500
/* A password, or a table that somebody has to make: people take their time. */
#define WAIT_PEOPLE_MS 60000
#define REJECTED_AFTER 3

void fleet_insert(struct sql *q, const char *database, enum fleet_table table,
		  const struct fleet_layout *layout)
{
	sql_add(q, "INSERT INTO %s.%s (", database, fleet_table_name(table));
	for (unsigned i = 0; i < layout->count[table]; i++)
		sql_add(q, "%s`%s`", i ? "," : "", layout->column[table][i]->name);
	sql_add(q, ") FORMAT RowBinary");
}

/* Names a block for ever, and has nothing that a URL could not have. */
static void name_block(const struct fleet_delivery *d, const struct fleet_block *k, char *buf,
		       size_t size)
{
	snprintf(buf, size, "tcpsight-%.32s-%s-%u-%" PRIu64 "-%" PRIu64, d->run,
		 fleet_table_name(k->table), k->day, k->first, k->last);
	for (char *p = buf; *p; p++)
		if (*p != '-' && *p != '_' && (*p < '0' || *p > '9') && (*p < 'a' || *p > 'z'))
			*p = '_';
}

static void add_rows_of(const struct fleet_delivery *d, const struct fleet_block *k, struct sql *q)
{
	sql_add(q, " FROM %s.%s WHERE day = toDate(%u) AND host = ", d->database,
		fleet_table_name(k->table), k->day);
	sql_add_text(q, d->host);
	sql_add(q,
		" AND time >= toDateTime(%u) AND time <= toDateTime(%u) AND run = ", k->time_first,
		k->time_last);
	sql_add_text(q, d->run);
	sql_add(q, " AND seq >= %" PRIu64 " AND seq <= %" PRIu64, k->first, k->last);
}

/*
 * How many of its rows are there, or -EAGAIN if an insert of it runs at this moment. -EIO. What
 * runs is looked at first: the server works out what stands in brackets before it reads a table.
 */
static int64_t ask_rows(struct fleet_delivery *d, const struct fleet_block *k,
			struct fleet_reply *reply)
{
	unsigned long long running = 0, rows = 0;
	char name[160], text[64];
	struct sql q = {0};

	name_block(d, k, name, sizeof(name));
	sql_add(&q, "SELECT (SELECT count() FROM system.processes WHERE query_id = ");
	sql_add_text(&q, name);
	sql_add(&q, "), uniqExact(seq)");
	add_rows_of(d, k, &q);
	d->asked++;
	fleet_http_ask(d->http, q.text, NULL, NULL, false, reply);
	sql_done(&q);
	if (reply->outcome != FLEET_OK)
		return -EIO;
	snprintf(text, sizeof(text), "%.*s", (int)reply->body.len,
		 reply->body.len ? (const char *)reply->body.byte : "");
	if (sscanf(text, "%llu %llu", &running, &rows) != 2)
		return -EIO;
	return running ? -EAGAIN : (int64_t)rows;
}

/* So that hosts which lost one server do not all come back at once. */
static unsigned with_jitter(unsigned ms)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		return ms;
	return ms - random % (ms / 2 + 1);
}

struct attempt {
	const struct fleet_layout *layout;
	const struct fleet_block *block;
	struct fleet_block rest; /* what of it is missing, if some was there */
	struct fleet_reply reply;
	unsigned wait_ms;
	unsigned bad_rows;
	bool is_sent;
};

static unsigned choose_wait(struct attempt *a)
{
	const struct fleet_reply *reply = &a->reply;

	if (reply->outcome == FLEET_LOGIN || reply->outcome == FLEET_WRONG)
		return WAIT_PEOPLE_MS;
	if (reply->retry_after_s)
		return reply->retry_after_s < 3600 ? reply->retry_after_s * 1000 : 3600000;
	a->wait_ms = a->wait_ms ? 2 * a->wait_ms : WAIT_FIRST_MS;
	if (a->wait_ms > WAIT_MOST_MS)
		a->wait_ms = WAIT_MOST_MS;
	return with_jitter(a->wait_ms);
}

static bool wait_again(struct fleet_delivery *d, struct attempt *a)
{
	unsigned ms = choose_wait(a);

	if (a->reply.outcome == FLEET_STOPPED)
		return false;
	d->retries++;
	d->tell(d->context, &a->reply, ms);
	return d->wait(d->context, ms);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Of the block's rows those whose numbers are not in `there`, which is sorted. */
static void keep_missing(struct attempt *a, const uint64_t *there, size_t count)
{
	const struct fleet_block *k = a->block;
	const struct fleet_layout *l = a->layout;
	struct rowbinary_reader in = {k->body.byte, k->body.byte + k->body.len, false};
	struct fleet_row row = {0};
	struct fleet_block rest = *k;

	rest.rows = 0;
	rest.body = (struct rowbinary){0};
	for (uint64_t i = 0; i < k->rows; i++) {
		fleet_row_get(&in, &row, l->column[k->table], l->count[k->table]);
		if (bsearch(&row.seq, there, count, sizeof(*there), compare))
			continue;
		rest.rows++;
		fleet_row_put(&rest.body, &row, l->column[k->table], l->count[k->table]);
	}
	rowbinary_done(&a->rest.body);
	a->rest = rest;
	a->block = &a->rest;
}

/* Some rows came with other blocks. Their numbers; 0 or -EIO. */
static int take_rest(struct fleet_delivery *d, struct attempt *a)
{
	struct sql q = {0};
	uint64_t *there;
	size_t count;

	sql_add(&q, "SELECT seq");
	add_rows_of(d, a->block, &q);
	sql_add(&q, " ORDER BY seq FORMAT RowBinary");
	fleet_http_ask(d->http, q.text, NULL, NULL, false, &a->reply);
	sql_done(&q);
	if (a->reply.outcome != FLEET_OK)
		return -EIO;
	count = a->reply.body.len / sizeof(*there);
	there = xmalloc(count * sizeof(*there) + 1);
	for (size_t i = 0; i < count; i++) {
		struct rowbinary_reader in = {a->reply.body.byte + i * sizeof(*there),
					      a->reply.body.byte + a->reply.body.len, false};

		there[i] = rowbinary_get_uint(&in, sizeof(*there));
	}
	d->parts++;
	keep_missing(a, there, count);
	free(there);
	return 0;
}

/* Whether it is there: 1, 0, or -EAGAIN if it is to be asked again, -EINTR if it is time to stop.
 */
static int is_there(struct fleet_delivery *d, struct attempt *a)
{
	int64_t n = ask_rows(d, a->block, &a->reply);
	uint64_t rows = a->block->rows;

	if (n == -EAGAIN)
		return d->wait(d->context, WAIT_RUNNING_MS) ? -EAGAIN : -EINTR;
	if (n > 0 && (uint64_t)n < rows && a->block->body.len)
		n = take_rest(d, a);
	if (n < 0)
		return wait_again(d, a) ? -EAGAIN : -EINTR;
	d->found += (uint64_t)n >= rows;
	return (uint64_t)n >= rows;
}

static enum fleet_outcome post(struct fleet_delivery *d, struct attempt *a)
{
	const struct fleet_block *k = a->block;
	struct sql q = {0};
	char name[160];

	name_block(d, k, name, sizeof(name));
	fleet_insert(&q, d->database, k->table, a->layout);
	d->sent++;
	fleet_http_ask(d->http, q.text, name, &k->body, d->gzip, &a->reply);
	sql_done(&q);
	return a->reply.outcome;
}

static enum fleet_delivered reject(struct fleet_delivery *d, struct attempt *a)
{
	const struct fleet_block *k = a->block;
	struct sql q = {0};
	char name[160];

	name_block(d, k, name, sizeof(name));
	fleet_insert(&q, d->database, k->table, a->layout);
	d->reject(d->context, k, q.text, name, a->reply.why);
	sql_done(&q);
	return FLEET_REJECTED;
}

static enum fleet_delivered deliver(struct fleet_delivery *d, struct attempt *a)
{
	for (;;) {
		enum fleet_outcome outcome;
		int there = a->is_sent ? is_there(d, a) : 0;

		if (there == -EINTR)
			return FLEET_INTERRUPTED;
		if (there > 0)
			return FLEET_ARRIVED;
		if (there < 0)
			continue;
		a->is_sent = false;
		outcome = post(d, a);
		if (outcome == FLEET_OK)
			return FLEET_ARRIVED;
		if (outcome == FLEET_BAD_ROWS && ++a->bad_rows == REJECTED_AFTER)
			return reject(d, a);
		/* Only without a connection is it sure that nothing has happened. */
		a->is_sent = outcome != FLEET_NOT_SENT;
		if (!wait_again(d, a))
			return FLEET_INTERRUPTED;
	}
}

enum fleet_delivered fleet_deliver(struct fleet_delivery *d, const struct fleet_layout *layout,
				   const struct fleet_block *block, bool is_sent)
{
	struct attempt a = {.layout = layout, .block = block, .is_sent = is_sent};
	enum fleet_delivered result = deliver(d, &a);

	rowbinary_done(&a.reply.body);
	rowbinary_done(&a.rest.body);
	return result;
}

int64_t fleet_find(struct fleet_delivery *d, const struct fleet_block *block)
{
	struct attempt a = {.block = block, .is_sent = true};
	int64_t n;

	do {
		n = ask_rows(d, block, &a.reply);
		if (n == -EAGAIN)
			n = d->wait(d->context, WAIT_RUNNING_MS) ? -EAGAIN : -EINTR;
		if (n == -EIO)
			n = wait_again(d, &a) ? -EAGAIN : -EINTR;
	} while (n == -EAGAIN);
	rowbinary_done(&a.reply.body);
	return n;
}
