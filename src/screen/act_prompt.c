// SPDX-License-Identifier: BSD-2-Clause
/* A line of text that is typed: edited, understood at each change, taken with Enter. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "engine/filter.h"
#include "screen/act.h"
#include "screen/where.h"
#include "util/utf8.h"
#include "util/xalloc.h"

/* A longer filter is compiled with Enter only: it takes time that grows with its square. */
#define LIVE_MAX 1024

static void set_text(struct screen *s, const char *text)
{
	struct ui *ui = &s->ui;

	snprintf(ui->text, sizeof(ui->text), "%s", text);
	ui->text_len = ui->text_at = strlen(ui->text);
}

void act_prompt_open(struct screen *s, enum prompt prompt, const char *text)
{
	s->ui.prompt = prompt;
	s->ui.why[0] = '\0';
	s->typed_at = s->typed_count;
	set_text(s, text);
	memcpy(s->where_before, s->ui.where, sizeof(s->where_before));
}

/* Put a filter in force; "" is none. False if it is not one: then the last one stays. */
static bool take_filter(struct screen *s, const char *text)
{
	struct ui *ui = &s->ui;
	struct where *where = NULL;

	ui->why[0] = '\0';
	if (text[strspn(text, " \t")]) {
		where = where_new(text, false, ui->why, sizeof(ui->why), &ui->why_at);
		if (!where)
			return false;
	}
	where_free(s->where);
	s->where = where;
	s->list.where = where;
	s->list.where_number++;
	snprintf(ui->where, sizeof(ui->where), "%s", where ? text : "");
	return true;
}

static void changed(struct screen *s)
{
	struct ui *ui = &s->ui;

	if (ui->prompt == PROMPT_FILTER && ui->text_len <= LIVE_MAX)
		take_filter(s, ui->text);
	else
		ui->why[0] = '\0';
	if (ui->prompt == PROMPT_SEARCH) {
		snprintf(ui->search, sizeof(ui->search), "%.*s", (int)sizeof(ui->search) - 1,
			 ui->text);
		act_search(s, false, true);
	}
}

static void insert(struct screen *s, int key)
{
	struct ui *ui = &s->ui;
	char bytes[8];
	size_t len = 0;

	if (key < 0x20 || key >= KEY_BASE)
		return;
	if (key < 0x80) {
		bytes[len++] = (char)key;
	} else if (key < 0x800) {
		bytes[len++] = (char)(0xc0 | key >> 6);
		bytes[len++] = (char)(0x80 | (key & 0x3f));
	} else if (key < 0x10000) {
		bytes[len++] = (char)(0xe0 | key >> 12);
		bytes[len++] = (char)(0x80 | (key >> 6 & 0x3f));
		bytes[len++] = (char)(0x80 | (key & 0x3f));
	} else {
		bytes[len++] = (char)(0xf0 | key >> 18);
		bytes[len++] = (char)(0x80 | (key >> 12 & 0x3f));
		bytes[len++] = (char)(0x80 | (key >> 6 & 0x3f));
		bytes[len++] = (char)(0x80 | (key & 0x3f));
	}
	if (ui->text_len + len >= sizeof(ui->text))
		return;
	memmove(ui->text + ui->text_at + len, ui->text + ui->text_at,
		ui->text_len - ui->text_at + 1);
	memcpy(ui->text + ui->text_at, bytes, len);
	ui->text_at += len;
	ui->text_len += len;
	changed(s);
}

static size_t before(const struct ui *ui, size_t at)
{
	while (at && (ui->text[--at] & 0xc0) == 0x80)
		;
	return at;
}

static size_t after(const struct ui *ui, size_t at)
{
	if (at < ui->text_len)
		at++;
	while (at < ui->text_len && (ui->text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static void cut(struct screen *s, size_t from, size_t to)
{
	struct ui *ui = &s->ui;

	if (from == to)
		return;
	memmove(ui->text + from, ui->text + to, ui->text_len - to + 1);
	ui->text_len -= to - from;
	ui->text_at = from;
	changed(s);
}

static size_t word_before(const struct ui *ui)
{
	size_t at = ui->text_at;

	while (at && ui->text[at - 1] == ' ')
		at--;
	while (at && ui->text[at - 1] != ' ')
		at--;
	return at;
}

/* Filters that were taken before, the latest first. */
static void recall(struct screen *s, int step)
{
	if (s->ui.prompt != PROMPT_FILTER || (step < 0 && !s->typed_at) ||
	    (step > 0 && s->typed_at >= s->typed_count))
		return;
	s->typed_at = (unsigned)((int)s->typed_at + step);
	set_text(s, s->typed_at < s->typed_count ? s->typed[s->typed_at] : s->where_before);
	changed(s);
}

static void remember(struct screen *s)
{
	const char *text = s->ui.where;

	if (!text[0] || (s->typed_count && !strcmp(s->typed[s->typed_count - 1], text)))
		return;
	if (s->typed_count == FILTER_HISTORY_MAX) {
		free(s->typed[0]);
		memmove(s->typed, s->typed + 1, (--s->typed_count) * sizeof(s->typed[0]));
	}
	s->typed[s->typed_count++] = xstrdup(text);
}

static void close_prompt(struct screen *s)
{
	s->ui.prompt = PROMPT_NONE;
	s->ui.why[0] = '\0';
}

static void enter(struct screen *s)
{
	struct ui *ui = &s->ui;
	enum prompt prompt = ui->prompt;

	switch (prompt) {
	case PROMPT_FILTER:
		/* What is no filter stays, to be mended. */
		if (!take_filter(s, ui->text))
			return;
		remember(s);
		break;
	case PROMPT_TIME:
		act_time_to(s, ui->text);
		if (ui->why[0])
			return;
		break;
	case PROMPT_SAVE:
		act_save_to(s, ui->text);
		break;
	case PROMPT_KILL:
		act_kill_now(s, ui->text);
		break;
	default:
		break;
	}
	close_prompt(s);
}

static void escape(struct screen *s)
{
	struct ui *ui = &s->ui;

	if (ui->prompt == PROMPT_FILTER)
		take_filter(s, s->where_before);
	if (ui->prompt == PROMPT_SEARCH)
		ui->search[0] = '\0';
	ui->message[0] = '\0';
	close_prompt(s);
}

void act_prompt_key(struct screen *s, int key)
{
	struct ui *ui = &s->ui;

	/* What is pasted ends no line. */
	if (s->is_pasting && (key < 0x20 || key >= KEY_BASE))
		return;
	switch (key) {
	case KEY_IS_ENTER:
	case '\r':
		enter(s);
		break;
	case KEY_IS_ESCAPE:
		escape(s);
		break;
	case KEY_IS_BACKSPACE:
		cut(s, before(ui, ui->text_at), ui->text_at);
		break;
	case KEY_IS_DELETE:
		cut(s, ui->text_at, after(ui, ui->text_at));
		break;
	case KEY_CONTROL('u'):
		cut(s, 0, ui->text_at);
		break;
	case KEY_CONTROL('k'):
		cut(s, ui->text_at, ui->text_len);
		break;
	case KEY_CONTROL('w'):
		cut(s, word_before(ui), ui->text_at);
		break;
	case KEY_IS_LEFT:
		ui->text_at = before(ui, ui->text_at);
		break;
	case KEY_IS_RIGHT:
		ui->text_at = after(ui, ui->text_at);
		break;
	case KEY_IS_HOME:
	case KEY_CONTROL('a'):
		ui->text_at = 0;
		break;
	case KEY_IS_END:
	case KEY_CONTROL('e'):
		ui->text_at = ui->text_len;
		break;
	case KEY_IS_UP:
		recall(s, -1);
		break;
	case KEY_IS_DOWN:
		recall(s, 1);
		break;
	default:
		insert(s, key);
	}
}
