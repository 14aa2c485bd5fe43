// SPDX-License-Identifier: BSD-2-Clause
#include "api/changes.h"

#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/state.h"
#include "util/out.h"
#include "util/xalloc.h"
#include "view/json_row.h"
#include "view/view.h"

static int compare(const struct why_case *x, const struct why_case *y)
{
	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return strcmp(x->verdict.rule->code, y->verdict.rule->code);
}

static int by_id(const void *a, const void *b)
{
	return compare(*(const struct why_case *const *)a, *(const struct why_case *const *)b);
}

static const struct why_case **sorted(const struct why_cases *cases)
{
	size_t count = cases->table.used;
	const struct why_case **all = xcalloc(count + 1, sizeof(struct why_case *));

	for (size_t i = 0; i < count; i++)
		all[i] = group_payload(&cases->table, &cases->table.group[i]);
	qsort(all, count, sizeof(*all), by_id);
	return all;
}

void changes_find(struct changes *c, const struct judging *j)
{
	const struct why_cases *cases[2] = {&j->cases[!j->shown], &j->cases[j->shown]};
	size_t before = cases[0]->table.used, now = cases[1]->table.used, x = 0, y = 0;
	const struct why_case **old = sorted(cases[0]), **new = sorted(cases[1]);

	*c = (struct changes){.change = xcalloc(before + now + 1, sizeof(*c->change))};
	while (x < before || y < now) {
		int order = x == before ? 1 : y == now ? -1 : compare(old[x], new[y]);

		if (order < 0)
			c->change[c->count++] = (struct change){old[x], true};
		else if (order > 0)
			c->change[c->count++] = (struct change){new[y], false};
		x += order <= 0;
		y += order >= 0;
	}
	free(old);
	free(new);
}

void changes_done(struct changes *c)
{
	free(c->change);
	*c = (struct changes){0};
}

void changes_put(struct api *api, const struct change *change, struct out *out)
{
	static struct section section;
	struct row row = answer_verdict_row(api, change->one);
	size_t at;

	if (!section.count)
		section_parse(&section, VERDICT_COLUMNS, &at);
	out_format(out, "{\"change\":\"%s\"", change->has_ended ? "ended" : "began");
	json_row_put(out, &section, &row, true);
	out_char(out, '}');
}

void changes_put_host(struct api *api, struct out *out)
{
	const struct minutes_point *p;

	if (!minutes_count(&api->minutes)) {
		out_str(out, "null");
		return;
	}
	p = minutes_latest(&api->minutes, 0);
	out_format(out,
		   "{\"flows\":%u,\"listeners\":%u,\"tx_bytes\":%llu,\"rx_bytes\":%llu,"
		   "\"retrans\":%llu,\"opened\":%u,\"closed\":%u,\"failed\":%u,",
		   p->flows, api->live.listeners, (unsigned long long)p->tx_bytes,
		   (unsigned long long)p->rx_bytes, (unsigned long long)p->retrans, p->opened,
		   p->closed, p->failed);
	out_format(out, "\"rtt_p50_us\":%u,\"rtt_p95_us\":%u,\"rtt_p99_us\":%u}", p->rtt_p50_us,
		   p->rtt_p95_us, p->rtt_p99_us);
}
