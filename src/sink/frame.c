// SPDX-License-Identifier: BSD-2-Clause
/*
 * One JSON object per interval, as `tcpsubnet -J` prints it: the date, the time and the rows as one
 * object, whose keys are the first column and whose values are the second.
 */
#include "engine/clock.h"
#include "view/sink.h"
#include "engine/value.h"
#include "view/view.h"
#include "util/out.h"

static void frame_begin(struct view *view)
{
	(void)view;
}

static void frame_tick_begin(struct view *view)
{
	char date[16], time[16];

	clock_format_mdy(view->context.clock, view->tick_ns, date);
	clock_format_hms(view->context.clock, view->tick_ns, time);
	out_format(view->out, "{\"date\": \"%s\", \"time\": \"%s\", \"entries\": {", date, time);
	view->section_now = -1;
}

static void frame_row(struct view *view, const struct row *row)
{
	const struct section *s = &view->layout.section[0];
	struct value key = s->column[0]->get(row), number = s->column[1]->get(row);
	char buf[VALUE_TEXT_MAX];
	const char *text;
	size_t len = value_format(&key, buf, &text);

	if (view->section_now == 0)
		out_str(view->out, ", ");
	view->section_now = 0;
	out_json_string(view->out, text, len);
	out_str(view->out, ": ");
	len = value_format(&number, buf, &text);
	out_mem(view->out, text, len);
}

static void frame_tick_end(struct view *view)
{
	out_str(view->out, "}}\n");
}

static void frame_end(struct view *view, const struct account *account)
{
	(void)view;
	(void)account;
}

const struct sink sink_frame = {
	.name = "frame",
	.summary = "one JSON object per interval, as tcpsubnet -J prints it",
	.begin = frame_begin,
	.tick_begin = frame_tick_begin,
	.tick_end = frame_tick_end,
	.row = frame_row,
	.end = frame_end,
};
