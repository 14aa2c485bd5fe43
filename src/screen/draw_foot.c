// SPDX-License-Identifier: BSD-2-Clause
/* The end of the window: what was said, what was lost, and the keys that do something here. */
#include <stdio.h>
#include <string.h>

#include "screen/draw.h"
#include "screen/human.h"
#include "screen/keys.h"

#define LINE_MAX 512

/* A key that works, and what it does here; of ACT_PAUSE see pause_word(). */
struct hint {
	enum act act;
	const char *word;
};

/* In the order in which they are shown; those that find no room are left out from the end. */
static const struct hint of_live[] = {
	{ACT_PAGE_NEXT, "page"}, {ACT_FILTER, "filter"}, {ACT_SEARCH, "search"},   {ACT_BY_NEXT, "group"},
	{ACT_PAUSE, ""},	 {ACT_SORT_RIGHT, "sort"}, {ACT_COLUMNS, "columns"}, {ACT_QUIT, "quit"},
	{ACT_NOTHING, NULL},
};
static const struct hint of_past[] = {
	{ACT_TIME_BACK, "back"}, {ACT_TIME_ON, "on"},	 {ACT_PAUSE, ""},	  {ACT_TIME_TO, "to a time"},
	{ACT_FILTER, "filter"},	 {ACT_PAGE_NEXT, "page"}, {ACT_SEARCH, "search"}, {ACT_BY_NEXT, "group"},
	{ACT_QUIT, "quit"},	 {ACT_NOTHING, NULL},
};
static const struct hint of_file[] = {
	{ACT_TIME_BACK, "back"}, {ACT_TIME_ON, "on"},	 {ACT_TIME_TO, "to a time"}, {ACT_PAUSE, ""},
	{ACT_FILTER, "filter"},	 {ACT_PAGE_NEXT, "page"}, {ACT_SEARCH, "search"},    {ACT_BY_NEXT, "group"},
	{ACT_SORT_RIGHT, "sort"}, {ACT_COLUMNS, "columns"}, {ACT_QUIT, "quit"},	     {ACT_NOTHING, NULL},
};
static const struct hint of_playing[] = {
	{ACT_PAUSE, ""},	 {ACT_SPEED, "speed"},	{ACT_PAGE_NEXT, "page"}, {ACT_FILTER, "filter"},
	{ACT_SEARCH, "search"}, {ACT_BY_NEXT, "group"}, {ACT_QUIT, "quit"},	 {ACT_NOTHING, NULL},
};
static const struct hint of_detail[] = {
	{ACT_BACK, "back"},   {ACT_PAGE_DOWN, "more"}, {ACT_TIME_BACK, "earlier"}, {ACT_TIME_ON, "later"},
	{ACT_SAVE, "save"},   {ACT_PAUSE, ""},    {ACT_QUIT, "quit"},	   {ACT_NOTHING, NULL},
};
static const struct hint of_help[] = {
	{ACT_BACK, "back"}, {ACT_PAGE_DOWN, "more"}, {ACT_SEARCH, "search"}, {ACT_NOTHING, NULL}};
static const struct hint of_columns[] = {
	{ACT_BACK, "back"}, {ACT_MARK, "on/off"}, {ACT_SEARCH, "search"}, {ACT_NOTHING, NULL}};

/* What Enter and Esc do to what is typed. */
static const char *const of_prompt[] = {
	[PROMPT_FILTER] = "  Enter keep  Esc undo  Up before",
	[PROMPT_SEARCH] = "  Enter keep  Esc undo",
	[PROMPT_TIME] = "  Enter go  Esc back",
	[PROMPT_SAVE] = "  Enter save  Esc back",
	[PROMPT_KILL] = "  Enter close it  Esc leave it",
};

static const struct hint *hints_for(const struct ui *ui)
{
	if (ui->over == OVER_HELP)
		return of_help;
	if (ui->over == OVER_COLUMNS)
		return of_columns;
	if (ui->over == OVER_DETAIL)
		return of_detail;
	switch (ui->time) {
	case TIME_FILE:
		return of_file;
	case TIME_PLAYING:
		return of_playing;
	case TIME_LIVE:
		return of_live;
	default:
		return of_past;
	}
}

static const char *pause_word(enum time_state time)
{
	switch (time) {
	case TIME_LIVE:
		return "pause";
	case TIME_FILE:
		return "play";
	case TIME_PLAYING:
		return "stop";
	default:
		return "live";
	}
}

static size_t put_hint(enum act act, const char *word, char *buf, size_t size)
{
	size_t i = 0;

	while (key_defs[i].act != act)
		i++;
	return (size_t)snprintf(buf, size, "  %.*s %s", (int)strcspn(key_defs[i].names, " "), key_defs[i].names,
				word);
}

static void add_hint(enum act act, const char *word, int room, char *text, size_t *used)
{
	char one[64];
	size_t len = put_hint(act, word, one, sizeof(one));

	if ((int)(*used + len) > room)
		return;
	memcpy(text + *used, one, len + 1);
	*used += len;
}

static void draw_keys(struct canvas *c, const struct scene *s, int row, int from)
{
	const struct ui *ui = s->ui;
	const struct line *line = list_at(s->list, ui->cursor_line);
	char text[LINE_MAX] = "", help[64] = "";
	int room = c->columns - from;
	size_t used = 0, help_len = 0;

	if (ui->prompt != PROMPT_NONE) {
		canvas_put(c, row, from, room, of_prompt[ui->prompt], strlen(of_prompt[ui->prompt]), true, 0);
		return;
	}
	/* Where everything else is told always has its place. */
	if (ui->over != OVER_HELP)
		help_len = put_hint(ACT_HELP, "help", help, sizeof(help));
	room -= (int)help_len;
	if (ui->over == OVER_NOTHING && line)
		add_hint(ACT_ENTER,
			 line->kind != LINE_GROUP		? "detail"
			 : s->list->sum[line->index].is_open ? "close"
								: "open",
			 room, text, &used);
	for (const struct hint *h = hints_for(ui); h->word; h++)
		add_hint(h->act, h->act == ACT_PAUSE ? pause_word(ui->time) : h->word, room, text, &used);
	memcpy(text + used, help, help_len + 1);
	canvas_put(c, row, from, room + (int)help_len, text, used + help_len, true, 0);
}

static int put_loss(const struct scene *s, char *buf, size_t size)
{
	const struct loss *l = &s->loss;
	int used;

	if (!l->is_known)
		return 0;
	used = snprintf(buf, size, "lost %llu", (unsigned long long)l->flows);
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

/* Which lines are in sight; nothing where something covers them. */
static int put_lines(const struct scene *s, const struct plan *p, char *buf, size_t size)
{
	const struct ui *ui = s->ui;
	size_t to = ui->top_line + (size_t)(p->lines > 0 ? p->lines : 0), count = s->list->count;
	char last[HUMAN_MAX + 8], all[HUMAN_MAX + 8];

	if (p->lines <= 0 || ui->prompt == PROMPT_KILL || ui->over == OVER_HELP || ui->over == OVER_COLUMNS)
		return 0;
	human_count(count, all);
	human_count(to < count ? to : count, last);
	return snprintf(buf, size, "%zu-%s of %s  ", count ? ui->top_line + 1 : 0, last, all);
}

/* What was said stands above the foot, in as many lines as it needs. */
static void draw_message(struct canvas *c, const char *message, int end)
{
	const char *line[LINE_MAX];
	size_t len[LINE_MAX];
	int lines = 0, most = c->rows / 2 + 1;

	for (const char *rest = message; *rest && lines < most && lines < LINE_MAX; lines++) {
		char part[UI_MESSAGE_MAX];

		snprintf(part, sizeof(part), "%.*s", (int)strcspn(rest, "\n"), rest);
		line[lines] = rest;
		len[lines] = human_fit(part, c->columns);
		rest += len[lines];
		rest += *rest == ' ' || *rest == '\n';
	}
	for (int i = 0; i < lines; i++)
		canvas_put(c, end - lines + i, 0, c->columns, line[i], len[i], false, INK_BOLD);
}

void draw_foot(struct canvas *c, const struct scene *s, const struct plan *p)
{
	bool has_lost = s->loss.flows || s->loss.missed || s->loss.refused || s->loss.undecoded;
	int row = c->rows - 1, used = 0;
	char line[LINE_MAX] = "";

	draw_message(c, s->ui->message, p->is_tiny ? c->rows : row);
	if (p->is_tiny)
		return;
	canvas_put(c, row, 0, c->columns, "", 0, false, 0);
	put_lines(s, p, line, sizeof(line));
	used = canvas_text(c, row, 0, line, 0);
	line[0] = '\0';
	put_loss(s, line, sizeof(line));
	used += canvas_text(c, row, used, line, has_lost ? INK_RED | INK_BOLD : 0);
	draw_keys(c, s, row, used);
}
