// SPDX-License-Identifier: BSD-2-Clause
#include "api/earlier.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/ask_time.h"
#include "api/earlier_recording.h"
#include "api/state.h"
#include "consumer/agent.h"
#include "engine/engine.h"
#include "serve/http.h"
#include "util/xalloc.h"
#include "view/view.h"

#define NS_PER_US 1000
#define STEP_NS (TRAIL_STEP_S * 1000000000ull)
/* Of a recording: between two looks at what else there is to do. */
#define ITEMS_AT_ONCE 2000

/*
 * The step of a moment, by the live clock. The present one has not ended, and has taken the place of
 * the first: so many less are there. False: it is not kept.
 */
static bool find_step(const struct live *l, int64_t ns, uint32_t *ret)
{
	int64_t began_ns = (int64_t)l->began_ns;
	uint64_t step;

	if (!l->step || ns < began_ns)
		return false;
	step = (uint64_t)(ns - began_ns) / STEP_NS;
	*ret = step < l->step ? (uint32_t)step : l->step - 1;
	return l->step - *ret < TRAIL_POINTS;
}

/* Of those that closed the latest are kept: do they reach back to the step? */
static bool has_all_closed(const struct earlier *p)
{
	const struct lately *closed = &p->api->closed;
	size_t count = lately_count(closed);

	return !closed->dropped ||
	       (count && lately_latest(closed, count - 1)->ev.time_ns < p->from_ns);
}

static void begin_memory(struct earlier *p)
{
	const struct live *l = &p->api->live;

	p->from_ns = l->began_ns + p->step * STEP_NS;
	p->to_ns = p->from_ns + STEP_NS;
	p->is_known = true;
	p->is_whole = has_all_closed(p) && !l->trails_refused;
}

static bool open_recording(struct earlier *p, int64_t wall_us, struct http_request *q)
{
	const char *path = p->api->agent->recording;
	char why[512] = "";
	int err;

	if (!path) {
		http_problem(q, 404, "no such moment",
			     "the last five minutes are kept, and the agent has no recording", "at",
			     SIZE_MAX);
		return false;
	}
	err = earlier_recording_open(&p->recording, path, wall_us, p->api->consumer->engine->max_flows,
				  why, sizeof(why));
	if (err)
		http_problem_format(q, 503, "the recording cannot be read", "%s: %s", path,
				    why[0] ? why : strerror(-err));
	return !err;
}

bool earlier_open(struct api *api, struct http_request *q, struct earlier **ret)
{
	int64_t wall_us, ns;
	struct earlier *p;

	*ret = NULL;
	if (!ask_time(api, q, "at", &wall_us))
		return false;
	if (!wall_us)
		return true;
	p = xcalloc(1, sizeof(*p));
	p->api = api;
	p->clock = *api->view->context.clock;
	ns = wall_us * NS_PER_US - p->clock.realtime_offset_ns;
	if (ns > (int64_t)clock_now_ns()) {
		http_problem(q, 400, "bad time", "that moment is still to come", "at", 0);
		free(p);
		return false;
	}
	if (find_step(&api->live, ns, &p->step)) {
		begin_memory(p);
	} else if (!open_recording(p, wall_us, q)) {
		free(p);
		return false;
	}
	*ret = p;
	return true;
}

void earlier_free(struct earlier *p)
{
	if (!p)
		return;
	earlier_leave(p);
	if (p->recording)
		earlier_recording_close(p->recording);
	free(p);
}

bool earlier_read(struct earlier *p)
{
	if (!p->recording)
		return false;
	if (earlier_recording_read(p->recording, ITEMS_AT_ONCE))
		return true;
	p->is_known = p->is_whole = earlier_recording_found(p->recording, &p->from_ns, &p->to_ns,
							 &p->clock.realtime_offset_ns);
	return false;
}

uint32_t earlier_count(const struct earlier *p)
{
	if (p->recording)
		return earlier_recording_count(p->recording);
	return p->api->live.used + (uint32_t)lately_count(&p->api->closed);
}

static void put_moved(struct event *ev, const struct trail_point *moved)
{
	ev->count = (struct ev_count){.tx_bytes = (uint64_t)moved->tx_bytes,
				      .rx_bytes = (uint64_t)moved->rx_bytes,
				      .retrans_segs = moved->retrans,
				      .srtt_us = moved->srtt_us};
}

static bool get_live(const struct earlier *p, uint32_t slot, struct event *ret)
{
	const struct live *l = &p->api->live;
	const struct flow *f = &p->api->consumer->engine->flows.flow[slot];
	struct trail_point moved;

	if (!l->flow[slot].id || l->flow[slot].listens || f->ident.open_ns >= p->to_ns ||
	    !live_then(l, slot, p->step, &moved))
		return false;
	ret->head = (struct ev_head){.id = f->id, .kind = EV_SAMPLE, .flags = EV_HAS_IDENT};
	ret->ident = f->ident;
	ret->time_ns = p->to_ns;
	put_moved(ret, &moved);
	return true;
}

static bool get_closed(const struct earlier *p, size_t i, struct event *ret)
{
	const struct lately_entry *e = lately_latest(&p->api->closed, i);
	const struct ev_count *c = &e->ev.count;
	struct trail_point moved = {.tx_bytes = (float)c->tx_bytes,
				    .rx_bytes = (float)c->rx_bytes,
				    .srtt_us = c->srtt_us,
				    .retrans = c->retrans_segs};

	if (e->left.step < p->step || e->ev.ident.open_ns >= p->to_ns ||
	    !live_left_then(&p->api->live, &e->left, p->step, &moved))
		return false;
	ret->head = (struct ev_head){.id = e->ev.head.id, .kind = EV_SAMPLE, .flags = EV_HAS_IDENT};
	ret->ident = e->ev.ident;
	ret->time_ns = p->to_ns;
	if (e->left.step == p->step) {
		ret->head.kind = EV_CLOSE;
		ret->head.state = e->ev.head.state;
		ret->head.end_reason = e->ev.head.end_reason;
		ret->head.error = e->ev.head.error;
		ret->time_ns = e->ev.time_ns;
	}
	put_moved(ret, &moved);
	return true;
}

bool earlier_get(const struct earlier *p, uint32_t i, struct event *ret)
{
	if (p->recording)
		return earlier_recording_get(p->recording, i, ret);
	return i < p->api->live.used ? get_live(p, i, ret) : get_closed(p, i - p->api->live.used, ret);
}

void earlier_enter(struct earlier *p)
{
	struct row_context *c = &p->api->view->context;

	p->other = *c;
	p->is_entered = true;
	c->clock = &p->clock;
	c->interval = true;
	c->interval_us = (p->to_ns - p->from_ns) / NS_PER_US;
	if (p->recording)
		c->cgroups = earlier_recording_cgroups(p->recording);
}

void earlier_leave(struct earlier *p)
{
	if (p->is_entered)
		p->api->view->context = p->other;
	p->is_entered = false;
}
