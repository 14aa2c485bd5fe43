// SPDX-License-Identifier: BSD-2-Clause
#include "api/sums_by.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/state.h"
#include "api/ask.h"
#include "api/earlier.h"
#include "api/rows.h"
#include "engine/column.h"
#include "engine/engine.h"
#include "engine/workload_of.h"
#include "util/out.h"
#include "util/xalloc.h"
#include "view/json_row.h"
#include "view/view.h"

/* Of a value; and how many characters one may take as JSON. */
#define TEXT_MAX 200
#define ESCAPE_MAX 6
#define CLOSED_SINCE_NS 60000000000ull

/* Of a flow, and few enough to be of use. */
static const char *const allowed[] = {
	"pid",	 "comm",  "unit",  "container", "pod",	 "uid",	  "netns",	  "family",
	"laddr", "lport", "raddr", "rport",	"role",	 "state", "remote_class", "port",
	"cgroup_id",
};

static bool is_allowed(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (strlen(allowed[i]) == len && !memcmp(allowed[i], name, len))
			return true;
	return false;
}

int sums_by_columns(struct sums_by *s, const char *list, size_t *ret_at, const char **ret_why)
{
	*s = (struct sums_by){.columns = 0};
	for (const char *p = list;; p++) {
		size_t len = strcspn(p, ",");

		*ret_at = (size_t)(p - list);
		*ret_why = s->columns == SUMS_BY_MAX
				   ? "at most four columns"
				   : "flows can be summed up by pid, comm, unit, container, pod, uid, "
				     "netns, family, laddr, lport, raddr, rport, port, role, state, "
				     "remote_class and cgroup_id";
		if (s->columns == SUMS_BY_MAX || !is_allowed(p, len))
			return -EINVAL;
		s->column[s->columns++] = column_find(p, len);
		p += len;
		if (!*p)
			return 0;
	}
}

static void put_value(struct out *out, const struct column *c, const struct row *row)
{
	char buf[VALUE_TEXT_MAX];
	size_t begin = out->used;
	struct value v = c->get(row);
	const char *text;
	size_t len = value_format(&v, buf, &text);

	if (v.type == VALUE_NONE || !len)
		out_str(out, "null");
	else if (value_is_bare(&v))
		out_mem(out, text, len);
	else
		out_json_string(out, text, len < TEXT_MAX ? len : TEXT_MAX);
	if (out->used - begin <= SUMS_TEXT_MAX / SUMS_BY_MAX)
		return;
	/* So much of it had to be escaped. */
	out->used = begin;
	out_json_string(out, text, TEXT_MAX / ESCAPE_MAX);
}

struct sum *sums_by_of(struct sums_by *s, struct out *scratch, const struct row *row)
{
	struct group_key key = {0};
	uint16_t end[SUMS_BY_MAX] = {0};
	struct group *g;
	struct sum *sum;

	scratch->used = 0;
	for (size_t i = 0; i < s->columns; i++) {
		put_value(scratch, s->column[i], row);
		end[i] = (uint16_t)scratch->used;
	}
	out_char(scratch, '\0');
	workload_key(scratch->buf, key.hash);
	g = group_table_add(&s->groups, &key);
	if (!g) {
		s->has_others = true;
		return &s->others;
	}
	sum = group_payload(&s->groups, g);
	if (!g->flows++) {
		memcpy(sum->text, scratch->buf, scratch->used);
		memcpy(sum->end, end, sizeof(end));
		sum->number = s->groups.used - 1;
	}
	return sum;
}

static void add(struct sum *sum, const struct ev_count *c, const struct ev_count *moved)
{
	sum->tx_bytes += c->tx_bytes;
	sum->rx_bytes += c->rx_bytes;
	sum->tx_moved += moved->tx_bytes;
	sum->rx_moved += moved->rx_bytes;
	sum->retrans += c->retrans_segs;
	if (c->srtt_us > sum->srtt_us)
		sum->srtt_us = c->srtt_us;
	if (c->min_rtt_us && (!sum->min_rtt_us || c->min_rtt_us < sum->min_rtt_us))
		sum->min_rtt_us = c->min_rtt_us;
}

unsigned sums_by_needs(const struct sums_by *s)
{
	unsigned needs = 0;

	for (size_t i = 0; i < s->columns; i++)
		needs |= s->column[i]->needs;
	return needs;
}

static void fill_live(struct sums_by *s, struct api *api, const struct ask *ask, struct out *scratch)
{
	const struct live *live = &api->live;
	unsigned needs = sums_by_needs(s);

	for (uint32_t slot = 0; slot < live->used; slot++) {
		const struct flow *f = &api->consumer->engine->flows.flow[slot];
		struct kept kept;
		struct row row;
		struct sum *sum;

		if (!live->flow[slot].id || live->flow[slot].listens ||
		    !ask_takes(ask, &f->ident, f->state))
			continue;
		row = rows_live_row(api, slot, &kept, needs);
		sum = sums_by_of(s, scratch, &row);
		sum->flows++;
		add(sum, &f->count, &kept.moved);
		s->matched++;
	}
}

static bool has_failed(const struct event *ev)
{
	return ev->head.end_reason > END_FIN && ev->head.end_reason != END_UNKNOWN;
}

static void fill_closed(struct sums_by *s, struct api *api, const struct ask *ask,
			struct out *scratch)
{
	const struct lately *past = &api->closed;
	uint64_t now = api->live.tick_ns;

	for (size_t i = 0; i < lately_count(past); i++) {
		const struct event *ev = &lately_latest(past, i)->ev;
		static const struct ev_count nothing;
		struct kept kept = {.ev = *ev};
		struct row row;
		struct sum *sum;

		if (now > CLOSED_SINCE_NS && ev->time_ns < now - CLOSED_SINCE_NS)
			break;
		if (ev->head.state == ST_LISTEN || !ask_takes(ask, &ev->ident, ev->head.state))
			continue;
		row = rows_row(api, &kept, now);
		sum = sums_by_of(s, scratch, &row);
		sum->closed++;
		sum->failed += has_failed(ev);
		add(sum, &ev->count, &nothing);
	}
}

static void fill_verdicts(struct sums_by *s, struct api *api, const struct ask *ask,
			  struct out *scratch)
{
	const struct why_cases *cases = &api->judging.cases[api->judging.shown];

	for (size_t i = 0; i < cases->table.used; i++) {
		uint64_t flows;
		const struct why_case *one = why_cases_at(cases, i, &flows);
		struct row row = {.context = &api->view->context,
				  .id = one->id,
				  .state = one->state,
				  .ident = &one->ident};
		struct sum *sum;

		if (!one->has_ident || one->state == ST_LISTEN ||
		    !ask_takes(ask, &one->ident, one->state))
			continue;
		sum = sums_by_of(s, scratch, &row);
		sum->wrong += one->verdict.severity >= SEVERITY_SLOW;
		/* The worst come first. */
		if (sum->worst)
			continue;
		sum->worst = one->verdict.rule;
		sum->severity = one->verdict.severity;
	}
}

static void fill_earlier(struct sums_by *s, const struct earlier *earlier, const struct ask *ask,
		      struct out *scratch)
{
	struct kept kept = {.has_moved = false};
	struct row row;
	struct sum *sum;

	for (uint32_t i = 0; i < earlier_count(earlier); i++) {
		if (!earlier_get(earlier, i, &kept.ev))
			continue;
		s->total++;
		if (!ask_takes(ask, &kept.ev.ident, kept.ev.head.state))
			continue;
		row = rows_row(earlier->api, &kept, earlier->to_ns);
		sum = sums_by_of(s, scratch, &row);
		sum->flows += kept.ev.head.kind != EV_CLOSE;
		sum->closed += kept.ev.head.kind == EV_CLOSE;
		sum->failed += has_failed(&kept.ev);
		add(sum, &kept.ev.count, &kept.ev.count);
		s->matched++;
	}
}

void sums_by_begin(struct sums_by *s, struct out *scratch)
{
	group_table_init(&s->groups, SUMS_GROUPS_MAX, sizeof(struct sum));
	s->others.number = SUMS_GROUPS_MAX;
	out_init_memory(scratch);
	scratch->for_web = true;
}

void sums_by_fill(struct sums_by *s, struct api *api, const struct ask *ask)
{
	struct out scratch;
	size_t len;

	sums_by_begin(s, &scratch);
	s->total = api->live.flows;
	fill_live(s, api, ask, &scratch);
	fill_closed(s, api, ask, &scratch);
	fill_verdicts(s, api, ask, &scratch);
	free(out_take(&scratch, &len));
}

void sums_by_fill_earlier(struct sums_by *s, const struct earlier *earlier, const struct ask *ask)
{
	struct out scratch;
	size_t len;

	sums_by_begin(s, &scratch);
	fill_earlier(s, earlier, ask, &scratch);
	free(out_take(&scratch, &len));
}

void sums_by_done(struct sums_by *s)
{
	group_table_done(&s->groups);
}

size_t sums_by_count(const struct sums_by *s)
{
	return s->groups.used + s->has_others;
}

struct order {
	uint64_t (*key)(const struct sum *sum);
};

static int by_key(const void *a, const void *b, void *context)
{
	const struct sum *x = *(const struct sum *const *)a, *y = *(const struct sum *const *)b;
	const struct order *o = context;
	uint64_t p = o->key(x), q = o->key(y);

	return p != q ? (p < q ? 1 : -1) : strcmp(x->text, y->text);
}

const struct sum **sums_by_sorted(const struct sums_by *s, uint64_t (*key)(const struct sum *sum))
{
	const struct sum **all = xcalloc(sums_by_count(s) + 1, sizeof(struct sum *));
	struct order order = {key};

	for (uint32_t i = 0; i < s->groups.used; i++)
		all[i] = group_payload(&s->groups, &s->groups.group[i]);
	qsort_r(all, s->groups.used, sizeof(*all), by_key, &order);
	if (s->has_others)
		all[s->groups.used] = &s->others;
	return all;
}

void sums_by_put_values(const struct sums_by *s, const struct sum *sum, const char *const *names,
			struct out *out)
{
	size_t begin = 0;

	for (size_t i = 0; i < s->columns; i++) {
		json_row_key(out, names[i], strlen(names[i]), i);
		if (sum == &s->others)
			out_str(out, "\"(others)\"");
		else
			out_mem(out, sum->text + begin, sum->end[i] - begin);
		begin = sum->end[i];
	}
}
