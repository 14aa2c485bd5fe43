// SPDX-License-Identifier: BSD-2-Clause
/* /api/v1/flows?at=...: the connections of an earlier moment. */
#include <stdlib.h>

#include "api/answer.h"
#include "api/ask.h"
#include "api/earlier.h"
#include "api/pick.h"
#include "api/rows.h"
#include "engine/column.h"
#include "serve/http.h"
#include "util/out.h"
#include "util/xalloc.h"

struct earlier_flows {
	struct api *api;
	struct earlier *earlier;
	struct ask *ask;   /* until there are rows */
	struct rows *rows; /* once the moment was read */
	bool quotes_big;
};

static double rank_of(struct earlier_flows *f, const struct event *ev)
{
	struct kept kept = {.ev = *ev};
	struct row row;
	struct value v;

	if (!f->ask->sort)
		return 0;
	row = rows_row(f->api, &kept, f->earlier->to_ns);
	v = f->ask->sort->get(&row);
	return value_number(&v);
}

static void choose(struct earlier_flows *f, struct picks *picks)
{
	struct event ev;

	for (uint32_t i = 0; i < earlier_count(f->earlier); i++) {
		struct pick pick = {.slot = i};

		if (!earlier_get(f->earlier, i, &ev))
			continue;
		f->rows->total++;
		if (!ask_takes(f->ask, &ev.ident, ev.head.state))
			continue;
		f->rows->matched++;
		pick.id = ev.head.id;
		pick.rank = rank_of(f, &ev);
		picks_offer(picks, &pick);
	}
	picks_sort(picks);
}

static void make_rows(struct earlier_flows *f)
{
	const struct ask *ask = f->ask;
	struct picks picks = {.limit = ask->limit,
			      .descending = ask->descending,
			      .has_after = ask->has_after,
			      .after_rank = ask->after_rank,
			      .after_id = ask->after_id};
	struct event ev;

	f->rows = rows_new(f->api, f->ask);
	f->rows->earlier = f->earlier;
	f->rows->quotes_big = f->quotes_big;
	f->rows->moment_ns = f->earlier->is_known ? f->earlier->to_ns : 0;
	choose(f, &picks);
	for (size_t i = 0; i < picks.count; i++)
		if (earlier_get(f->earlier, picks.pick[i].slot, &ev))
			rows_keep_earlier(f->rows, &ev);
	if (picks.has_more && picks.count)
		ask_cursor_write(picks.pick[picks.count - 1].rank, picks.pick[picks.count - 1].id,
				 f->rows->next);
	picks_done(&picks);
	f->ask = NULL;
}

static bool more(void *context, struct out *out)
{
	struct earlier_flows *f = context;
	bool has_more;

	/* JSON may begin with blanks, and the loop goes on meanwhile. */
	if (!f->rows && earlier_read(f->earlier)) {
		out_char(out, ' ');
		return true;
	}
	earlier_enter(f->earlier);
	if (!f->rows)
		make_rows(f);
	has_more = rows_more(f->rows, out);
	earlier_leave(f->earlier);
	return has_more;
}

static void done(void *context)
{
	struct earlier_flows *f = context;

	if (f->rows)
		rows_free(f->rows);
	else
		ask_free(f->ask);
	earlier_free(f->earlier);
	free(f);
}

void answer_earlier_flows(struct api *api, struct http_request *q, struct earlier *earlier,
			  struct ask *ask)
{
	static const struct http_pieces pieces = {.more = more, .done = done};
	struct earlier_flows *f = xcalloc(1, sizeof(*f));

	*f = (struct earlier_flows){.api = api, .earlier = earlier, .ask = ask};
	if (answer_read_int64(q, &f->quotes_big))
		http_answer_pieces(q, 200, "application/json", &pieces, f);
	else
		done(f);
}
