// SPDX-License-Identifier: BSD-2-Clause
/* A minute ends: what each connection moved in it, sums, and that the host was there. */
#include <stdio.h>
#include <string.h>

#include "fleet/reader_part.h"
#include "verdict/verdict.h"

static void set_verdict(struct fleet_row *row, const struct verdict *v)
{
	if (!v->rule)
		return;
	snprintf(row->verdict, sizeof(row->verdict), "%s", v->rule->code);
	row->severity = (uint8_t)v->severity;
}

static const struct ev_extra *seen(const struct ev_extra *extra, bool is_there)
{
	return is_there && (extra->known || extra->mss || extra->backlog_max) ? extra : NULL;
}

void fleet_set_closed_verdict(struct fleet_row *row)
{
	const struct event *ev = &row->ev;
	struct subject s = {.kind = SUBJECT_CLOSED,
			    .state = ev->head.state,
			    .end_reason = ev->head.end_reason,
			    .flags = ev->head.flags,
			    .error = ev->head.error,
			    .time_ns = ev->time_ns,
			    .ident = &ev->ident,
			    .count = &ev->count,
			    .extra = seen(&ev->extra, ev->head.flags & EV_HAS_EXTRA)};
	struct verdict v;

	verdict_judge(&s, &v);
	set_verdict(row, &v);
}

static uint64_t less(uint64_t now, uint64_t then)
{
	return now > then ? now - then : 0;
}

static void difference(const struct ev_count *now, const struct ev_count *then,
		       struct ev_count *ret)
{
	*ret = (struct ev_count){
		.tx_bytes = less(now->tx_bytes, then->tx_bytes),
		.rx_bytes = less(now->rx_bytes, then->rx_bytes),
		.acked_bytes = less(now->acked_bytes, then->acked_bytes),
		.retrans_bytes = less(now->retrans_bytes, then->retrans_bytes),
		.retrans_segs = (uint32_t)less(now->retrans_segs, then->retrans_segs),
	};
}

static void sum_up(struct fleet_reader *r, const struct ev_ident *ident,
		   const struct ev_count *moved)
{
	struct rollup_group *g = rollup_of(&r->rollup, ident);

	g->moved.tx_bytes += moved->tx_bytes;
	g->moved.rx_bytes += moved->rx_bytes;
	g->moved.retrans_segs += moved->retrans_segs;
}

/* The row stands at the beginning of its minute; time_us says up to when it counts. */
static void set_minute(const struct fleet_reader *r, struct fleet_row *row, int64_t until_us)
{
	fleet_set_time(row, r->minute * US_PER_MINUTE);
	row->time_us = (uint64_t)until_us;
}

static void set_volume(struct fleet_reader *r, const struct event *ev, const struct ev_count *begin,
		       struct fleet_row *row)
{
	fleet_set_flow(r, ev, row);
	difference(&ev->count, begin, &row->moved);
	sum_up(r, &ev->ident, &row->moved);
	row->seq = r->base + r->given[FLEET_VOLUME]++;
}

void fleet_minute_gone(struct fleet_reader *r, const struct recorded_flow *f, struct fleet_live *l,
		       const struct event *ev)
{
	struct fleet_row *row = &r->row;

	(void)f;
	set_volume(r, ev, &l->begin, row);
	row->has_closed = 1;
	set_minute(r, row, (int64_t)(ev->time_ns / 1000) + recording_wall_offset_us(r->recording));
	if (!r->config.no_volume)
		fleet_batch_add(&r->gone, FLEET_VOLUME, row);
}

static void judge_minute(struct fleet_reader *r, const struct recorded_flow *f,
			 struct fleet_live *l, struct fleet_row *row)
{
	struct subject s = {.kind = f->state == ST_LISTEN ? SUBJECT_LISTENER : SUBJECT_LIVE,
			    .state = f->state,
			    .time_ns = r->ev.time_ns,
			    .ident = &f->ident,
			    .count = &f->count,
			    .extra = seen(&l->extra, l->has_extra),
			    .history = &l->history};
	struct verdict v;

	verdict_judge(&s, &v);
	set_verdict(row, &v);
	history_turn(&l->history, &s);
}

static void give_live(struct fleet_reader *r, struct recorded_flow *f, struct fleet_live *l,
		      struct fleet_batch *b)
{
	struct event ev = {
		.head = {.id = f->id, .kind = EV_SAMPLE, .state = f->state, .flags = f->flags},
		.count = f->count,
		.time_ns = r->ev.time_ns,
		.ident = f->ident,
	};
	struct fleet_row *row = &r->row;

	if (l->has_extra) {
		ev.head.flags |= EV_HAS_EXTRA;
		ev.extra = l->extra;
	}
	set_volume(r, &ev, &l->begin, row);
	row->has_closed = 0;
	judge_minute(r, f, l, row);
	set_minute(r, row, r->time_us);
	l->begin = f->count;
	l->has_news = false;
	if (b && !r->config.no_volume)
		fleet_batch_add(b, FLEET_VOLUME, row);
}

/* Rows of flows that closed wait until the minute is over, and go with the rest or not at all. */
static void give_gone(struct fleet_reader *r, struct fleet_batch *b)
{
	for (unsigned i = 0; b && i < r->gone.count; i++) {
		const struct fleet_layout *layout = &r->gone.layout;
		struct rowbinary_reader in = {.at = r->gone.block[i].body.byte,
					      .end = r->gone.block[i].body.byte +
						     r->gone.block[i].body.len};

		for (uint64_t n = 0; n < r->gone.block[i].rows; n++) {
			fleet_row_get(&in, &r->row, layout->column[FLEET_VOLUME],
				      layout->count[FLEET_VOLUME]);
			fleet_batch_add(b, FLEET_VOLUME, &r->row);
		}
	}
	fleet_batch_clear(&r->gone);
}

static void give_flows(struct fleet_reader *r, struct fleet_batch *b)
{
	for (uint32_t i = 0; i < r->flows.used; i++) {
		struct recorded_flow *f = &r->flows.flow[i];
		struct fleet_live *l = &r->live[i];

		if (!f->is_live)
			continue;
		/* From now on it has rows of volume; without news it needs none for this minute. */
		if (l->has_news || !l->was_live)
			give_live(r, f, l, b);
		l->was_live = true;
	}
}

static void give_sums(struct fleet_reader *r, struct fleet_batch *b)
{
	struct fleet_row *row = &r->row;

	for (unsigned i = 0; i < r->rollup.count; i++) {
		const struct rollup_group *g = &r->rollup.group[i];

		memcpy(row->ev.ident.comm, g->comm, sizeof(g->comm));
		row->ev.ident.role = g->role;
		row->port = g->port;
		row->flows = g->flows;
		row->fails = g->fails;
		row->moved = g->moved;
		row->seq = r->base + r->given[FLEET_MINUTE]++;
		if (b && !r->config.no_volume)
			fleet_batch_add(b, FLEET_MINUTE, row);
	}
	rollup_clear(&r->rollup);
}

static void give_host(struct fleet_reader *r, struct fleet_batch *b)
{
	struct fleet_row *row = &r->row;

	row->flows = r->closes;
	row->fails = r->fails;
	row->live = r->flows.count;
	row->lost = r->lost - r->lost_told;
	row->intervals = r->intervals;
	row->seq = r->base + r->given[FLEET_HOST]++;
	if (b)
		fleet_batch_add(b, FLEET_HOST, row);
	r->lost_told = r->lost;
	r->closes = r->fails = r->intervals = 0;
}

void fleet_minute_end(struct fleet_reader *r, struct fleet_batch *b)
{
	bool is_sent = r->minute <= r->config.from.minute ||
		       r->minute * US_PER_MINUTE < r->config.from_wall_us - US_PER_MINUTE;

	/* Sent before: the numbers go on as if it were sent now. */
	if (is_sent)
		b = NULL;
	else
		r->at.minute = r->minute;
	give_gone(r, b);
	give_flows(r, b);
	set_minute(r, &r->row, r->time_us);
	give_sums(r, b);
	give_host(r, b);
}
