// SPDX-License-Identifier: BSD-2-Clause
#include "screen/act.h"

#include <string.h>

#include "engine/column.h"
#include "engine/consumer.h"
#include "screen/show.h"

const struct line *act_line(struct screen *s)
{
	return list_at(&s->list, s->ui.cursor_line);
}

void act_move_to(struct screen *s, size_t at)
{
	struct ui *ui = &s->ui;
	const struct line *line;

	if (!s->list.count)
		return;
	if (at >= s->list.count)
		at = s->list.count - 1;
	line = list_at(&s->list, at);
	ui->cursor_line = at;
	/* The first line is where things are; it is not left for a flow that sinks. */
	ui->cursor_key = at ? list_key(&s->list, line) : 0;
	ui->cursor_is_group = line->kind == LINE_GROUP;
	ui->detail_top = 0;
	/* The next key counts from there, whether it was drawn or not. */
	plan_settle(ui, &s->list, &s->plan);
}

static void move_by(struct screen *s, long by)
{
	size_t at = s->ui.cursor_line;

	if (by < 0)
		at = at > (size_t)-by ? at - (size_t)-by : 0;
	else
		at += (size_t)by;
	act_move_to(s, at);
}

/* Details that cover the table are what is scrolled. */
static bool scrolls_detail(const struct screen *s, enum act act)
{
	if (s->ui.over != OVER_DETAIL)
		return false;
	return s->plan.lines <= 0 || act == ACT_PAGE_UP || act == ACT_PAGE_DOWN;
}

static void scroll_detail(struct screen *s, enum act act)
{
	unsigned by = act == ACT_PAGE_UP || act == ACT_PAGE_DOWN
			      ? (unsigned)(s->plan.detail_rows > 1 ? s->plan.detail_rows - 1 : 1)
			      : 1;
	unsigned *top = &s->ui.detail_top;

	if (act == ACT_UP || act == ACT_PAGE_UP)
		*top = *top > by ? *top - by : 0;
	else if (act == ACT_DOWN || act == ACT_PAGE_DOWN)
		*top += by;
	else if (act == ACT_HOME)
		*top = 0;
}

static bool move(struct screen *s, enum act act)
{
	long page = s->plan.lines > 1 ? s->plan.lines - 1 : 1;

	if (act < ACT_UP || act > ACT_END)
		return false;
	if (scrolls_detail(s, act)) {
		scroll_detail(s, act);
		return true;
	}
	switch (act) {
	case ACT_UP:
		move_by(s, -1);
		break;
	case ACT_DOWN:
		move_by(s, 1);
		break;
	case ACT_PAGE_UP:
		move_by(s, -page);
		break;
	case ACT_PAGE_DOWN:
		move_by(s, page);
		break;
	case ACT_HOME:
		act_move_to(s, 0);
		break;
	default:
		act_move_to(s, SIZE_MAX);
	}
	return true;
}

static bool scroll_columns(struct screen *s, enum act act)
{
	struct ui *ui = &s->ui;

	if (act == ACT_LEFT)
		ui->skip_columns -= ui->skip_columns > 0;
	else if (act == ACT_RIGHT && ui->skip_columns + 3 < ui->fields[ui->page].count)
		ui->skip_columns++;
	return act == ACT_LEFT || act == ACT_RIGHT;
}

static void enter(struct screen *s)
{
	const struct line *line = act_line(s);

	if (line && line->kind == LINE_GROUP) {
		act_open(s, !s->list.sum[line->index].is_open);
		return;
	}
	s->ui.over = s->ui.over == OVER_DETAIL ? OVER_NOTHING : OVER_DETAIL;
	s->ui.detail_top = 0;
	/* Whose details are read is followed, also on the first line. */
	if (line && s->ui.over == OVER_DETAIL)
		s->ui.cursor_key = line->id;
}

static void change_page(struct screen *s, int step)
{
	struct ui *ui = &s->ui;

	ui->by_of[ui->page] = ui->by;
	ui->page = (enum page)(((int)ui->page + step + PAGE_COUNT) % PAGE_COUNT);
	show_set_by(s, ui->by_of[ui->page]);
	ui->skip_columns = 0;
	ui->cursor_line = ui->top_line = 0;
	ui->cursor_key = 0;
	ui->is_held = false;
	/* Queues are levels: they are read each time while somebody looks at them. */
	if (ui->page == PAGE_LISTENERS)
		s->consumer->wants |= WANT_ALL;
	else
		s->consumer->wants &= ~(unsigned)WANT_ALL;
}

static void mark(struct screen *s)
{
	const struct line *line = act_line(s);
	struct ui *ui = &s->ui;

	if (!line || line->kind == LINE_GROUP)
		return;
	for (unsigned i = 0; i < ui->marks; i++)
		if (ui->mark[i] == line->id) {
			ui->mark[i] = ui->mark[--ui->marks];
			move_by(s, 1);
			return;
		}
	if (ui->marks == UI_MARKS_MAX)
		screen_say(s, "At most %d flows can be marked.", UI_MARKS_MAX);
	else
		ui->mark[ui->marks++] = line->id;
	move_by(s, 1);
}

/* Bytes, bits, and the same in powers of 1024. */
static void change_units(struct screen *s)
{
	struct ui *ui = &s->ui;

	if (ui->bits)
		ui->binary = !ui->binary;
	ui->bits = !ui->bits;
}

static bool look(struct screen *s, enum act act)
{
	struct ui *ui = &s->ui;

	switch (act) {
	case ACT_PAGE_NEXT:
		change_page(s, 1);
		return true;
	case ACT_PAGE_BACK:
		change_page(s, -1);
		return true;
	case ACT_CLOSED:
		ui->with_closed = !ui->with_closed;
		screen_say(s, ui->with_closed ? "All closed flows that are in memory are shown too."
					      : "Closed flows are shown for some seconds.");
		return true;
	case ACT_TOTALS:
		ui->totals = !ui->totals;
		return true;
	case ACT_UNITS:
		change_units(s);
		return true;
	case ACT_MARK:
		mark(s);
		return true;
	case ACT_UNMARK:
		ui->marks = 0;
		return true;
	case ACT_MOUSE:
		ui->mouse = !ui->mouse;
		term_mouse(s->term, ui->mouse);
		return true;
	case ACT_REDRAW:
		s->draws_anew = true;
		return true;
	default:
		return false;
	}
}

static void open_or_close(struct screen *s, enum act act)
{
	struct ui *ui = &s->ui;

	switch (act) {
	case ACT_ENTER:
	case ACT_WHY:
		enter(s);
		break;
	case ACT_BACK:
		ui->over = OVER_NOTHING;
		break;
	case ACT_HELP:
		ui->over = OVER_HELP;
		ui->help_top = 0;
		break;
	case ACT_COLUMNS:
		ui->over = OVER_COLUMNS;
		break;
	case ACT_FILTER:
		act_prompt_open(s, PROMPT_FILTER, ui->where);
		break;
	case ACT_SEARCH:
		act_prompt_open(s, PROMPT_SEARCH, "");
		break;
	case ACT_SEARCH_NEXT:
		act_search(s, false, false);
		break;
	case ACT_SEARCH_BACK:
		act_search(s, true, false);
		break;
	case ACT_QUIT:
		s->consumer->done = true;
		break;
	default:
		break;
	}
}

unsigned *act_cover(struct screen *s, size_t *ret_count)
{
	bool is_help = s->ui.over == OVER_HELP;

	*ret_count = is_help ? key_def_count : column_count;
	return is_help ? &s->ui.help_top : &s->ui.choice;
}

/* What covers the table is scrolled, searched, and left. */
static void cover_key(struct screen *s, int key)
{
	struct ui *ui = &s->ui;
	enum act act = keys_act(key);
	size_t count;
	unsigned *at = act_cover(s, &count), last = (unsigned)count - 1;
	unsigned by = act == ACT_PAGE_UP || act == ACT_PAGE_DOWN ? 10 : 1;

	if (act == ACT_UP || act == ACT_PAGE_UP)
		*at = *at > by ? *at - by : 0;
	else if (act == ACT_DOWN || act == ACT_PAGE_DOWN)
		*at = *at + by < last ? *at + by : last;
	else if (act == ACT_HOME)
		*at = 0;
	else if (act == ACT_END)
		*at = last;
	else if (act == ACT_SEARCH)
		act_prompt_open(s, PROMPT_SEARCH, "");
	else if (act == ACT_SEARCH_NEXT || act == ACT_SEARCH_BACK)
		act_search(s, act == ACT_SEARCH_BACK, false);
	else if (act == ACT_BACK || act == ACT_HELP || act == ACT_QUIT || act == ACT_ENTER)
		ui->over = OVER_NOTHING;
	if (ui->over != OVER_COLUMNS || act != ACT_MARK)
		return;
	/* The column that is sorted by may have moved. */
	ui->sort[ui->page].field = SORT_BUSIEST;
	if (!fields_toggle(&ui->fields[ui->page], &columns[ui->choice]))
		screen_say(s, "There are too many columns already.");
	if (!ui->fields[ui->page].count)
		fields_default(&ui->fields[ui->page], ui->page);
}

static void click(struct screen *s)
{
	const struct plan *p = &s->plan;
	int row, column;

	term_click(s->term, &row, &column);
	if (row >= p->first && row < p->first + p->lines && column < p->table_columns) {
		size_t at = s->ui.top_line + (size_t)(row - p->first);

		if (at == s->ui.cursor_line)
			enter(s);
		else
			act_move_to(s, at);
		return;
	}
	for (int i = 0; row == p->header && i < p->fields; i++)
		if (column >= p->field[i].column &&
		    column <= p->field[i].column + p->field[i].width)
			act_sort_by(s, i);
}

void screen_key(struct screen *s, int key)
{
	enum act act = keys_act(key);

	/* What is asked about stays in sight until it is answered. */
	if (s->ui.prompt != PROMPT_KILL)
		s->ui.message[0] = '\0';
	if (key == KEY_IS_PASTE || key == KEY_IS_PASTE_END) {
		s->is_pasting = key == KEY_IS_PASTE;
		return;
	}
	/* Lines, places of columns: as they are after the keys before. */
	screen_settle(s);
	if (s->ui.prompt != PROMPT_NONE) {
		act_prompt_key(s, key);
		return;
	}
	/* What is pasted is text, and no text is asked for. */
	if (s->is_pasting)
		return;
	if (key == KEY_IS_CLICK)
		click(s);
	else if (s->ui.over == OVER_HELP || s->ui.over == OVER_COLUMNS)
		cover_key(s, key);
	else if (!move(s, act) && !scroll_columns(s, act) && !act_sort(s, act, key) &&
		 !act_group(s, act) && !look(s, act) && !act_time(s, act) && !act_save(s, act) &&
		 !act_kill(s, act))
		open_or_close(s, act);
}
