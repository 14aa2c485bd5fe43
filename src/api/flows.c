// SPDX-License-Identifier: BSD-2-Clause
/* /api/v1/flows and /api/v1/listeners: what is there, in any order, page by page. */
#include <string.h>

#include "api/answer.h"
#include "api/state.h"
#include "api/ask.h"
#include "api/pick.h"
#include "api/rows.h"
#include "engine/column.h"
#include "engine/engine.h"

/* Its rank in the order that was asked for. */
static double rank_of(struct api *api, const struct ask *ask, uint32_t slot)
{
	struct kept scratch;
	struct row row;
	struct value v;

	if (!ask->sort)
		return 0;
	row = rows_live_row(api, slot, &scratch, ask->sort->needs);
	v = ask->sort->get(&row);
	return value_number(&v);
}

struct rows *answer_pick_live(struct api *api, struct ask *ask, bool listeners)
{
	const struct live *live = &api->live;
	struct rows *rows = rows_new(api, ask);
	struct picks picks = {.limit = ask->limit,
			      .descending = ask->descending,
			      .has_after = ask->has_after,
			      .after_rank = ask->after_rank,
			      .after_id = ask->after_id};

	rows->total = listeners ? live->listeners : live->flows;
	for (uint32_t slot = 0; slot < live->used; slot++) {
		const struct flow *f = &api->consumer->engine->flows.flow[slot];
		struct pick pick = {.id = live->flow[slot].id, .slot = slot};

		if (!pick.id || live->flow[slot].listens != listeners ||
		    !ask_takes(ask, &f->ident, f->state))
			continue;
		rows->matched++;
		pick.rank = rank_of(api, ask, slot);
		picks_offer(&picks, &pick);
	}
	picks_sort(&picks);
	for (size_t i = 0; i < picks.count; i++)
		rows_keep_live(rows, picks.pick[i].slot);
	if (picks.has_more && picks.count)
		ask_cursor_write(picks.pick[picks.count - 1].rank, picks.pick[picks.count - 1].id,
				 rows->next);
	picks_done(&picks);
	return rows;
}

void answer_flows(void *api, struct http_request *q)
{
	static const struct ask_defaults defaults = {FLOW_COLUMNS, "-tx_rate", 100};
	const struct ask_from from = {.get = answer_get, .context = q};
	struct earlier *earlier;
	struct ask *ask = answer_ask_at(api, q, &from, &defaults, &earlier);

	if (ask && earlier)
		answer_earlier_flows(api, q, earlier, ask);
	else if (ask)
		rows_answer(answer_pick_live(api, ask, false), q);
}

void answer_listeners(void *api, struct http_request *q)
{
	static const struct ask_defaults defaults = {
		"id,pid,comm,unit,container,uid,family,laddr,lport,backlog,backlog_max,listen_drops,"
		"netns,cookie",
		"id", 1000};
	struct ask *ask = answer_ask(api, q, &defaults);

	if (ask)
		rows_answer(answer_pick_live(api, ask, true), q);
}
