// SPDX-License-Identifier: BSD-2-Clause
/*
 * The rows of a chunk, in the order in which a reader needs them: ticks of the empty intervals
 * before it, names, who the flows are, then what happened, by time; then what flows moved, and the
 * tick. A row of the window is given out, one before it only changes what is known of flows.
 */
#include <string.h>

#include "record/recording_state.h"
#include "util/xalloc.h"

#define NS_PER_US 1000
#define COLUMN_TIME 20

typedef int step_function(struct recording *r, struct event *ev);

/* Is a row of `table` ready? */
static inline bool is_at_row(const struct recording *r, enum record_table table)
{
	return r->table[table] && table_reader_has_row(r->table[table]);
}

/* Make the next row of `table` ready; false if there is none. */
static bool has_row(struct recording *r, enum record_table table)
{
	struct table_reader *t = r->table[table];
	struct stream_reader *s = &r->stream[chunk_stream(&r->chunk)];
	struct block b;

	if (is_at_row(r, table))
		return true;
	if (!t)
		return false;
	while (!table_reader_has_row(t)) {
		if (!r->cursor.next[table])
			return false;
		r->cursor.next[table] =
			r->cursor.next[table] == r->cursor.end
				? NULL
				: block_get(r->cursor.next[table], r->cursor.end, &b);
		if (r->cursor.next[table] && b.table == table && table_reader_set(t, s, &b)) {
			r->stats.bad_rows += b.rows;
			t->rows = 0;
		}
	}
	return true;
}

static void take_row(struct recording *r, enum record_table table, void *row)
{
	struct table_reader *t = r->table[table];

	table_reader_row(t, &r->stream[chunk_stream(&r->chunk)], row);
	t->at++;
}

/* The window begins: what lives then is told before the row at hand. */
static bool must_tell_first(struct recording *r)
{
	if (r->has_begun)
		return false;
	r->has_begun = true;
	r->walk = WALK_TELL;
	r->walk_at = 0;
	return true;
}

static bool is_before_window(const struct recording *r, uint64_t time_us)
{
	return (int64_t)time_us < r->from_us;
}

static int give_tick(struct recording *r, enum record_table table, struct event *ev)
{
	struct record_tick tick;

	while (has_row(r, table)) {
		uint64_t time_us = table_reader_time(r->table[table], 359);
		bool before = (int64_t)time_us <= r->from_us;

		if (!before && must_tell_first(r))
			return ROWS_WALK;
		take_row(r, table, &tick);
		r->last_tick_us = time_us;
		if (before || (int64_t)time_us > r->to_us)
			continue;
		memset(ev, 0, EV_SIZE_IDENT);
		ev->head.kind = EV_TIME;
		ev->time_ns = tick.time_ns;
		flows_shift(r, ev);
		return RECORDING_EVENT;
	}
	return 0;
}

static int step_quiet(struct recording *r, struct event *ev)
{
	return give_tick(r, RECORD_QUIET, ev);
}

static int step_tick(struct recording *r, struct event *ev)
{
	return give_tick(r, RECORD_TICK, ev);
}

static int step_name(struct recording *r, struct event *ev)
{
	(void)ev;
	if (!has_row(r, RECORD_NAME))
		return 0;
	take_row(r, RECORD_NAME, &r->row.name);
	return RECORDING_NAME;
}

/* A key frame says what is known already, unless something was missed, or nothing read before. */
static int step_key(struct recording *r, struct event *ev)
{
	if (!(r->chunk.flags & CHUNK_KEY) || !r->is_uncertain || r->config.edges_only)
		return 0;
	if (!r->in_key)
		r->key++;
	r->in_key = true;
	while (has_row(r, RECORD_KEY)) {
		take_row(r, RECORD_KEY, ev);
		flows_ident_row(r, ev, true);
	}
	if (!(r->chunk.flags & CHUNK_KEY_END))
		return 0;
	r->in_key = false;
	flows_key_end(r);
	r->cursor.step++;
	return ROWS_WALK;
}

static int step_ident(struct recording *r, struct event *ev)
{
	while (!r->config.edges_only && has_row(r, RECORD_IDENT)) {
		take_row(r, RECORD_IDENT, ev);
		flows_ident_row(r, ev, false);
	}
	return 0;
}

static const struct {
	enum record_table table;
	enum ev_kind kind;
} merged[] = {{RECORD_OPEN, EV_OPEN},
	      {RECORD_CLOSE, EV_CLOSE},
	      {RECORD_HANDSHAKE, EV_HANDSHAKE},
	      {RECORD_RESET, EV_RESET}};
#define MERGED_COUNT (sizeof(merged) / sizeof(merged[0]))

/* The table whose row is the earliest; MERGED_COUNT: there are no more. */
static unsigned earliest(struct recording *r, uint64_t *ret_time_us)
{
	unsigned found = MERGED_COUNT;

	for (unsigned i = 0; i < MERGED_COUNT; i++) {
		uint64_t time_us;

		/* Nearly always only one or two of them have rows. */
		if (!r->cursor.next[merged[i].table] && !is_at_row(r, merged[i].table))
			continue;
		if (!has_row(r, merged[i].table))
			continue;
		time_us = table_reader_time(r->table[merged[i].table], COLUMN_TIME);
		if (found == MERGED_COUNT || time_us < *ret_time_us) {
			found = i;
			*ret_time_us = time_us;
		}
	}
	return found;
}

static int step_merged(struct recording *r, struct event *ev)
{
	uint64_t time_us = 0;
	unsigned i;

	while ((i = earliest(r, &time_us)) < MERGED_COUNT) {
		bool is_open = merged[i].kind == EV_OPEN;
		/* As a sample, what opened is told when an interval ends, and belongs to that one. */
		bool before = is_before_window(r, time_us) || (is_open && (int64_t)time_us == r->from_us);

		if (!before && must_tell_first(r))
			return ROWS_WALK;
		take_row(r, merged[i].table, ev);
		ev->head.kind = (__u8)merged[i].kind;
		if (is_open) {
			if (!r->config.edges_only && flows_open_row(r, ev) &&
			    (int64_t)time_us <= r->to_us)
				return RECORDING_EVENT;
			continue;
		}
		if (ev->head.kind == EV_CLOSE && !r->config.edges_only)
			flows_close_row(r, ev);
		if (before || (int64_t)time_us >= r->to_us)
			continue;
		flows_shift(r, ev);
		return RECORDING_EVENT;
	}
	return 0;
}

static int step_loss(struct recording *r, struct event *ev)
{
	(void)ev;
	while (has_row(r, RECORD_LOSS)) {
		take_row(r, RECORD_LOSS, &r->row.loss);
		if (!is_before_window(r, r->row.loss.time_ns / NS_PER_US))
			return RECORDING_LOSS;
	}
	return 0;
}

static int step_note(struct recording *r, struct event *ev)
{
	(void)ev;
	while (has_row(r, RECORD_NOTE)) {
		take_row(r, RECORD_NOTE, &r->row.note);
		if (!is_before_window(r, r->row.note.time_ns / NS_PER_US))
			return RECORDING_NOTE;
	}
	return 0;
}

/* When the interval of the chunk's samples ends; without a tick it is the next one. */
static int64_t interval_end_us(const struct recording *r)
{
	return (int64_t)r->chunk.time_us + !r->cursor.has_tick;
}

static int step_sample(struct recording *r, struct event *ev)
{
	while (has_row(r, RECORD_SAMPLE)) {
		struct table_reader *t = r->table[RECORD_SAMPLE];
		bool again = false;
		int item;

		if (interval_end_us(r) > r->to_us)
			return 0;
		if (interval_end_us(r) > r->from_us && must_tell_first(r))
			return ROWS_WALK;
		take_row(r, RECORD_SAMPLE, ev);
		item = flows_sample_row(r, ev, &again);
		t->at -= again;
		if (item)
			return item;
		if (r->is_behind) {
			/* What lived then is told although nothing happened. */
			if (must_tell_first(r))
				return ROWS_WALK;
			r->has_ended = true;
			break;
		}
	}
	return 0;
}

static int step_host(struct recording *r, struct event *ev)
{
	bool before = interval_end_us(r) <= r->from_us;

	(void)ev;
	if (interval_end_us(r) > r->to_us)
		return 0;
	while (has_row(r, RECORD_HOST)) {
		take_row(r, RECORD_HOST, &r->row.host);
		/* What a level was when the window began is known from before. */
		if (!before || record_is_level(r->row.host.counter))
			return RECORDING_HOST;
	}
	return 0;
}

static step_function *const steps[] = {step_quiet, step_name, step_key,	   step_ident, step_merged,
				       step_loss,  step_note, step_sample, step_host,  step_tick};
#define STEP_COUNT (sizeof(steps) / sizeof(steps[0]))

static bool is_data(uint64_t table)
{
	return table >= RECORD_FIRST_DATA_TABLE && table < RECORD_TABLE_END &&
	       record_tables[table].name;
}

/* Most recordings do not have all tables. */
static void make_table(struct recording *r, enum record_table table)
{
	if (r->table[table])
		return;
	r->table[table] = xcalloc(1, sizeof(*r->table[table]));
	table_reader_init(r->table[table], table);
}

void rows_begin(struct recording *r)
{
	const uint8_t *p = r->raw, *end = r->raw + r->chunk.raw_bytes;
	struct block b;

	r->cursor = (struct rows_cursor){.end = end};
	for (unsigned i = 0; i < RECORD_TABLE_END; i++)
		if (r->table[i])
			r->table[i]->rows = r->table[i]->at = 0;
	/* Each table's first block, so that those that are not there are not looked for. */
	while (p < end) {
		const uint8_t *next = block_get(p, end, &b);

		if (!next)
			return;
		if (is_data(b.table) && !r->cursor.next[b.table]) {
			r->cursor.next[b.table] = p;
			make_table(r, (enum record_table)b.table);
		}
		p = next;
	}
	r->cursor.has_tick = r->cursor.next[RECORD_TICK];
}

int rows_next(struct recording *r, struct event *ev)
{
	for (; r->cursor.step < STEP_COUNT; r->cursor.step++) {
		int item = steps[r->cursor.step](r, ev);

		if (item)
			return item;
		if (r->is_behind) {
			/* What lived then is told although nothing happened. */
			if (must_tell_first(r))
				return ROWS_WALK;
			r->has_ended = true;
			break;
		}
	}
	return 0;
}
