// SPDX-License-Identifier: BSD-2-Clause
/* The frame around the table: state, filter, keys, account of loss. */
#include "screen/draw.h"

#include <stdio.h>
#include <string.h>

#include "engine/clock.h"
#include "screen/human.h"
#include "screen/keys.h"
#include "view/view.h"

#define LINE_MAX 512

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

static void draw_state(struct canvas *c, const struct scene *s, const struct plan *p)
{
	char line[LINE_MAX], state[64], rates[96], time[16], live[HUMAN_MAX + 8],
		closed[HUMAN_MAX + 8];
	unsigned ink = s->ui->time == TIME_LIVE ? INK_BOLD : INK_BOLD | INK_REVERSE;
	int width;

	put_time_state(s, state, sizeof(state));
	put_clock(s, time);
	put_rates(s, rates, sizeof(rates));
	human_count(s->live, live);
	human_count(s->closed, closed);
	if (p->is_tiny)
		snprintf(line, sizeof(line), "%s %s flows", time, live);
	else
		snprintf(line, sizeof(line), "tcpsight %s %s %gs  %s%s%s%s%s  %s flows %s closed",
			 s->what, time, s->interval_s, page_name(s->ui->page),
			 s->ui->by != BY_NONE ? " by " : "",
			 s->ui->by != BY_NONE ? by_name(s->ui->by) : "",
			 s->ui->totals ? " totals" : "", s->ui->is_held ? " held" : "", live,
			 closed);
	width = (int)strlen(state);
	/* Rather none than half a number. */
	if (canvas_width(c, line, strlen(line)) + 2 + (int)strlen(rates) + 1 + width <= c->columns)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "  %s", rates);
	canvas_put(c, 0, 0, c->columns, line, strlen(line), false, 0);
	if (width + 1 < c->columns) {
		canvas_put(c, 0, c->columns - width - 1, 1, " ", 1, false, 0);
		canvas_put(c, 0, c->columns - width, width, state, (size_t)width, false, ink);
	}
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
		canvas_put(c, 3, 0, c->columns, ui->why, strlen(ui->why), false, INK_RED);
}

static int put_loss(const struct scene *s, char *buf, size_t size)
{
	const struct loss *l = &s->loss;
	int used;

	if (!l->is_known)
		return 0;
	used = snprintf(buf, size, "  lost %llu", (unsigned long long)l->flows);
	if (l->missed)
		used += snprintf(buf + used, size - (size_t)used, " missed %llu",
				 (unsigned long long)l->missed);
	if (l->refused)
		used += snprintf(buf + used, size - (size_t)used, " no room for %llu",
				 (unsigned long long)l->refused);
	if (l->undecoded)
		used += snprintf(buf + used, size - (size_t)used, " not understood %llu",
				 (unsigned long long)l->undecoded);
	return used;
}

/* As many keys as fit, each with its word. */
static void draw_keys(struct canvas *c, int row, int from)
{
	char text[LINE_MAX] = "";
	size_t used = 0;
	int room = c->columns - from;

	for (size_t i = 0; i < key_def_count; i++) {
		const struct key_def *k = &key_defs[i];
		char one[64];
		int len = k->foot ? snprintf(one, sizeof(one), "  %.*s %s",
					     (int)strcspn(k->names, " "), k->names, k->foot)
				  : 0;

		if (!len || (int)used + len > room)
			continue;
		memcpy(text + used, one, (size_t)len);
		used += (size_t)len;
	}
	canvas_put(c, row, from, room, text, used, true, 0);
}

static void draw_foot(struct canvas *c, const struct scene *s, const struct plan *p)
{
	const struct ui *ui = s->ui;
	char line[LINE_MAX], last[HUMAN_MAX + 8], all[HUMAN_MAX + 8];
	int row = c->rows - 1, used;
	size_t to = ui->top_line + (size_t)(p->lines > 0 ? p->lines : 0);
	bool has_lost = s->loss.flows || s->loss.missed || s->loss.refused || s->loss.undecoded;

	if (ui->message[0]) {
		canvas_put(c, row, 0, c->columns, ui->message, strlen(ui->message), false,
			   INK_BOLD);
		return;
	}
	human_count(s->list->count, all);
	human_count(to < s->list->count ? to : s->list->count, last);
	if (p->lines > 0)
		used = snprintf(line, sizeof(line), "%zu-%s of %s",
				s->list->count ? ui->top_line + 1 : 0, last, all);
	else
		used = snprintf(line, sizeof(line), "%s", all);
	canvas_text(c, row, 0, line, 0);
	put_loss(s, line, sizeof(line));
	used += canvas_text(c, row, used, s->loss.is_known ? line : "",
			    has_lost ? INK_RED | INK_BOLD : 0);
	draw_keys(c, row, used);
}

static void draw_too_small(struct canvas *c)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "tcpsight: window too small (%dx%d)", c->columns,
			   c->rows);

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
	if (!p->is_tiny)
		draw_foot(c, s, p);
}
