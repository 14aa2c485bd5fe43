// SPDX-License-Identifier: BSD-2-Clause
#include "record/record.h"

#include <stdatomic.h>
#include <stdio.h>

#include "record/record_state.h"

/* Intervals without rows are told at least so often, so that a reader sees that we live. */
#define QUIET_US 10000000ull
/* A wall clock that moved by more was set, or the machine slept; less is slewing. */
#define STEP_US 500000

static struct stream_writer *stream_of(struct record *r, enum record_table table)
{
	return &r->stream[record_tables[table].streams & 1u << STREAM_EDGES ? STREAM_EDGES
									    : STREAM_VOLUME];
}

/* The intervals without rows that were before what this stream holds. */
static void put_quiet(struct record *r, struct stream_writer *s)
{
	for (unsigned i = 0; i < r->quiet_count; i++)
		stream_writer_add(s, RECORD_QUIET, &r->quiet[i]);
	r->quiet_count = 0;
}

/* A chunk is full before its interval ends. */
static void seal(struct record *r, struct stream_writer *s)
{
	put_quiet(r, s);
	stream_writer_seal(s, false);
	disk_flush(&r->disk);
}

static void begin_if_due(struct record *r)
{
	if (r->segment_is_due && !r->is_dropping)
		segment_begin(r);
}

/* Returns false if the row had to be dropped. */
static bool add(struct record *r, enum record_table table, const void *row)
{
	struct stream_writer *s = stream_of(r, table);

	begin_if_due(r);
	r->status.rows[table]++;
	if (r->is_dropping) {
		r->dropped_rows++;
		return false;
	}
	stream_writer_add(s, table, row);
	if (stream_writer_is_full(s))
		seal(r, s);
	return !r->is_dropping;
}

/* Of an event the parts that its flags announce, and that this recording keeps; the rest is 0. */
static void add_event(struct record *r, enum record_table table, const struct event *ev,
		      uint32_t *mark)
{
	struct event row = {.head = ev->head, .count = ev->count};

	begin_if_due(r);
	if (table != RECORD_SAMPLE) {
		row.head.flags |= EV_HAS_IDENT;
		row.time_ns = ev->time_ns;
		row.ident = ev->ident;
	}
	if (table == RECORD_HANDSHAKE)
		row.handshake = ev->handshake;
	else if (r->config.extra && ev->head.flags & EV_HAS_EXTRA)
		row.extra = ev->extra;
	else
		row.head.flags &= (__u8)~EV_HAS_EXTRA;
	if (add(r, table, &row) && mark)
		*mark = r->segment;
}

void record_closed(struct record *r, const struct event *ev)
{
	add_event(r, RECORD_CLOSE, ev, NULL);
}

void record_opened(struct record *r, const struct event *ev, uint32_t *mark)
{
	add_event(r, RECORD_OPEN, ev, mark);
}

void record_handshake(struct record *r, const struct event *ev)
{
	add_event(r, RECORD_HANDSHAKE, ev, NULL);
}

void record_reset(struct record *r, const struct event *ev)
{
	add_event(r, RECORD_RESET, ev, NULL);
}

void record_sample(struct record *r, const struct event *ev, const struct ev_count *before,
		   uint32_t *mark)
{
	struct event row = *ev;

	begin_if_due(r);
	if (*mark != r->segment) {
		row.count = *before;
		add_event(r, RECORD_IDENT, &row, mark);
	}
	row.count = ev->count;
	row.count.tx_bytes -= before->tx_bytes;
	row.count.rx_bytes -= before->rx_bytes;
	row.count.acked_bytes -= before->acked_bytes;
	row.count.retrans_bytes -= before->retrans_bytes;
	row.count.retrans_segs -= before->retrans_segs;
	row.count.min_rtt_us -= before->min_rtt_us;
	add_event(r, RECORD_SAMPLE, &row, NULL);
}

void record_host(struct record *r, const char *counter, int64_t value)
{
	struct record_host row = {.counter = counter, .value = value};

	add(r, RECORD_HOST, &row);
}

void record_note(struct record *r, const struct record_note *note)
{
	add(r, RECORD_NOTE, note);
}

static void put_name(struct record *r, enum record_name_kind kind, uint64_t key)
{
	struct {
		uint64_t key, kind;
	} own = {key, kind};
	struct record_name row = {.key = key, .kind = (uint8_t)kind};
	uint32_t before;

	if (!dictionary_has_room(&r->named, 1, sizeof(own)))
		dictionary_clear(&r->named);
	before = r->named.count;
	if (dictionary_number(&r->named, &own, sizeof(own)) < before)
		return;
	row.text = r->config.name(r->config.name_context, kind, key);
	if (row.text)
		add(r, RECORD_NAME, &row);
}

void record_name_local(void *context, const struct record_local *l)
{
	struct record *r = context;

	if (!r->config.name)
		return;
	if (l->cgroup_id)
		put_name(r, RECORD_NAME_CGROUP, l->cgroup_id);
	if (l->netns)
		put_name(r, RECORD_NAME_NETNS, l->netns);
	if (l->uid != UID_UNKNOWN)
		put_name(r, RECORD_NAME_UID, l->uid);
}

void record_account(struct record *r, const struct record_loss *loss)
{
	r->loss = *loss;
	/* It is written later, too, when the caller's text has gone. */
	snprintf(r->undecoded_why, sizeof(r->undecoded_why), "%s",
		 loss->undecoded_why ? loss->undecoded_why : "");
	r->loss.undecoded_why = r->undecoded_why;
	r->has_loss = true;
}

/* Opened, closed and live flows can be counted in the file; what was lost cannot. */
static bool loss_has_news(const struct record *r)
{
	const struct record_loss *a = &r->loss, *b = &r->loss_told;

	return a->lost != b->lost || a->lost_tx_bytes != b->lost_tx_bytes ||
	       a->lost_rx_bytes != b->lost_rx_bytes || a->missed != b->missed ||
	       a->table_full != b->table_full || a->undecoded != b->undecoded ||
	       a->dropped != b->dropped || a->interface_dropped != b->interface_dropped ||
	       r->dropped_rows != b->dropped_rows;
}

static void put_account(struct record *r, uint64_t time_ns)
{
	r->loss.time_ns = time_ns;
	r->loss.dropped_rows = r->dropped_rows;
	if (add(r, RECORD_LOSS, &r->loss))
		r->loss_told = r->loss;
}

/* The interval that ends at `tick` had rows: put it into chunks. */
static void flush(struct record *r, const struct record_tick *tick)
{
	struct stream_writer *edges = &r->stream[STREAM_EDGES], *volume = &r->stream[STREAM_VOLUME];
	bool has_volume = stream_writer_has_rows(volume);

	put_quiet(r, stream_writer_has_rows(edges) ? edges : volume);
	stream_writer_add(has_volume ? volume : edges, RECORD_TICK, tick);
	r->status.rows[RECORD_TICK]++;
	stream_writer_seal(edges, false);
	stream_writer_seal(volume, false);
	disk_flush(&r->disk);
}

void record_finish(struct record *r)
{
	struct stream_writer *edges = &r->stream[STREAM_EDGES], *volume = &r->stream[STREAM_VOLUME];

	if (r->is_dropping)
		segment_try_again(r);
	if (r->has_loss)
		put_account(r, r->clock.time_ns);
	put_quiet(r, stream_writer_has_rows(edges) ? edges : volume);
	stream_writer_seal(edges, false);
	stream_writer_seal(volume, false);
}

static void end_interval(struct record *r, const struct record_tick *tick)
{
	if (stream_writer_has_rows(&r->stream[STREAM_EDGES]) ||
	    stream_writer_has_rows(&r->stream[STREAM_VOLUME])) {
		flush(r, tick);
		return;
	}
	r->quiet[r->quiet_count++] = *tick;
	r->status.rows[RECORD_TICK]++;
	if (r->quiet_count < QUIET_MAX && tick->time_ns - r->quiet[0].time_ns < QUIET_US * 1000)
		return;
	begin_if_due(r);
	put_quiet(r, &r->stream[STREAM_VOLUME]);
	stream_writer_seal(&r->stream[STREAM_VOLUME], false);
	disk_flush(&r->disk);
}

/* Within a file, wall time must only go forward: a clock that was set ends it. */
static void follow_clock(struct record *r, const struct record_clock *now)
{
	int64_t step_us = now->wall_offset_us - r->clock.wall_offset_us;
	int64_t slept_us = (int64_t)(now->suspended_us - r->clock.suspended_us);
	struct record_note note = {
		.time_ns = now->time_ns, .value = step_us, .kind = RECORD_NOTE_CLOCK_STEP};

	r->clock = *now;
	if (step_us <= STEP_US && step_us >= -STEP_US)
		return;
	if (slept_us > STEP_US) {
		note.kind = RECORD_NOTE_SUSPEND;
		note.value = slept_us;
	}
	segment_begin_file(r, note.kind == RECORD_NOTE_SUSPEND ? "suspend" : "clock");
	record_note(r, &note);
}

int record_tick(struct record *r, const struct record_clock *now)
{
	struct record_tick tick = {.time_ns = now->time_ns,
				   .wall_offset_us = r->clock.wall_offset_us};
	int64_t step_us = now->wall_offset_us - r->clock.wall_offset_us;

	if (step_us <= STEP_US && step_us >= -STEP_US)
		tick.wall_offset_us = now->wall_offset_us;
	if (!r->is_dropping) {
		if (r->has_loss && loss_has_news(r))
			put_account(r, now->time_ns);
		r->clock.time_ns = now->time_ns;
		end_interval(r, &tick);
	}
	follow_clock(r, now);
	if (r->is_dropping)
		segment_try_again(r);
	else
		segment_advance(r);
	return r->wants_key && !r->is_dropping ? RECORD_WANTS_KEY : 0;
}

static void begin_key(struct record *r)
{
	if (r->in_key)
		return;
	r->in_key = true;
	r->key_start_bytes = r->file_bytes;
}

void record_live(struct record *r, const struct event *ev, uint32_t *mark)
{
	begin_key(r);
	add_event(r, RECORD_KEY, ev, mark);
}

void record_key_end(struct record *r)
{
	begin_key(r);
	r->key_ends = true;
	if (!r->is_dropping)
		stream_writer_seal(&r->stream[STREAM_EDGES], true);
	r->in_key = r->key_ends = r->wants_key = false;
	if (r->is_dropping)
		return;
	r->meta.key_offset = r->segment_start_bytes;
	r->key_bytes = r->file_bytes - r->key_start_bytes;
	r->key_end_bytes = r->file_bytes;
	r->status.keys++;
	disk_flush(&r->disk);
}

void record_get_status(struct record *r, struct record_status *ret)
{
	*ret = r->status;
	disk_get_status(&r->disk, &ret->disk);
	ret->dropped_rows = r->dropped_rows + ret->disk.dropped_rows;
	ret->is_dropping = r->is_dropping;
	ret->thinned_files = atomic_load(&r->thin.files);
}
