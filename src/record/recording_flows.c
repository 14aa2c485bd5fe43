// SPDX-License-Identifier: BSD-2-Clause
/* The flows that live at the moment that is read, and the events that are made of them. */
#include <string.h>

#include "record/recording_state.h"

#define NS_PER_US 1000

static void shift(__u64 *time_ns, int64_t by_us)
{
	if (*time_ns)
		*time_ns += (uint64_t)by_us * NS_PER_US;
}

void flows_shift(const struct recording *r, struct event *ev)
{
	if (!r->shift_us)
		return;
	shift(&ev->time_ns, r->shift_us);
	shift(&ev->ident.open_ns, r->shift_us);
	shift(&ev->ident.established_ns, r->shift_us);
	if (ev->head.flags & EV_HAS_HANDSHAKE)
		shift(&ev->handshake.first_ns, r->shift_us);
}

static void keep(const struct recording *r, struct recorded_flow *f, const struct event *ev)
{
	f->sure = r->losses;
	f->count = ev->count;
	f->ident = ev->ident;
	f->time_ns = ev->time_ns;
	f->state = ev->head.state;
	f->flags = ev->head.flags & (__u8) ~(EV_HAS_IDENT | EV_HAS_EXTRA);
}

/* An event of what is known of the flow, with its ident. */
static void make(const struct recording *r, const struct recorded_flow *f, enum ev_kind kind,
		 struct event *ev)
{
	memset(ev, 0, sizeof(*ev));
	ev->head = (struct ev_head){.id = f->id,
				    .kind = (__u8)kind,
				    .state = f->state,
				    .flags = f->flags | EV_HAS_IDENT};
	ev->count = f->count;
	ev->time_ns = f->time_ns;
	ev->ident = f->ident;
	flows_shift(r, ev);
}

static uint64_t more(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The sums alone: by the other counters nothing grows. */
static void raise_sums(struct ev_count *sum, const struct ev_count *to)
{
	sum->tx_bytes = more(sum->tx_bytes, to->tx_bytes);
	sum->rx_bytes = more(sum->rx_bytes, to->rx_bytes);
	sum->acked_bytes = more(sum->acked_bytes, to->acked_bytes);
	sum->retrans_bytes = more(sum->retrans_bytes, to->retrans_bytes);
	sum->retrans_segs = (__u32)more(sum->retrans_segs, to->retrans_segs);
}

/* Of a flow that is older than what is read, the counters so far are no news; nor is what they were once. */
static int tell(const struct recording *r, struct recorded_flow *f, struct event *ev)
{
	f->is_told = true;
	f->ident_news = false;
	make(r, f, EV_OPEN, ev);
	raise_sums(&ev->count, &f->most);
	ev->head.flags |= EV_BASELINE;
	return RECORDING_EVENT;
}

static int vanish(struct recording *r, struct recorded_flow *f, struct event *ev)
{
	bool was_told = f->is_told;

	make(r, f, EV_CLOSE, ev);
	recorded_flows_remove(&r->flows, f);
	return was_told ? RECORDING_VANISHED : 0;
}

int flows_walk(struct recording *r, struct event *ev)
{
	int item = 0;

	while (!item && r->walk != WALK_NONE) {
		struct recorded_flow *f;

		if (r->walk_at == r->flows.used) {
			r->walk = r->tell_after ? WALK_TELL : WALK_NONE;
			r->tell_after = false;
			r->walk_at = 0;
			continue;
		}
		f = &r->flows.flow[r->walk_at++];
		if (!f->is_live)
			continue;
		if (r->walk == WALK_TELL)
			item = f->is_told ? 0 : tell(r, f, ev);
		else if (r->walk == WALK_VANISH_ALL || f->key != r->key)
			item = vanish(r, f, ev);
	}
	return item;
}

int flows_open_row(struct recording *r, struct event *ev)
{
	struct recorded_flow *f = recorded_flows_add(&r->flows, ev->head.id);

	if (f) {
		keep(r, f, ev);
		f->is_told = r->has_begun;
	}
	if (!r->has_begun)
		return 0;
	ev->head.kind = EV_OPEN;
	flows_shift(r, ev);
	return RECORDING_EVENT;
}

void flows_ident_row(struct recording *r, const struct event *ev, bool is_key)
{
	struct recorded_flow *f = recorded_flows_add(&r->flows, ev->head.id);

	if (!f)
		return;
	f->ident_news |= f->is_told && memcmp(&f->ident, &ev->ident, sizeof(f->ident));
	raise_sums(&f->most, &f->count);
	keep(r, f, ev);
	if (is_key)
		f->key = r->key;
}

static void add_interval(struct ev_count *sum, const struct ev_count *news)
{
	sum->tx_bytes += news->tx_bytes;
	sum->rx_bytes += news->rx_bytes;
	sum->acked_bytes += news->acked_bytes;
	sum->retrans_bytes += news->retrans_bytes;
	sum->retrans_segs += news->retrans_segs;
	sum->min_rtt_us += news->min_rtt_us;
	sum->srtt_us = news->srtt_us;
}

int flows_sample_row(struct recording *r, struct event *ev, bool *ret_again)
{
	struct recorded_flow *f = recorded_flows_find(&r->flows, ev->head.id);
	__u8 flags = ev->head.flags & (__u8)~EV_HAS_IDENT;

	/* Without what was lost before it, its totals would be wrong. */
	if (!f || f->sure != r->losses) {
		r->stats.orphan_rows++;
		return 0;
	}
	if (r->has_begun && !f->is_told) {
		*ret_again = true;
		return tell(r, f, ev);
	}
	add_interval(&f->count, &ev->count);
	f->state = ev->head.state;
	if (!r->has_begun)
		return 0;
	ev->head.kind = EV_SAMPLE;
	ev->head.flags = flags;
	ev->count = f->count;
	/* What comes behind the ident needs it to be there. */
	if (f->ident_news || flags & EV_HAS_EXTRA) {
		ev->head.flags |= EV_HAS_IDENT;
		ev->ident = f->ident;
		ev->time_ns = r->chunk.time_us * NS_PER_US;
		f->ident_news = false;
		flows_shift(r, ev);
	}
	return RECORDING_EVENT;
}

void flows_close_row(struct recording *r, const struct event *ev)
{
	struct recorded_flow *f = recorded_flows_find(&r->flows, ev->head.id);

	if (f)
		recorded_flows_remove(&r->flows, f);
}

void flows_key_end(struct recording *r)
{
	r->walk = WALK_VANISH;
	r->walk_at = 0;
	r->tell_after = r->has_begun;
	r->is_uncertain = false;
}
