// SPDX-License-Identifier: BSD-2-Clause
/* The frame around the table: state, filter, what is typed. The foot is in draw_foot.c. */
#include "screen/draw.h"

#include <stdio.h>
#include <string.h>

#include "engine/clock.h"
#include "screen/human.h"
#include "view/view.h"

#define LINE_MAX 512
#define PART_MAX 128
/* Characters of a host or file: at most, and what is left of them before other parts leave. */
#define WHAT_MAX 64
#define WHAT_LEAST 8

static void put_clock(const struct scene *s, char buf[16])
{
	clock_format_hms(s->view->context.clock, s->moment->time_ns, buf);
	/* Of a quiet machine the clock must not be the only thing that moves. */
	if (s->is_calm)
		buf[5] = '\0';
}

static void put_time_state(const struct scene *s, char *buf, size_t size)
{
	const struct ui *ui = s->ui;
	/* One can go back so many intervals. */
	unsigned kept = s->journal->last + 1 - s->journal->first;
	char at[16];

	clock_format_hms(s->view->context.clock, s->moment->time_ns, at);
	switch (ui->time) {
	case TIME_LIVE:
		snprintf(buf, size, "LIVE");
		break;
	case TIME_PAUSED:
		snprintf(buf, size, ui->behind ? "PAUSED +%u of %u" : "PAUSED", ui->behind, kept);
		break;
	case TIME_BACK:
		snprintf(buf, size, "BACK %s +%u of %u", at, ui->behind, kept);
		break;
	case TIME_FILE:
		snprintf(buf, size, s->is_reading ? "READING %s" : "PAST %s", at);
		break;
	case TIME_PLAYING:
		if (ui->speed)
			snprintf(buf, size, "PLAYING %ux %s", ui->speed, at);
		else
			snprintf(buf, size, "PLAYING %s", at);
		break;
	}
}

static void put_rates(const struct scene *s, char *buf, size_t size)
{
	unsigned times = s->ui->bits ? 8 : 1;
	const char *unit = s->ui->bits ? "b/s" : "B/s";
	char rx[HUMAN_MAX], tx[HUMAN_MAX];

	human_number(s->rx_rate * times, s->ui->binary, rx);
	human_number(s->tx_rate * times, s->ui->binary, tx);
	snprintf(buf, size, "rx %s tx %s %s", rx, tx, unit);
}

/* Parts of the first line, each with a blank behind it, in their order. */
enum part { PART_TOOL, PART_WHAT, PART_CLOCK, PART_INTERVAL, PART_PAGE, PART_SMALL, PART_FLOWS, PART_CLOSED, PART_RATES,
	    PART_COUNT };

struct head {
	char part[PART_COUNT][PART_MAX];
};

static void put_page(const struct scene *s, char *buf, size_t size)
{
	const struct ui *ui = s->ui;
	/* That flows are shown the count of flows says. */
	const char *page = ui->page == PAGE_FLOWS ? "" : page_name(ui->page);

	bool is_grouped = ui->by != BY_NONE;

	snprintf(buf, size, "%s%s%s%s%s%s%s", *page ? " " : "", page, is_grouped ? " by " : "",
		 is_grouped ? by_name(ui->by) : "", ui->totals ? " totals" : "", ui->is_held ? " held" : "",
		 *page || is_grouped || ui->totals || ui->is_held ? " " : "");
}

static void put_parts(const struct scene *s, const struct plan *p, struct head *h)
{
	char count[HUMAN_MAX + 8], rates[PART_MAX - 4], time[16];

	memset(h, 0, sizeof(*h));
	snprintf(h->part[PART_TOOL], PART_MAX, "tcpsight ");
	snprintf(h->part[PART_WHAT], PART_MAX, "%.*s ", WHAT_MAX, s->what);
	put_clock(s, time);
	/* Of the past the state says it; before the first interval has ended there is none. */
	if (s->moment->tick && (s->ui->time == TIME_LIVE || s->ui->time == TIME_PAUSED))
		snprintf(h->part[PART_CLOCK], PART_MAX, "%s ", time);
	snprintf(h->part[PART_INTERVAL], PART_MAX, "%gs ", s->interval_s);
	put_page(s, h->part[PART_PAGE], PART_MAX);
	if (p->is_tiny)
		snprintf(h->part[PART_SMALL], PART_MAX, " small window ");
	human_count(s->live, count);
	snprintf(h->part[PART_FLOWS], PART_MAX, " %s flows ", count);
	human_count(s->closed, count);
	snprintf(h->part[PART_CLOSED], PART_MAX, "%s closed ", count);
	put_rates(s, rates, sizeof(rates));
	snprintf(h->part[PART_RATES], PART_MAX, " %s ", rates);
}

static int width_of_head(const struct canvas *c, const struct head *h)
{
	int width = 0;

	for (int i = 0; i < PART_COUNT; i++)
		width += canvas_width(c, h->part[i], strlen(h->part[i]));
	return width;
}

/* A part that does not fit leaves whole: rather none than half a number. */
static void fit_head(const struct canvas *c, struct head *h, int room)
{
	static const enum part leaves[] = {PART_TOOL, PART_CLOSED, PART_WHAT, PART_CLOCK, PART_RATES,
					   PART_INTERVAL, PART_SMALL, PART_PAGE, PART_FLOWS};
	char *what = h->part[PART_WHAT];
	int over = width_of_head(c, h) - room, len = (int)strlen(what);

	/* A long name is cut before anything leaves. */
	if (over > 0 && len > WHAT_LEAST + 1) {
		len = len - over > WHAT_LEAST + 1 ? len - over : WHAT_LEAST + 1;
		snprintf(what + len - 2, 3, "~ ");
	}
	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]) && width_of_head(c, h) > room; i++)
		h->part[leaves[i]][0] = '\0';
}

static void draw_state(struct canvas *c, const struct scene *s, const struct plan *p)
{
	unsigned ink = s->ui->time == TIME_LIVE ? INK_BOLD : INK_BOLD | INK_REVERSE;
	char line[PART_COUNT * PART_MAX] = "", state[64];
	struct head head;
	int width;

	put_time_state(s, state, sizeof(state));
	width = (int)strlen(state);
	put_parts(s, p, &head);
	fit_head(c, &head, c->columns - width);
	for (int i = 0; i < PART_COUNT; i++)
		strcat(line, head.part[i]);
	canvas_put(c, 0, 0, c->columns, line, strlen(line), false, 0);
	if (width + 1 < c->columns)
		canvas_put(c, 0, c->columns - width, width, state, (size_t)width, false, ink);
}

static void draw_filter(struct canvas *c, const struct scene *s)
{
	const struct ui *ui = s->ui;
	char buf[LINE_MAX], shown[HUMAN_MAX + 8], there[HUMAN_MAX + 8];
	int width;

	human_count(s->list->flows_shown, shown);
	human_count(s->list->flows_there, there);
	width = snprintf(buf, sizeof(buf), " %s of %s", shown, there);
	canvas_put(c, 1, 0, c->columns, "", 0, false, 0);
	canvas_text(c, 1, 0, "filter: ", INK_BOLD);
	canvas_text(c, 1, 8, ui->where, 0);
	canvas_put(c, 1, c->columns - width, width, buf, (size_t)width, false, 0);
}

static const char *prompt_name(enum prompt prompt)
{
	static const char *const names[] = {
		"", "filter: ", "search: ", "to time: ", "save to: ", "type kill: "};

	return names[prompt];
}

/* Below the place, in as many lines as it needs. */
static void draw_why(struct canvas *c, const char *why)
{
	for (int row = 3; *why && row < c->rows - 1; row++) {
		size_t len = human_fit(why, c->columns);

		canvas_put(c, row, 0, c->columns, why, len, false, INK_RED);
		why += len + (why[len] == ' ');
	}
}

/* The text that is typed, its end in sight, and, if it is wrong, where and why. */
static void draw_prompt(struct canvas *c, const struct scene *s, const struct plan *p)
{
	const struct ui *ui = s->ui;
	const char *name = prompt_name(ui->prompt);
	int begin = (int)strlen(name), room = c->columns - begin - 1;
	int at = canvas_width(c, ui->text, ui->text_at), skip = at > room ? at - room : 0;
	size_t from = 0;
	bool is_wrong = ui->why[0];

	while (from < ui->text_at && canvas_width(c, ui->text, from) < skip)
		from++;
	canvas_put(c, 1, 0, c->columns, name, strlen(name), false, INK_BOLD);
	/* Without colours the sign says it. */
	if (is_wrong)
		canvas_text(c, 1, begin - 1, "!", INK_RED | INK_BOLD);
	canvas_put(c, 1, begin, room + 1, ui->text + from, ui->text_len - from, false,
		   is_wrong ? INK_RED : 0);
	c->cursor_row = 1;
	c->cursor_column = begin + at - skip;
	if (!is_wrong || p->header < 0)
		return;
	at = begin +
	     canvas_width(c, ui->text, ui->why_at < ui->text_len ? ui->why_at : ui->text_len);
	at = at < skip + begin ? begin : at - skip;
	canvas_put(c, 2, 0, c->columns, "", 0, false, 0);
	canvas_put(c, 2, at, 1, "^", 1, false, INK_RED | INK_BOLD);
	if (at + 2 + (int)strlen(ui->why) <= c->columns)
		canvas_text(c, 2, at + 2, ui->why, INK_RED);
	else if ((int)strlen(ui->why) < at)
		canvas_text(c, 2, at - 1 - (int)strlen(ui->why), ui->why, INK_RED);
	else
		draw_why(c, ui->why);
}

/* As much of it as there is room for. */
static void draw_too_small(struct canvas *c)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "tcpsight: window too small (%dx%d)", c->columns,
			   c->rows);

	if (len > c->columns)
		len = snprintf(text, sizeof(text), "window too small");
	if (len > c->columns)
		len = snprintf(text, sizeof(text), "too small");
	canvas_put(c, 0, 0, c->columns, text, (size_t)len, false, 0);
}

void draw(struct canvas *c, struct scene *s, const struct plan *p)
{
	canvas_clear(c);
	if (p->is_too_small) {
		draw_too_small(c);
		return;
	}
	draw_table(c, s, p);
	draw_state(c, s, p);
	if (p->detail_rows > 0)
		draw_detail(c, s, p);
	if (s->ui->over == OVER_HELP)
		draw_help(c, s);
	else if (s->ui->over == OVER_COLUMNS)
		draw_columns(c, s);
	if (s->ui->prompt != PROMPT_NONE)
		draw_prompt(c, s, p);
	else if (s->ui->where[0] && !p->is_tiny && s->ui->over != OVER_HELP)
		draw_filter(c, s);
	draw_foot(c, s, p);
}
