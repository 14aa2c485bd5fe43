// SPDX-License-Identifier: BSD-2-Clause
#include "fleet/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fleet/reader_part.h"
#include "util/xalloc.h"
#include "verdict/subject.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const note_words[RECORD_NOTE_COUNT] = {
	[RECORD_NOTE_START] = "start",
	[RECORD_NOTE_STOP] = "stop",
	[RECORD_NOTE_CLOCK_STEP] = "clock_step",
	[RECORD_NOTE_SUSPEND] = "suspend",
	[RECORD_NOTE_DISK_FULL] = "disk_full",
	[RECORD_NOTE_DISK_FREE] = "disk_free",
	[RECORD_NOTE_RUNG] = "rung",
	[RECORD_NOTE_THINNED] = "thinned",
	[RECORD_NOTE_USER] = "user",
};

static const char *const gap_words[] = {
	[GAP_DAMAGE] = "damage",     [GAP_TORN] = "torn",	[GAP_MISSING] = "missing",
	[GAP_REPEATED] = "repeated", [GAP_STOPPED] = "stopped",
};

static int64_t wall_us(const struct fleet_reader *r, uint64_t time_ns)
{
	return (int64_t)(time_ns / 1000) + recording_wall_offset_us(r->recording);
}

static size_t live_bytes(const struct fleet_reader *r)
{
	return ((size_t)r->config.flows_max + 1) * sizeof(*r->live);
}

static struct fleet_live *live_of(const struct fleet_reader *r, const struct recorded_flow *f)
{
	return &r->live[f - r->flows.flow];
}

static int open_file(struct fleet_reader *r, char *why, size_t why_size)
{
	struct recording_config config = {.from_wall_us = RECORDING_NO_FROM,
					  .to_wall_us = RECORDING_NO_TO,
					  .follow = true,
					  .flows_max = r->config.flows_max};

	return recording_open(&r->recording, r->config.path, &config, why, why_size);
}

/* What all rows of the file have in common. */
static void take_meta(struct fleet_reader *r)
{
	const struct record_meta *m = recording_meta(r->recording);
	struct fleet_row *row = &r->row;

	r->base = m->row;
	snprintf(row->host, sizeof(row->host), "%s", m->host[0] ? m->host : "unknown");
	snprintf(row->run, sizeof(row->run), "%s", m->run);
	snprintf(row->boot, sizeof(row->boot), "%s", m->boot);
	snprintf(row->version, sizeof(row->version), "%s", m->version);
	snprintf(row->kernel, sizeof(row->kernel), "%s", m->kernel);
	fleet_layout_init(&r->gone.layout, m->extra, NULL);
}

int fleet_reader_open(struct fleet_reader **ret, const struct fleet_reader_config *config,
		      char *why, size_t why_size)
{
	struct fleet_reader *r = xcalloc(1, sizeof(*r));
	int err;

	r->config = *config;
	r->at = config->from;
	r->lost = r->lost_told = config->lost_before;
	err = open_file(r, why, why_size);
	if (err) {
		free(r);
		return err;
	}
	recorded_flows_init(&r->flows, config->flows_max);
	r->live = reserve(live_bytes(r));
	r->name = xcalloc(2 * FLEET_NAMES_MAX, sizeof(*r->name));
	rollup_init(&r->rollup);
	take_meta(r);
	*ret = r;
	return 0;
}

void fleet_reader_close(struct fleet_reader *r)
{
	if (!r)
		return;
	recording_close(r->recording);
	recorded_flows_done(&r->flows);
	reserve_free(r->live, live_bytes(r));
	for (unsigned i = 0; i < 2 * FLEET_NAMES_MAX; i++)
		free(r->name[i].text);
	free(r->name);
	rollup_done(&r->rollup);
	fleet_batch_clear(&r->gone);
	free(r);
}

static bool is_failure(const struct event *ev)
{
	return ev->head.end_reason != END_FIN && ev->head.end_reason != END_NONE &&
	       ev->head.end_reason != END_UNKNOWN;
}

/* All that it moved belongs to the minute; of one that lived before, what is new. */
static void sum_up(struct fleet_reader *r, const struct event *ev, const struct ev_count *moved)
{
	struct rollup_group *g = rollup_of(&r->rollup, &ev->ident);

	g->flows++;
	g->fails += is_failure(ev);
	if (!moved)
		return;
	g->moved.tx_bytes += moved->tx_bytes;
	g->moved.rx_bytes += moved->rx_bytes;
	g->moved.retrans_segs += moved->retrans_segs;
}

static void take_close(struct fleet_reader *r, const struct event *ev, struct fleet_batch *b)
{
	struct recorded_flow *f = recorded_flows_find(&r->flows, ev->head.id);
	struct fleet_live *l = f ? live_of(r, f) : NULL;
	bool in_volume = l && l->was_live;
	struct fleet_row *row = &r->row;
	int64_t us = wall_us(r, ev->time_ns);
	uint64_t number = r->given[FLEET_CLOSED]++;

	r->closes++;
	r->fails += is_failure(ev);
	sum_up(r, ev, in_volume ? NULL : &ev->count);
	if (in_volume)
		fleet_minute_gone(r, f, l, ev);
	if (f)
		recorded_flows_remove(&r->flows, f);
	if (number < r->config.from.closes)
		return;
	r->at.closes = number + 1;
	if (us < r->config.from_wall_us)
		return;
	fleet_set_flow(r, ev, row);
	fleet_set_closed_verdict(row);
	fleet_set_time(row, us);
	row->in_volume = in_volume;
	row->seq = r->base + number;
	fleet_batch_add(b, FLEET_CLOSED, row);
}

/* A reading is remembered for the verdict on the minute. */
static void note_reading(struct fleet_reader *r, const struct recorded_flow *f,
			 struct fleet_live *l)
{
	struct subject s = {.kind = SUBJECT_LIVE,
			    .state = f->state,
			    .time_ns = r->ev.time_ns,
			    .ident = &f->ident,
			    .count = &f->count,
			    .extra = l->has_extra ? &l->extra : NULL};

	history_note(&l->history, f->id, &s);
}

static void take_live(struct fleet_reader *r, const struct event *ev)
{
	bool is_new = !recorded_flows_find(&r->flows, ev->head.id);
	bool has_ident = ev->head.flags & EV_HAS_IDENT;
	struct recorded_flow *f;
	struct fleet_live *l;

	/* Who it is, is told with the first reading. */
	if (is_new && !has_ident)
		return;
	f = recorded_flows_add(&r->flows, ev->head.id);
	if (!f)
		return;
	l = live_of(r, f);
	if (is_new) {
		memset(l, 0, sizeof(*l));
		/* What it moved before it was seen belongs to no minute. */
		l->was_live = ev->head.flags & EV_BASELINE || ev->ident.seen == SEEN_ADOPTED;
		if (l->was_live)
			l->begin = ev->count;
	}
	l->has_news |= memcmp(&f->count, &ev->count, sizeof(f->count)) && !(is_new && l->was_live);
	f->count = ev->count;
	f->state = ev->head.state;
	f->flags = ev->head.flags & (__u8) ~(EV_HAS_IDENT | EV_HAS_EXTRA);
	if (has_ident)
		f->ident = ev->ident;
	l->has_extra = ev->head.flags & EV_HAS_EXTRA;
	if (l->has_extra)
		l->extra = ev->extra;
	note_reading(r, f, l);
}

static void add_note(struct fleet_reader *r, struct fleet_batch *b, const char *what, int64_t value,
		     const char *why, int64_t us)
{
	uint64_t number = r->given[FLEET_RECORDER]++;
	struct fleet_row *row = &r->row;

	if (number < r->config.from.notes)
		return;
	r->at.notes = number + 1;
	fleet_set_time(row, us);
	snprintf(row->what, sizeof(row->what), "%s", what);
	snprintf(row->why, sizeof(row->why), "%s", why);
	row->value = value;
	row->seq = r->base + number;
	fleet_batch_add(b, FLEET_RECORDER, row);
}

static void take_note(struct fleet_reader *r, struct fleet_batch *b)
{
	const struct record_note *n = recording_note(r->recording);

	/* Whatever was lost, was lost since then. */
	if (n->kind == RECORD_NOTE_START)
		r->lost = r->lost_told = 0;
	if (n->kind < COUNT(note_words))
		add_note(r, b, note_words[n->kind], n->value, n->text, wall_us(r, n->time_ns));
}

static void take_gap(struct fleet_reader *r, struct fleet_batch *b)
{
	const struct recording_gap *g = recording_gap(r->recording);

	r->lost += g->kind == GAP_DAMAGE || g->kind == GAP_MISSING ? g->rows : 0;
	if ((unsigned)g->kind < COUNT(gap_words))
		add_note(r, b, gap_words[g->kind], (int64_t)g->rows, g->file, g->from_wall_us);
}

static void take_loss(struct fleet_reader *r)
{
	const struct record_loss *l = recording_loss(r->recording);
	uint64_t lost = l->lost + l->missed + l->table_full + l->dropped_rows;

	if (lost > r->lost)
		r->lost = lost;
}

static void take_tick(struct fleet_reader *r, struct fleet_batch *b)
{
	int64_t us = wall_us(r, r->ev.time_ns), minute = us / US_PER_MINUTE;

	if (!r->minute)
		r->minute = minute;
	r->intervals++;
	r->time_us = us;
	if (minute <= r->minute)
		return;
	fleet_minute_end(r, b);
	r->is_day_over = minute / (24 * 60) != r->minute / (24 * 60) && b->rows;
	r->minute = minute;
}

static void take_item(struct fleet_reader *r, int item, struct fleet_batch *b)
{
	struct event *ev = &r->ev;
	bool is_flow = item == RECORDING_EVENT || item == RECORDING_VANISHED;

	/* Tables are of connections. */
	if (is_flow && ev->head.kind != EV_TIME && ev->head.state == ST_LISTEN)
		return;
	switch (item) {
	case RECORDING_EVENT:
		if (!r->minute && ev->head.kind != EV_TIME)
			r->minute = wall_us(r, ev->time_ns) / US_PER_MINUTE;
		if (ev->head.kind == EV_TIME)
			take_tick(r, b);
		else if (ev->head.kind == EV_CLOSE)
			take_close(r, ev, b);
		else if (ev->head.kind == EV_OPEN || ev->head.kind == EV_SAMPLE)
			take_live(r, ev);
		break;
	case RECORDING_VANISHED:
		ev->head.end_reason = END_UNKNOWN;
		take_close(r, ev, b);
		break;
	case RECORDING_NAME:
		fleet_take_name(r, recording_name(r->recording));
		break;
	case RECORDING_LOSS:
		take_loss(r);
		break;
	case RECORDING_NOTE:
		take_note(r, b);
		break;
	case RECORDING_GAP:
		take_gap(r, b);
		break;
	}
}

/* A batch that is made again ends where it ended, whatever else would end one. */
static bool is_made_again(const struct fleet_reader *r)
{
	return r->config.to.closes || r->config.to.minute || r->config.to.notes;
}

static bool is_at_end(const struct fleet_reader *r)
{
	const struct fleet_position *to = &r->config.to;

	return is_made_again(r) && r->at.closes >= to->closes && r->at.minute >= to->minute &&
	       r->at.notes >= to->notes;
}

static bool is_full(const struct fleet_reader *r, const struct fleet_batch *b)
{
	return !is_made_again(r) && (r->is_day_over || b->rows >= r->config.rows_max);
}

static void begin(struct fleet_reader *r, struct fleet_batch *b)
{
	r->has_started = true;
	if (r->unsent)
		add_note(r, b, "deleted_unsent", (int64_t)r->unsent, "", wall_us(r, r->ev.time_ns));
}

int fleet_reader_fill(struct fleet_reader *r, struct fleet_batch *b)
{
	int item = 1;

	r->is_day_over = false;
	fleet_layout_init(&b->layout, recording_meta(r->recording)->extra, r->config.lacks);
	while (!is_full(r, b)) {
		item = is_at_end(r) ? 0 : recording_next(r->recording, &r->ev);
		if (item < 0)
			return item;
		if (!item)
			return FLEET_IDLE;
		if (!r->has_started)
			begin(r, b);
		take_item(r, item, b);
	}
	return FLEET_FULL;
}

void fleet_reader_finish(struct fleet_reader *r, struct fleet_batch *b)
{
	if (r->minute)
		fleet_minute_end(r, b);
	r->minute = 0;
}

void fleet_reader_go_on(struct fleet_reader *r)
{
	r->config.to = (struct fleet_position){0};
}

void fleet_reader_set_unsent(struct fleet_reader *r, uint64_t rows)
{
	r->unsent = rows;
}

bool fleet_reader_has_ended(const struct fleet_reader *r)
{
	return recording_has_ended(r->recording);
}

struct fleet_position fleet_reader_position(const struct fleet_reader *r)
{
	return r->at;
}

const char *fleet_reader_why(const struct fleet_reader *r)
{
	return recording_why(r->recording);
}

const char *fleet_reader_host(const struct fleet_reader *r)
{
	return r->row.host;
}

const char *fleet_reader_run(const struct fleet_reader *r)
{
	return r->row.run;
}

uint64_t fleet_reader_first_row(const struct fleet_reader *r)
{
	return r->base;
}

uint64_t fleet_reader_next_row(const struct fleet_reader *r)
{
	struct recording_stats stats;

	recording_get_stats(r->recording, &stats);
	return r->base + stats.rows + stats.lost_rows;
}

uint64_t fleet_reader_lost(const struct fleet_reader *r)
{
	return r->lost;
}

int64_t fleet_reader_time_us(const struct fleet_reader *r)
{
	return r->time_us;
}
