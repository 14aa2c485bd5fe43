// SPDX-License-Identifier: BSD-2-Clause
#include "screen/fields.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct shown {
	const char *column, *title;
	int width, width_max;
	enum look look;
	uint8_t leaves;
};

/* The first that has to leave is 1. */
static const struct shown flows[] = {
	{"pid", NULL, 7, 0, LOOK_PLAIN, 0},
	{"comm", NULL, -12, 16, LOOK_PLAIN, 0},
	{"local", "LOCAL", -21, 45, LOOK_ADDRESS, 4},
	{"remote", "REMOTE", -21, 45, LOOK_ADDRESS, 0},
	{"rx_bytes", "RX/s", 7, 0, LOOK_RATE, 9},
	{"tx_bytes", "TX/s", 7, 0, LOOK_RATE, 10},
	{"srtt_us", NULL, 6, 0, LOOK_MS, 8},
	{"retrans", "RETR", 4, 0, LOOK_PLAIN, 7},
	{"acked_bytes", "HISTORY (tx)", -HISTORY_WIDTH, 0, LOOK_HISTORY, 3},
	{"severity", NULL, -8, 0, LOOK_PLAIN, 6},
	{"verdict", NULL, -18, 24, LOOK_PLAIN, 5},
	{"state", NULL, -11, 0, LOOK_PLAIN, 2},
	{"duration_us", "AGE", 6, 0, LOOK_AGE, 1},
};

static const struct shown closed[] = {
	{"clock", NULL, -8, 0, LOOK_PLAIN, 0},
	{"pid", NULL, 7, 0, LOOK_PLAIN, 2},
	{"comm", NULL, -12, 16, LOOK_PLAIN, 0},
	{"local", "LOCAL", -21, 45, LOOK_ADDRESS, 1},
	{"remote", "REMOTE", -21, 45, LOOK_ADDRESS, 0},
	{"rx_bytes", "RX", 7, 0, LOOK_BYTES, 6},
	{"tx_bytes", "TX", 7, 0, LOOK_BYTES, 7},
	{"duration_us", "AGE", 6, 0, LOOK_AGE, 5},
	{"retrans", "RETR", 4, 0, LOOK_PLAIN, 4},
	{"end_reason", NULL, -14, 0, LOOK_PLAIN, 8},
	{"error", NULL, -12, 0, LOOK_PLAIN, 1},
	{"verdict", NULL, -18, 24, LOOK_PLAIN, 3},
};

static const struct shown verdicts[] = {
	{"severity", NULL, -8, 0, LOOK_PLAIN, 0},
	{"verdict", NULL, -20, 24, LOOK_PLAIN, 5},
	{"pid", NULL, 7, 0, LOOK_PLAIN, 3},
	{"comm", NULL, -12, 16, LOOK_PLAIN, 0},
	{"local", "LOCAL", -21, 45, LOOK_ADDRESS, 1},
	{"remote", "REMOTE", -21, 45, LOOK_ADDRESS, 0},
	{"rx_bytes", "RX/s", 7, 0, LOOK_RATE, 2},
	{"tx_bytes", "TX/s", 7, 0, LOOK_RATE, 4},
	{"limited_by", NULL, -15, 0, LOOK_PLAIN, 2},
};

static const struct shown listeners[] = {
	{"pid", NULL, 7, 0, LOOK_PLAIN, 7},
	{"comm", NULL, -12, 16, LOOK_PLAIN, 8},
	{"local", "LISTENS", -21, 45, LOOK_ADDRESS, 0},
	{"backlog", "QUEUE", 6, 0, LOOK_PLAIN, 0},
	{"backlog_max", "LIMIT", 6, 0, LOOK_PLAIN, 0},
	{"listen_drops", "DROPS", 6, 0, LOOK_PLAIN, 6},
	{"synack_retrans", "SYNACK_RTX", 10, 0, LOOK_PLAIN, 3},
	{"uid", NULL, 6, 0, LOOK_PLAIN, 2},
	{"severity", NULL, -8, 0, LOOK_PLAIN, 5},
	{"verdict", NULL, -20, 24, LOOK_PLAIN, 4},
	{"unit", NULL, -20, 40, LOOK_PLAIN, 1},
};

static const struct {
	const struct shown *shown;
	size_t count;
} pages[] = {
	{flows, COUNT(flows)},
	{closed, COUNT(closed)},
	{verdicts, COUNT(verdicts)},
	{listeners, COUNT(listeners)},
};

/* What an interval sums up, and is a rate therefore. */
static const char *const rates[] = {"tx_bytes", "rx_bytes", "bytes", "acked_bytes",
				    "bytes_retrans"};

static bool is_rate(const char *name)
{
	for (size_t i = 0; i < COUNT(rates); i++)
		if (!strcmp(rates[i], name))
			return true;
	return false;
}

void fields_default(struct fields *f, unsigned page)
{
	f->count = 0;
	for (size_t i = 0; i < pages[page].count; i++) {
		const struct shown *s = &pages[page].shown[i];

		f->field[f->count++] = (struct field){
			.column = column_find(s->column, strlen(s->column)),
			.title = s->title,
			.width = s->width,
			.width_max = s->width_max,
			.look = s->look,
			.leaves = s->leaves,
			/* One word says less than the other, and more than nothing. */
			.until = !strcmp(s->column, "severity") && page != 2 ? "verdict" : NULL,
		};
	}
}

static enum look look_of(const struct column *c)
{
	if (is_rate(c->name))
		return LOOK_RATE;
	if (!strcmp(c->name, "duration_us"))
		return LOOK_AGE;
	if (!strcmp(c->unit, "us"))
		return LOOK_MS;
	if (!strcmp(c->unit, "B") || !strcmp(c->unit, "B/s"))
		return LOOK_BYTES;
	if (!strcmp(c->name, "local") || !strcmp(c->name, "remote") || !strcmp(c->name, "laddr") ||
	    !strcmp(c->name, "raddr") || !strcmp(c->name, "busiest"))
		return LOOK_ADDRESS;
	return LOOK_PLAIN;
}

static struct field field_of(const struct column *c)
{
	enum look look = look_of(c);
	struct field f = {.column = c, .width = c->width, .look = look, .leaves = 1};

	if (look == LOOK_RATE || look == LOOK_BYTES || look == LOOK_AGE || look == LOOK_MS)
		f.width = 8;
	if (look == LOOK_ADDRESS)
		f.width_max = 45;
	return f;
}

bool fields_toggle(struct fields *f, const struct column *column)
{
	int at = fields_find(f, column->name);

	if (at >= 0) {
		memmove(&f->field[at], &f->field[at + 1],
			(f->count - (size_t)at - 1) * sizeof(f->field[0]));
		f->count--;
		return true;
	}
	if (f->count == FIELDS_MAX)
		return false;
	f->field[f->count++] = field_of(column);
	return true;
}

void fields_parse(struct fields *f, const char *list)
{
	f->count = 0;
	for (const char *p = list; p && *p; p += strcspn(p, ",") + (p[strcspn(p, ",")] != '\0')) {
		const struct column *c = column_find(p, strcspn(p, ","));

		if (c && fields_find(f, c->name) < 0)
			fields_toggle(f, c);
	}
	/* The first two tell rows apart; they stay. */
	for (size_t i = 0; i < f->count && i < 2; i++)
		f->field[i].leaves = 0;
}

bool fields_need(const struct fields *f, unsigned needs)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->field[i].column->needs & needs)
			return true;
	return false;
}

int fields_find(const struct fields *f, const char *name)
{
	for (size_t i = 0; i < f->count; i++)
		if (!strcmp(f->field[i].column->name, name) && f->field[i].look != LOOK_HISTORY)
			return (int)i;
	return -1;
}

const char *field_title(const struct field *f, bool totals, char *buf)
{
	static const char *const sums[][2] = {{"RX/s", "RX"}, {"TX/s", "TX"}};

	for (size_t i = 0; f->title && totals && i < COUNT(sums); i++)
		if (!strcmp(f->title, sums[i][0]))
			return sums[i][1];
	return f->title ? f->title : column_title(f->column, buf);
}
