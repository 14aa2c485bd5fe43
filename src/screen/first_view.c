// SPDX-License-Identifier: BSD-2-Clause
#include "screen/first_view.h"

#include <stdio.h>
#include <string.h>

#include "engine/column.h"
#include "engine/question.h"
#include "screen/show.h"
#include "screen/state.h"
#include "screen/where.h"
#include "view/view.h"

/* The filter of the command line becomes that of the screen, where it can be changed. */
static void take_filter(struct screen *s, struct question *q)
{
	char why[UI_WHY_MAX];
	size_t at;

	if (!q->where || strlen(q->where) >= UI_TEXT_MAX)
		return;
	s->where = where_new(q->where, true, why, sizeof(why), &at);
	/* What is wrong is told as of every report. */
	if (!s->where)
		return;
	snprintf(s->ui.where, sizeof(s->ui.where), "%s", q->where);
	s->list.where = s->where;
	s->list.where_number = 1;
	q->where = NULL;
}

static void set_pages(struct screen *s, const struct question *q)
{
	for (unsigned page = 0; page < PAGE_COUNT; page++) {
		fields_default(&s->ui.fields[page], page);
		s->ui.sort[page].field = SORT_BUSIEST;
	}
	s->ui.sort[PAGE_CLOSED].field = fields_find(&s->ui.fields[PAGE_CLOSED], "clock");
	s->ui.sort[PAGE_VERDICTS].field = fields_find(&s->ui.fields[PAGE_VERDICTS], "severity");
	s->ui.sort[PAGE_LISTENERS].field = fields_find(&s->ui.fields[PAGE_LISTENERS], "backlog");
	if (q->columns)
		fields_parse(&s->ui.fields[PAGE_FLOWS], q->columns);
	if (s->view->sort) {
		struct fields *f = &s->ui.fields[PAGE_FLOWS];

		if (fields_find(f, s->view->sort->name) < 0)
			fields_toggle(f, s->view->sort);
		s->ui.sort[PAGE_FLOWS].field = fields_find(f, s->view->sort->name);
	}
}

static void set_by(struct screen *s, const char *by)
{
	for (int i = BY_NONE + 1; i < BY_COUNT; i++)
		if (!strcmp(by_name((enum by)i), by))
			show_set_by(s, (enum by)i);
}

void first_view_set(struct screen *s, struct question *q)
{
	set_pages(s, q);
	take_filter(s, q);
	if (s->options->by)
		set_by(s, s->options->by);
}
