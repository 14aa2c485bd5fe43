// SPDX-License-Identifier: BSD-2-Clause
/* In what order lines stand, and what they are summed up by. */
#include "screen/act.h"
#include "screen/notes.h"
#include "screen/show.h"

/* Which of the fields in sight is sorted by; -1: none of them. */
static int sorted_place(const struct screen *s)
{
	const struct ui *ui = &s->ui;

	for (int i = 0; i < s->plan.fields; i++)
		if (s->plan.field[i].field == ui->sort[ui->page].field)
			return i;
	return -1;
}

static bool can_sort(const struct screen *s, int place)
{
	const struct ui *ui = &s->ui;

	return ui->fields[ui->page].field[s->plan.field[place].field].look != LOOK_HISTORY;
}

void act_sort_by(struct screen *s, int place)
{
	struct ui *ui = &s->ui;

	ui->is_held = false;
	if (place < 0 || place >= s->plan.fields)
		ui->sort[ui->page].field = SORT_BUSIEST;
	else if (can_sort(s, place))
		ui->sort[ui->page].field = s->plan.field[place].field;
	ui->sort[ui->page].ascending = false;
	ui->top_line = ui->cursor_line = 0;
	ui->cursor_key = 0;
}

static void sort_step(struct screen *s, int step)
{
	int places = s->plan.fields, place = sorted_place(s);

	/* Beyond either end stands what moves most. */
	do
		place = (place + 1 + step + places + 1) % (places + 1) - 1;
	while (place >= 0 && !can_sort(s, place));
	act_sort_by(s, place);
}

bool act_sort(struct screen *s, enum act act, int key)
{
	struct ui *ui = &s->ui;

	switch (act) {
	case ACT_SORT_LEFT:
		sort_step(s, -1);
		return true;
	case ACT_SORT_RIGHT:
		sort_step(s, 1);
		return true;
	case ACT_SORT_NTH:
		if (key - '1' < s->plan.fields)
			act_sort_by(s, key - '1');
		return true;
	case ACT_INVERT:
		ui->sort[ui->page].ascending = !ui->sort[ui->page].ascending;
		return true;
	case ACT_HOLD:
		list_hold(&s->list, !ui->is_held);
		ui->is_held = !ui->is_held;
		screen_say(s,
			   ui->is_held
				   ? "The order is held; what is new goes to the end. o lets it go."
				   : "The order is no longer held.");
		return true;
	default:
		return false;
	}
}

static uint64_t group_at_cursor(struct screen *s)
{
	const struct line *line = act_line(s);

	if (!line || s->ui.by == BY_NONE)
		return 0;
	return s->list.sum[line->kind == LINE_GROUP ? line->index : line->group].key;
}

void act_open(struct screen *s, bool open)
{
	uint64_t key = group_at_cursor(s);

	if (!key)
		return;
	notes_open(&s->list, key, open);
	s->ui.cursor_key = key;
	s->ui.cursor_is_group = true;
}

static void change_by(struct screen *s, int step)
{
	show_set_by(s, (enum by)(((int)s->ui.by + step + BY_COUNT) % BY_COUNT));
	s->ui.cursor_key = 0;
	s->ui.cursor_line = s->ui.top_line = 0;
	screen_say(s, "Grouped by: %s", by_name(s->ui.by));
}

bool act_group(struct screen *s, enum act act)
{
	switch (act) {
	case ACT_BY_NEXT:
		change_by(s, 1);
		return true;
	case ACT_BY_BACK:
		change_by(s, -1);
		return true;
	case ACT_OPEN:
		act_open(s, true);
		return true;
	case ACT_SHUT:
		act_open(s, false);
		return true;
	case ACT_OPEN_ALL:
		notes_open_all(&s->list);
		s->ui.all_open = !s->ui.all_open;
		return true;
	default:
		return false;
	}
}
