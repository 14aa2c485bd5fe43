// SPDX-License-Identifier: BSD-2-Clause
/* What is seen, into a file or the clipboard. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine/clock.h"
#include "engine/column.h"
#include "engine/value.h"
#include "screen/act.h"
#include "screen/cell_text.h"
#include "util/out.h"
#include "util/utf8.h"
#include "view/json_row.h"
#include "view/view.h"

#define NS_PER_S 1000000000ll

/* All columns of one flow, as --json has them. */
static void put_row(struct screen *s, struct out *out, uint32_t track)
{
	const struct line line = {.index = track, .kind = LINE_FLOW};
	struct row row;

	cell_row(&s->scene, &line, &row);
	for (size_t i = 0; i < column_count; i++)
		json_row_column(out, &columns[i], &row, i);
	out_str(out, "}\n");
}

/* Those that are marked; else the line, or all flows of the group that it is. */
static unsigned put_rows(struct screen *s, struct out *out)
{
	const struct moment m = screen_moment(s);
	const struct line *line = act_line(s);
	unsigned rows = 0;

	for (uint32_t i = 0; i < m.used && s->ui.marks; i++)
		if (m.hot[i].id && ui_is_marked(&s->ui, m.hot[i].id)) {
			put_row(s, out, i);
			rows++;
		}
	if (s->ui.marks || !line)
		return rows;
	if (line->kind != LINE_GROUP) {
		put_row(s, out, line->index);
		return 1;
	}
	for (uint32_t i = 0; i < s->list.flows_shown; i++)
		if (s->list.member_sum[i] == line->index) {
			put_row(s, out, s->list.member[i]);
			rows++;
		}
	return rows;
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* A file that was not there, whatever its name may mean. */
static int save(struct screen *s, const char *name, const char *bytes, size_t len)
{
	int fd, err;

	if (!*name || strchr(name, '/'))
		return -EINVAL;
	if (s->save_dir < 0)
		return -ENOENT;
	fd = openat(s->save_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return -errno;
	err = write_all(fd, bytes, len);
	if (close(fd) && !err)
		err = -errno;
	return err;
}

void act_save_to(struct screen *s, const char *name)
{
	struct out out;
	unsigned rows;
	size_t len;
	char *bytes;
	int err;

	out_init_memory(&out);
	rows = put_rows(s, &out);
	bytes = out_take(&out, &len);
	err = rows ? save(s, name, bytes, len) : 0;
	free(bytes);
	if (!rows)
		screen_say(s, "There is nothing to save.");
	else if (err == -EINVAL)
		screen_say(s, "A name without / is wanted; --save-dir says where it goes.");
	else if (err)
		screen_say(s, "Cannot save %s: %s%s", name, strerror(-err),
			   err == -EACCES ? " (--save-dir names a folder that we may write to)"
					  : "");
	else
		screen_say(s, "Saved %u flow%s to %s.", rows, rows == 1 ? "" : "s", name);
}

static void ask_name(struct screen *s)
{
	const struct moment m = screen_moment(s);
	int64_t ns = (int64_t)m.time_ns + s->view->context.clock->realtime_offset_ns;
	time_t second = (time_t)(ns / NS_PER_S);
	char name[64];
	struct tm tm;

	localtime_r(&second, &tm);
	strftime(name, sizeof(name), "tcpsight-%Y%m%d-%H%M%S.json", &tm);
	act_prompt_open(s, PROMPT_SAVE, name);
}

/* What the line says, with nothing cut, and nothing in it that a terminal would obey. */
static void copy_line(struct screen *s)
{
	const struct line *line = act_line(s);
	const struct fields *f = &s->ui.fields[s->ui.page];
	char cell[CELL_TEXT_MAX], text[TERM_COPY_MAX];
	size_t used = 0;
	struct row row;

	if (!s->options->osc52) {
		screen_say(s, "y writes to the terminal's clipboard with --osc52 only.");
		return;
	}
	if (!line) {
		screen_say(s, "There is nothing to copy.");
		return;
	}
	cell_row(&s->scene, line, &row);
	for (size_t i = 0; i < f->count && used + 2 < sizeof(text); i++) {
		const char *from = "-";
		size_t len;

		if (f->field[i].look == LOOK_HISTORY)
			continue;
		len = cell_text(&s->scene, line, &row, &f->field[i], VALUE_TEXT_MAX, cell, &from);
		if (used)
			text[used++] = ' ';
		used += utf8_clean(text + used, sizeof(text) - used, len ? from : "-",
				   len ? len : 1, SIZE_MAX);
	}
	term_copy(s->term, text, used);
	screen_say(s, "Copied: %.*s", (int)used, text);
}

bool act_save(struct screen *s, enum act act)
{
	if (act == ACT_SAVE)
		ask_name(s);
	else if (act == ACT_COMMAND)
		act_command(s);
	else if (act == ACT_COPY)
		copy_line(s);
	return act == ACT_SAVE || act == ACT_COMMAND || act == ACT_COPY;
}
