// SPDX-License-Identifier: BSD-2-Clause
#include "screen/order.h"

#include <stdlib.h>
#include <string.h>

#include "engine/column.h"
#include "screen/notes.h"
#include "screen/row_of.h"
#include "view/view.h"

/* So few lines are put in order one by one. */
#define FEW 12

static void set_number(struct line *line, double number)
{
	line->number = number;
	line->is_known = true;
}

static void set_value(struct line *line, const struct value *v)
{
	line->is_known = v->type != VALUE_NONE;
	switch (v->type) {
	case VALUE_TEXT:
	case VALUE_JSON:
		memset(line->bytes, 0, sizeof(line->bytes));
		memcpy(line->bytes, v->text,
		       v->text_len < sizeof(line->bytes) ? v->text_len : sizeof(line->bytes));
		break;
	case VALUE_ADDR:
	case VALUE_ENDPOINT:
		memset(line->bytes, 0, sizeof(line->bytes));
		memcpy(line->bytes, v->addr->byte, sizeof(v->addr->byte));
		line->bytes[16] = (unsigned char)(v->port >> 8);
		line->bytes[17] = (unsigned char)v->port;
		break;
	default:
		line->number = value_number(v);
	}
}

static float average(const struct list *l, const struct line *line, bool tx)
{
	const struct track_hot *h = &l->moment->hot[line->index];

	if (line->kind == LINE_GROUP)
		return tx ? l->sum[line->index].tx_average : l->sum[line->index].rx_average;
	return track_average(tx ? h->tx_average : h->rx_average, h->news_tick, l->moment->tick);
}

static const struct column *column_of(const struct list *l)
{
	const struct ui *ui = l->ui;
	int field = ui->sort[ui->page].field;

	return field < 0 ? NULL : ui->fields[ui->page].field[field].column;
}

/* How what a flow is ordered by is found. */
enum way {
	WAY_SLOWLY, /* a row is made, and asked */
	WAY_BUSIEST, /* these lie in the hot part */
	WAY_TX,
	WAY_RX,
	WAY_SEVERITY,
	WAY_SRTT,
	WAY_IDENT, /* slowly, and once for each ident */
	WAY_NEWS,  /* slowly, and once for each interval that told of the flow */
};

static bool is_one_of(const struct column *c, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(c->name, names[i]))
			return true;
	return false;
}

static unsigned choose_way(const struct column *c, bool totals)
{
	/* Texts and addresses that come from the ident alone. */
	static const char *const of_ident[] = {"comm",	"thread", "owner_source", "laddr",
					       "raddr", "local",  "remote",	  "role"};
	/* Words that change with news of the flow alone: neither as time goes by nor as names are learnt. */
	static const char *const of_news[] = {"state",	    "verdict", "severity", "limited_by",
					      "end_reason", "error",   "retrans"};

	if (!c)
		return WAY_BUSIEST;
	if (!totals && !strcmp(c->name, "tx_bytes"))
		return WAY_TX;
	if (!totals && !strcmp(c->name, "rx_bytes"))
		return WAY_RX;
	if (!totals && !strcmp(c->name, "severity"))
		return WAY_SEVERITY;
	if (!totals && !strcmp(c->name, "srtt_us"))
		return WAY_SRTT;
	if (is_one_of(c, of_ident, sizeof(of_ident) / sizeof(of_ident[0])))
		return WAY_IDENT;
	if (c->needs & NEED_EXTRA || is_one_of(c, of_news, sizeof(of_news) / sizeof(of_news[0])))
		return WAY_NEWS;
	return WAY_SLOWLY;
}

void order_begin(struct list *l)
{
	l->ordered_by = column_of(l);
	l->way = choose_way(l->ordered_by, l->ui->totals);
}

/* Returns false of what does not lie in the hot part. */
static bool set_quickly(const struct list *l, struct line *line)
{
	const struct track_hot *h = &l->moment->hot[line->index];

	switch ((enum way)l->way) {
	case WAY_BUSIEST:
		set_number(line, (double)average(l, line, true) + (double)average(l, line, false));
		return true;
	case WAY_TX:
	case WAY_RX:
		set_number(line, average(l, line, l->way == WAY_TX));
		return true;
	case WAY_SEVERITY:
		if (line->kind == LINE_GROUP)
			return false;
		set_number(line, h->severity);
		line->is_known = h->rule;
		return true;
	case WAY_SRTT:
		if (line->kind == LINE_GROUP)
			return false;
		set_number(line, h->delta.srtt_us);
		line->is_known = h->delta.srtt_us;
		return true;
	default:
		return false;
	}
}

static void set_slowly(const struct list *l, struct line *line, const struct column *c)
{
	static struct row_maker maker; /* large, and written before it is read */
	struct row row;
	struct value v;

	maker.view = l->view;
	maker.moment = l->moment;
	maker.totals = l->ui->totals;
	maker.without_counters = !(c->needs & NEED_EXTRA);
	if (line->kind == LINE_GROUP)
		row_of_sum(&maker, &l->sum[line->index], &row);
	else
		row_of_track(&maker, line->index, &row);
	/* Words of a scale, in the order of the scale. */
	if (!strcmp(c->name, "severity") && row.verdict) {
		set_number(line, row.verdict->severity);
		return;
	}
	if (!strcmp(c->name, "clock")) {
		set_number(line, (double)row.time_ns);
		return;
	}
	v = c->get(&row);
	set_value(line, &v);
}

/*
 * When what a flow is ordered by was made: a flow has one state for each interval that told of it, and
 * its counts are those of that interval while it is shown, later none. Never 0.
 */
static uint32_t made_at(const struct list *l, const struct line *line)
{
	const struct track_hot *h = &l->moment->hot[line->index];

	return 1 + (h->news_tick << 2 | (uint32_t)track_has_news(h, l->moment->tick) << 1 | l->ui->totals);
}

/* `at`: 0 of what comes from the ident alone. */
static void set_from_cache(struct list *l, struct line *line, uint32_t at)
{
	const struct column *c = l->ordered_by;
	struct list_cache *cache = list_cache_of(l, line->index);

	if (cache->ordered_by != c || cache->ordered_at != at) {
		set_slowly(l, line, c);
		cache->ordered_by = c;
		cache->ordered_at = at;
		cache->is_known = line->is_known;
		memcpy(cache->order, line->bytes, sizeof(cache->order));
		return;
	}
	line->is_known = cache->is_known;
	memcpy(line->bytes, cache->order, sizeof(line->bytes));
}

void order_key(struct list *l, struct line *line)
{
	if (l->ui->is_held)
		set_number(line, notes_rank(l, line));
	else if (set_quickly(l, line))
		return;
	else if (line->kind != LINE_GROUP && l->way == WAY_IDENT)
		set_from_cache(l, line, 0);
	else if (line->kind != LINE_GROUP && l->way == WAY_NEWS)
		set_from_cache(l, line, made_at(l, line));
	else
		set_slowly(l, line, l->ordered_by);
}

/* Do lines of this list hold texts? */
static bool has_texts(const struct list *l)
{
	const struct column *c = column_of(l);
	static const char *const numbers[] = {"severity", "clock"};

	if (!c || l->ui->is_held)
		return false;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!strcmp(numbers[i], c->name))
			return false;
	/* Texts and addresses stand at the left. */
	return c->width < 0 && strcmp(c->name, "pid") && strcmp(c->name, "family") &&
	       strcmp(c->name, "lport") && strcmp(c->name, "rport") && strcmp(c->name, "port") &&
	       strcmp(c->name, "ms") && strcmp(c->name, "elapsed");
}

struct direction {
	bool texts, ascending;
};

static struct direction direction_of(const struct list *l)
{
	const struct ui *ui = l->ui;

	return (struct direction){
		.texts = has_texts(l),
		.ascending = ui->is_held || ui->sort[ui->page].ascending,
	};
}

static int compare(const struct line *a, const struct line *b, struct direction d)
{
	int order;

	if (a->is_known != b->is_known)
		return a->is_known ? -1 : 1;
	if (a->is_known) {
		order = d.texts ? memcmp(a->bytes, b->bytes, sizeof(a->bytes))
				: (a->number > b->number) - (a->number < b->number);
		if (order)
			return d.ascending ? order : -order;
	}
	return (a->id > b->id) - (a->id < b->id);
}

static void swap(struct line *a, struct line *b)
{
	struct line was = *a;

	*a = *b;
	*b = was;
}

static void insert_few(struct line *line, size_t count, struct direction d)
{
	for (size_t i = 1; i < count; i++)
		for (size_t k = i; k && compare(&line[k], &line[k - 1], d) < 0; k--)
			swap(&line[k], &line[k - 1]);
}

/* The middle one of three, so that what is in order already costs no more. */
static size_t divide(struct line *line, size_t count, struct direction d)
{
	size_t middle = count / 2, last = count - 1, at = 0;

	if (compare(&line[middle], &line[0], d) < 0)
		swap(&line[middle], &line[0]);
	if (compare(&line[last], &line[0], d) < 0)
		swap(&line[last], &line[0]);
	if (compare(&line[last], &line[middle], d) < 0)
		swap(&line[last], &line[middle]);
	swap(&line[middle], &line[last]);
	for (size_t i = 0; i < last; i++)
		if (compare(&line[i], &line[last], d) < 0)
			swap(&line[i], &line[at++]);
	swap(&line[at], &line[last]);
	return at;
}

/* Order [from, to) of `count` lines, as quicksort does, but only what touches it. */
static void order_some(struct line *line, size_t count, size_t from, size_t to, struct direction d)
{
	while (count > FEW && from < to) {
		size_t at = divide(line, count, d);

		/* The larger half in this loop, so that the stack stays shallow. */
		if (at < count / 2) {
			if (from < at)
				order_some(line, at, from, to < at ? to : at, d);
			line += at + 1;
			count -= at + 1;
			from = from > at + 1 ? from - at - 1 : 0;
			to = to > at + 1 ? to - at - 1 : 0;
		} else {
			if (to > at + 1)
				order_some(line + at + 1, count - at - 1,
					   from > at + 1 ? from - at - 1 : 0, to - at - 1, d);
			count = at;
			to = to < at ? to : at;
		}
	}
	if (from < to)
		insert_few(line, count, d);
}

void order_window(const struct list *l, size_t from, size_t to)
{
	order_some(l->line, l->count, from, to, direction_of(l));
}

size_t order_place(const struct list *l, size_t i)
{
	struct direction d = direction_of(l);
	size_t before = 0;

	for (size_t k = 0; k < l->count; k++)
		before += k != i && compare(&l->line[k], &l->line[i], d) < 0;
	return before;
}

void order_all(const struct list *l, struct line *line, size_t count)
{
	order_some(line, count, 0, count, direction_of(l));
}
