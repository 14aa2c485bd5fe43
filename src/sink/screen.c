// SPDX-License-Identifier: BSD-2-Clause
/*
 * A table that is redrawn in place and cut to the window, for a terminal. The window's size is
 * asked for at each drawing, so a resize is followed; the caller redraws on SIGWINCH.
 */
#include <sys/ioctl.h>

#include "view/sink.h"
#include "engine/syscalls.h"
#include "view/view.h"
#include "sink/table.h"
#include "util/out.h"

/* As clear(1): cursor home, erase the screen. */
#define CLEAR "\033[H\033[2J"

/* Lines that are no rows: load, empty line, two headers with an empty line between, the last. */
#define FURNITURE 6

static struct winsize look_at_window(struct view *view)
{
	struct winsize window = {.ws_row = 0};

	ioctl(view->out->fd, TIOCGWINSZ, &window);
	/* A serial line has no size that anybody knows. */
	if (!window.ws_row)
		window.ws_row = 24;
	if (!window.ws_col)
		window.ws_col = 80;
	view->room = window.ws_row > FURNITURE ? window.ws_row - FURNITURE : 1;
	return window;
}

static void screen_begin(struct view *view)
{
	look_at_window(view);
	table_begin(view);
}

static void screen_tick_begin(struct view *view)
{
	struct winsize window = look_at_window(view);

	out_flush(view->out);
	out_str(view->out, CLEAR);
	/* A line feed on the last line would scroll the first one away. */
	out_clip(view->out, window.ws_row > 1 ? window.ws_row - 1u : 1u, window.ws_col);
	table_tick_begin(view);
}

static void screen_tick_end(struct view *view)
{
	out_clip(view->out, 0, 0);
	out_flush(view->out);
}

static void screen_end(struct view *view, const struct account *account)
{
	(void)view;
	(void)account;
}

const struct sink sink_screen = {
	.name = "screen",
	.summary = "a table redrawn in place, cut to the window",
	.begin = screen_begin,
	.tick_begin = screen_tick_begin,
	.tick_end = screen_tick_end,
	.row = table_row,
	.end = screen_end,
	.keep_syscalls = SYSCALLS_TERMINAL,
	.redraws = true,
};
