// SPDX-License-Identifier: BSD-2-Clause
#include "fleet/ask.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/prepare.h"
#include "fleet/schema.h"

#define MINUTE_S 60
#define DAY_S 86400
#define PATIENCE_S 600

static const enum fleet_table tables[2] = {FLEET_VOLUME, FLEET_CLOSED};

/* What a row's place in the order is: a minute's own rows never stand behind its end. */
static const char *const place[2] = {
	"least(time_us, (toUInt64(toUInt32(time)) + 60) * 1000000 - 1)", "time_us"};

static void add_where(const struct fleet_ask *a, unsigned i, int64_t from_s, int64_t to_s,
		      struct sql *q)
{
	sql_add(q, " FROM %s.%s WHERE day >= toDate(%u) AND day <= toDate(%u)", a->database,
		fleet_table_name(tables[i]), (unsigned)(from_s / DAY_S),
		(unsigned)((to_s - 1) / DAY_S));
	sql_add(q, " AND time >= toDateTime(%u) AND time < toDateTime(%u)", (unsigned)from_s,
		(unsigned)to_s);
	fleet_match_sql(&a->match, a->is_modern, q);
}

static int ask(struct fleet_ask *a, struct sql *q, struct fleet_reply *reply)
{
	fleet_http_ask(a->http, q->text, NULL, NULL, false, reply);
	sql_done(q);
	if (reply->outcome == FLEET_OK)
		return 0;
	a->failed = reply;
	return -EIO;
}

/* So many slices as keep each small, if rows are spread evenly. */
static int choose_slices(struct fleet_ask *a)
{
	int64_t span = a->to_s - a->from_s, slices;
	uint64_t rows = 0;

	for (unsigned i = a->closes_only; i < 2; i++) {
		struct sql q = {0};
		struct rowbinary_reader in;
		int err;

		sql_add(&q, "SELECT count()");
		add_where(a, i, a->from_s, a->to_s, &q);
		sql_add(&q, " FORMAT RowBinary");
		err = ask(a, &q, &a->reply[i]);
		if (err)
			return err;
		in = (struct rowbinary_reader){a->reply[i].body.byte,
					       a->reply[i].body.byte + a->reply[i].body.len, false};
		rows += rowbinary_get_uint(&in, 8);
	}
	slices = (int64_t)(rows / FLEET_SLICE_ROWS) + 1;
	a->slice_s = (span / slices + MINUTE_S - 1) / MINUTE_S * MINUTE_S;
	if (a->slice_s < MINUTE_S)
		a->slice_s = MINUTE_S;
	return 0;
}

int fleet_ask_begin(struct fleet_ask *a)
{
	char version[64] = "";

	fleet_http_set_patience(a->http, PATIENCE_S);
	a->failed = &a->reply[0];
	fleet_ask_version(a->http, version, sizeof(version), a->failed);
	if (a->failed->outcome == FLEET_OK)
		fleet_ask_lacks(a->http, a->database, &a->lacks, a->failed);
	if (a->failed->outcome != FLEET_OK)
		return -EIO;
	a->is_modern = fleet_is_modern(version);
	fleet_layout_init(&a->layout, a->extra, &a->lacks);
	a->next_s = a->from_s;
	return choose_slices(a);
}

static int fetch(struct fleet_ask *a, unsigned i, int64_t to_s)
{
	const enum fleet_table t = tables[i];
	struct sql q = {0};
	int err;

	sql_add(&q, "SELECT ");
	for (unsigned c = 0; c < a->layout.count[t]; c++)
		sql_add(&q, "%s`%s`", c ? "," : "", a->layout.column[t][c]->name);
	add_where(a, i, a->next_s, to_s, &q);
	sql_add(&q, " ORDER BY %s, host, run, seq FORMAT RowBinary", place[i]);
	err = ask(a, &q, &a->reply[i]);
	a->in[i] = (struct rowbinary_reader){
		a->reply[i].body.byte, a->reply[i].body.byte + (err ? 0 : a->reply[i].body.len),
		false};
	return err;
}

static int fetch_slice(struct fleet_ask *a)
{
	int64_t to_s = a->next_s + a->slice_s < a->to_s ? a->next_s + a->slice_s : a->to_s;
	int err = 0;

	for (unsigned i = a->closes_only; i < 2 && !err; i++)
		err = fetch(a, i, to_s);
	a->next_s = to_s;
	return err;
}

static void set_place(struct fleet_row *row, unsigned i)
{
	uint64_t end_us = ((uint64_t)row->time_s + MINUTE_S) * 1000000 - 1;
	uint64_t us = !i && row->time_us > end_us ? end_us : row->time_us;

	row->ev.time_ns = us * 1000;
}

static int look(struct fleet_ask *a, unsigned i)
{
	const enum fleet_table t = tables[i];

	if (a->has_row[i] || a->in[i].at == a->in[i].end)
		return 0;
	memset(&a->row[i], 0, sizeof(a->row[i]));
	fleet_row_get(&a->in[i], &a->row[i], a->layout.column[t], a->layout.count[t]);
	set_place(&a->row[i], i);
	a->has_row[i] = !a->in[i].failed;
	if (!a->in[i].failed)
		return 0;
	a->failed = &a->reply[i];
	snprintf(a->failed->why, sizeof(a->failed->why), "its answer ends in the middle of a row");
	return -EIO;
}

int fleet_ask_next(struct fleet_ask *a, struct fleet_row **ret_row, enum fleet_table *ret_table)
{
	for (;;) {
		int err = look(a, 0);
		unsigned i;

		err = err ? err : look(a, 1);
		if (err)
			return err;
		if (a->has_row[0] || a->has_row[1]) {
			i = !a->has_row[0] ||
			    (a->has_row[1] && a->row[1].ev.time_ns < a->row[0].ev.time_ns);
			a->has_row[i] = false;
			*ret_row = &a->row[i];
			*ret_table = tables[i];
			return 1;
		}
		if (a->next_s >= a->to_s)
			return 0;
		err = fetch_slice(a);
		if (err)
			return err;
	}
}

void fleet_ask_end(struct fleet_ask *a)
{
	rowbinary_done(&a->reply[0].body);
	rowbinary_done(&a->reply[1].body);
}
