// SPDX-License-Identifier: BSD-2-Clause
/* /api/v1/closed: what ended, the latest first. */
#include "api/answer.h"
#include "api/state.h"
#include "api/ask.h"
#include "api/ask_time.h"
#include "api/rows.h"
#include "engine/clock.h"
#include "view/view.h"

#define NS_PER_US 1000

/* `since` by the live clock; 0 if it is not given. False: it was answered. */
static bool read_since(struct api *api, struct http_request *q, uint64_t *ret_ns)
{
	int64_t us;

	*ret_ns = 0;
	if (!ask_time(api, q, "since", &us))
		return false;
	us -= us ? api->view->context.clock->realtime_offset_ns / NS_PER_US : 0;
	*ret_ns = us > 0 ? (uint64_t)us * NS_PER_US : 0;
	return true;
}

/* Entries are numbered: the cursor is the number, and a page begins with the one before it. */
static void pick(struct rows *rows, const struct ask *ask, const struct lately *past,
		 uint64_t since_ns)
{
	uint64_t last = 0;

	rows->total = lately_count(past);
	for (size_t i = 0; i < lately_count(past); i++) {
		const struct lately_entry *e = lately_latest(past, i);

		if (e->ev.time_ns < since_ns || !ask_takes(ask, &e->ev.ident, e->ev.head.state))
			continue;
		rows->matched++;
		if (ask->has_after && e->number >= ask->after_id)
			continue;
		if (rows->count < ask->limit) {
			rows_keep_closed(rows, &e->ev);
			last = e->number;
		} else if (!rows->next[0]) {
			ask_cursor_write(0, last, rows->next);
		}
	}
}

void answer_closed(void *context, struct http_request *q)
{
	static const struct ask_defaults defaults = {CLOSED_COLUMNS, NULL, 100};
	struct api *api = context;
	struct ask *ask;
	struct rows *rows;
	uint64_t since_ns;

	if (!read_since(api, q, &since_ns))
		return;
	ask = answer_ask(api, q, &defaults);
	if (!ask)
		return;
	rows = rows_new(api, ask);
	pick(rows, ask, &api->closed, since_ns);
	rows_answer(rows, q);
}
