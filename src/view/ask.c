// SPDX-License-Identifier: BSD-2-Clause
#include "view/ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "view/show.h"

#define ECHO_MAX 60

static int complain_column(const char *list, size_t at, int err, struct usage_error *error)
{
	size_t len = strcspn(list + at, ",");
	const struct column *near;
	char name[ECHO_MAX + 1];

	snprintf(name, sizeof(name), "%.*s", (int)(len < ECHO_MAX ? len : ECHO_MAX), list + at);
	near = err == -EINVAL ? column_nearest(name) : NULL;
	error->argument = strlen(list) > 2 * ECHO_MAX ? NULL : list;
	error->at = at;
	if (err == -E2BIG)
		snprintf(error->text, sizeof(error->text), "too many columns: at most %d",
			 LAYOUT_CELLS_MAX);
	else if (near)
		snprintf(error->text, sizeof(error->text), "no column '%s' (did you mean %s?)",
			 name, near->name);
	else
		snprintf(error->text, sizeof(error->text), "no column '%s' (-o help lists all)",
			 name);
	return -EINVAL;
}

/* A report's own word for a column, out of "word=column,...": *ret_len is that of the column. */
static const char *translate(const char *sorts, const char *name, size_t *ret_len)
{
	size_t len = strlen(name);

	for (const char *p = sorts; p && *p; p += strcspn(p, ",") + (p[strcspn(p, ",")] != '\0'))
		if (!strncmp(p, name, len) && p[len] == '=') {
			*ret_len = strcspn(p + len + 1, ",");
			return p + len + 1;
		}
	*ret_len = len;
	return name;
}

static int choose_sort(const struct report *report, const struct question *q, struct view *view,
		       struct usage_error *error)
{
	const char *name = q->sort;
	size_t len;

	if (!name || !strcmp(name, "all"))
		return 0;
	name = translate(report->sorts, name, &len);
	view->sort = column_find(name, len);
	return view->sort ? 0 : complain_column(q->sort, 0, -EINVAL, error);
}

static bool lists(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = list; *p; p += strcspn(p, ","), p += *p == ',')
		if (!strncmp(p, name, len) && (p[len] == ',' || !p[len]))
			return true;
	return false;
}

/* Rows of several hosts say of which, unless somebody chose what they say. */
static bool wants_host(const struct question *q, const char *list)
{
	return watch_has_hosts(q->watch) && !q->columns && !(list && lists(list, "host"));
}

static int choose_columns(const struct report *report, const struct question *q, struct view *view,
			  struct usage_error *error)
{
	static const struct cell host = {"host", -12, .cut = 12};
	const char *list = q->columns;
	size_t at;
	int err;

	if (!list && (q->json || q->csv))
		list = report->columns_of ? report->columns_of(q) : report->columns;
	if (wants_host(q, list))
		for (int i = 0; i < LAYOUT_SECTIONS; i++)
			section_set(&view->layout.section[i], &host, 1);
	view->layout.own_columns = list;
	report->setup(q, view);
	err = list ? section_parse(&view->layout.section[0], list, &at) : 0;
	if (err)
		return complain_column(list, at, err, error);
	return choose_sort(report, q, view, error);
}

static unsigned wants_of(const struct view *view)
{
	unsigned wants = 0;

	if (view->when == VIEW_ON_HANDSHAKE)
		return WANT_HANDSHAKES;
	if (view->when == VIEW_ON_CLOSE || view->per_close)
		wants |= WANT_CLOSED;
	if (view->when == VIEW_ON_TICK)
		wants |= WANT_INTERVALS;
	if (view->when == VIEW_ON_TICK && view->needs & NEED_EXTRA)
		wants |= WANT_COUNTERS;
	if (view->sums)
		wants |= WANT_ALL | WANT_LISTENERS | WANT_RESETS;
	if (view->sockets)
		wants |= WANT_ALL | WANT_LISTENERS | WANT_PRESENT;
	if (view->grouping.uses_note)
		wants |= WANT_NOTE;
	return wants;
}

int ask_view(const struct report *report, struct question *q, struct view *view, struct consumer *c,
	     struct usage_error *error)
{
	view->question = q;
	view->consumer = c;
	view->rows = q->rows;
	if (choose_columns(report, q, view, error))
		return -EINVAL;
	view->moves = moves_of(&view->layout, view->sort, &view->context);
	view->needs |= layout_needs(&view->layout) | (view->sort ? view->sort->needs : 0);
	/* Counters are made of all parts of an event. */
	if (view->sums || view->sockets)
		view->needs |= NEED_EXTRA;
	if (view->when == VIEW_ON_HANDSHAKE)
		view->needs |= NEED_HANDSHAKES;
	c->ops = &view_consumer;
	c->state = view;
	c->question = q;
	c->needs = view->needs | (q->by_pid || q->unit || q->container ? NEED_OWNER : 0);
	c->wants = wants_of(view);
	c->keep_syscalls = view->layout.heading_syscalls;
	c->fd = -1;
	return report->wrap ? report->wrap(c, view, error) : 0;
}

const char *ask_sink(const struct report *report, const struct view *view, bool is_screen)
{
	const struct question *q = view->question;
	const char *own = report->sink && !q->json ? report->sink(q) : NULL;

	if (q->json)
		return "json";
	if (own)
		return own;
	if (q->csv)
		return "csv";
	if (view->layout.blocks)
		return "block";
	return view->when == VIEW_ON_TICK && !view->layout.rolls && is_screen ? "screen" : "table";
}
