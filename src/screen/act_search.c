// SPDX-License-Identifier: BSD-2-Clause
/* Plain text among the cells that are shown. It moves the cursor and hides nothing. */
#include <string.h>

#include "engine/column.h"
#include "screen/act.h"
#include "screen/cell_text.h"

static bool has(const char *text, size_t len, const char *wanted)
{
	char cell[CELL_TEXT_MAX];

	if (len >= sizeof(cell))
		len = sizeof(cell) - 1;
	memcpy(cell, text, len);
	cell[len] = '\0';
	return ui_find(cell, wanted);
}

static bool is_hit(struct screen *s, const struct line *line)
{
	const struct fields *fields = &s->ui.fields[s->ui.page];
	char buf[CELL_TEXT_MAX];
	const char *text;
	struct row row;

	cell_row(&s->scene, line, &row);
	for (int i = 0; i < s->plan.fields; i++) {
		const struct field *field = &fields->field[s->plan.field[i].field];
		size_t len;

		if (field->look == LOOK_HISTORY)
			continue;
		len = cell_text(&s->scene, line, &row, field, s->plan.field[i].width, buf, &text);
		if (has(text, len, s->ui.search))
			return true;
	}
	return false;
}

/* Of the keys or the columns, which cover the table. */
static void search_cover(struct screen *s, bool backwards, bool from_here)
{
	size_t count;
	unsigned *at = act_cover(s, &count);
	size_t i = *at;

	for (size_t n = 0; n < count; n++) {
		bool is_help = s->ui.over == OVER_HELP;

		if (n || !from_here)
			i = (i + (backwards ? count - 1 : 1)) % count;
		if (ui_find(is_help ? key_defs[i].names : columns[i].name, s->ui.search) ||
		    ui_find(is_help ? key_defs[i].help : columns[i].help, s->ui.search)) {
			*at = (unsigned)i;
			return;
		}
	}
	screen_say(s, "Nothing here has '%s'.", s->ui.search);
}

void act_search(struct screen *s, bool backwards, bool from_here)
{
	size_t count = s->list.count, at = s->ui.cursor_line;
	bool has_wrapped = false;

	if (s->ui.search[0] && (s->ui.over == OVER_HELP || s->ui.over == OVER_COLUMNS)) {
		search_cover(s, backwards, from_here);
		return;
	}
	if (!s->ui.search[0] || !count)
		return;
	/* All of them, so that each step does not put them in order again. */
	list_order(&s->list, 0, count);
	for (size_t n = 0; n < count; n++) {
		if (n || !from_here) {
			size_t next = backwards ? (at + count - 1) % count : (at + 1) % count;

			has_wrapped |= backwards ? next > at : next < at;
			at = next;
		}
		if (!is_hit(s, list_at(&s->list, at)))
			continue;
		act_move_to(s, at);
		if (has_wrapped)
			screen_say(s, "The search went on at the other end.");
		return;
	}
	screen_say(s, "Nothing that is shown has '%s'.", s->ui.search);
}
