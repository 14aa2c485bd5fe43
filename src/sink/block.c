// SPDX-License-Identifier: BSD-2-Clause
/*
 * A block of lines per row, as tcpipstat.stp prints it: a title between two rules, then the
 * counters of the section in their groups. What is 0 is left out, unless zeros are asked for.
 */
#include <string.h>

#include "engine/counter.h"
#include "engine/group.h"
#include "engine/question.h"
#include "engine/value.h"
#include "util/out.h"
#include "view/sink.h"
#include "view/view.h"

#define RULE "-----------------------------------------\n"

static void block_begin(struct view *view)
{
	if (view->layout.opening)
		view->layout.opening(view, view->out);
}

static void block_tick_begin(struct view *view)
{
	if (view->layout.heading)
		view->layout.heading(view, view->out);
	view->printed = 0;
}

static bool is_zero(const struct addr *a)
{
	return !a->word_be[0] && !a->word_be[1] && !a->word_be[3] &&
	       (!a->word_be[2] || addr_is_v4(a));
}

static void put_addr(struct out *out, const struct addr *a)
{
	char text[VALUE_TEXT_MAX];
	size_t len = value_format_addr(a, text);

	out_mem(out, text, len);
}

static void put_endpoint(struct out *out, const struct addr *a, unsigned port)
{
	bool v6 = !addr_is_v4(a);

	out_str(out, v6 ? "[" : "");
	put_addr(out, a);
	out_format(out, "%s:%u", v6 ? "]" : "", port);
}

static void put_part(struct out *out, const char *name, const struct addr *a)
{
	if (is_zero(a))
		return;
	out_str(out, name);
	put_addr(out, a);
	out_char(out, '\n');
}

/* A group by what has a name: the columns that name it. */
static bool put_name(struct out *out, const struct row *row)
{
	static const struct {
		unsigned share;
		const char *label, *column;
	} names[] = {
		{SHARE_PROCESS, "Process", "pid"}, {SHARE_COMM, "Command", "comm"},
		{SHARE_UNIT, "Unit", "unit"},	   {SHARE_CONTAINER, "Container", "container"},
		{SHARE_STATE, "State", "state"},
	};
	char buf[VALUE_TEXT_MAX];
	bool is_named = false;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct value v;
		const char *text;
		size_t len;

		if (!(row->shares & names[i].share))
			continue;
		v = column_find(names[i].column, strlen(names[i].column))->get(row);
		len = value_format(&v, buf, &text);
		out_format(out, "%s: ", names[i].label);
		out_clean(out, len ? text : "(none)", len ? len : 6);
		out_char(out, '\n');
		is_named = true;
	}
	return is_named;
}

static void put_title(struct out *out, const struct row *row)
{
	const struct group_key *k = row->key;

	if (row->is_others) {
		out_str(out, "Others: what found no place within --max-flows\n");
		return;
	}
	if (put_name(out, row))
		return;
	if (!is_zero(&k->laddr) && !is_zero(&k->raddr) && k->lport && k->rport) {
		put_endpoint(out, &k->laddr, k->lport);
		out_str(out, " <-> ");
		put_endpoint(out, &k->raddr, k->rport);
		out_char(out, '\n');
		return;
	}
	put_part(out, "Local address: ", &k->laddr);
	put_part(out, "Remote address: ", &k->raddr);
	if (k->lport)
		out_format(out, "Local port: %u\n", k->lport);
	if (k->rport)
		out_format(out, "Remote port: %u\n", k->rport);
}

/* Which block a column belongs to; BLOCK_COUNT if it is none of a report of counters. */
static enum counter_block block_of(const struct column *column, const struct counter **ret)
{
	*ret = counter_find(column->name);
	if (*ret)
		return (*ret)->block;
	return column->needs & NEED_EXTRA ? BLOCK_MORE : BLOCK_COUNT;
}

/* Has the section a column in this block that this row (the host's or not) can show? */
static bool has_block(const struct view *view, enum counter_block block, bool host)
{
	const struct section *s = &view->layout.section[0];
	const struct counter *c;

	for (size_t i = 0; i < s->count; i++)
		if (block_of(s->column[i], &c) == block && (!host || (c && c->kind == HOST)))
			return true;
	return false;
}

static bool shows(const struct view *view, const struct value *v)
{
	if (v->type == VALUE_NONE)
		return false;
	if (v->type == VALUE_TEXT)
		return v->text_len;
	return view->layout.zeros || value_number(v) != 0;
}

/* Of a few chosen counters, a row may have none. */
static bool is_empty(const struct view *view, const struct row *row)
{
	const struct section *s = &view->layout.section[0];
	const struct counter *c;

	for (size_t i = 0; i < s->count; i++) {
		struct value v = s->column[i]->get(row);

		if (block_of(s->column[i], &c) != BLOCK_COUNT && shows(view, &v))
			return false;
	}
	return true;
}

static void put_block(struct view *view, const struct row *row, enum counter_block block)
{
	const struct section *s = &view->layout.section[0];
	char buf[VALUE_TEXT_MAX];

	out_format(view->out, "%s:\n", counter_block_names[block]);
	for (size_t i = 0; i < s->count; i++) {
		const struct counter *counter;
		const char *text;
		struct value v;
		size_t len;

		if (block_of(s->column[i], &counter) != block)
			continue;
		v = s->column[i]->get(row);
		if (!shows(view, &v))
			continue;
		len = value_format(&v, buf, &text);
		out_format(view->out, "\t%s = ", counter ? counter->title : s->column[i]->title);
		out_clean(view->out, text, len);
		out_char(view->out, '\n');
	}
}

static void block_row(struct view *view, const struct row *row)
{
	bool host = row->is_host;

	if (view->question->columns && is_empty(view, row))
		return;
	out_str(view->out, "\n" RULE);
	if (host)
		out_str(view->out, "Host: what the kernel counts for no socket\n");
	else
		put_title(view->out, row);
	if (view->per_close && row->adopted)
		out_str(view->out, "Stats were not collected for the entire socket life.\n");
	out_str(view->out, RULE);
	for (enum counter_block b = 0; b < BLOCK_COUNT; b++)
		if (has_block(view, b, host))
			put_block(view, row, b);
	out_str(view->out, "\n\n");
	view->printed += !host;
}

static void block_tick_end(struct view *view)
{
	if (!view->printed)
		out_str(view->out, "\nNo packets were accepted by the filters.\n");
}

static void block_end(struct view *view, const struct account *account)
{
	(void)view;
	(void)account;
}

const struct sink sink_block = {
	.name = "block",
	.summary = "a block of counters per socket, as tcpipstat.stp prints it",
	.begin = block_begin,
	.tick_begin = block_tick_begin,
	.tick_end = block_tick_end,
	.row = block_row,
	.end = block_end,
};
