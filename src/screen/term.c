// SPDX-License-Identifier: BSD-2-Clause
#include "screen/term.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wctype.h>

#include <curses.h>

#include "screen/keys.h"
#include "screen/term_guard.h"
#include "util/base64.h"
#include "util/xalloc.h"

#define ESCAPE_MS 25
#define YELLOW_OF_256 208
#define PASTE_BEGIN "\033[200~"
#define PASTE_END "\033[201~"
#define PASTE_ON "\033[?2004h"
#define MOUSE_BEGIN "\033[<"
/* Codes of our own, above those of curses. */
#define CODE_PASTE (KEY_MAX + 1)
#define CODE_PASTE_END (KEY_MAX + 2)
#define CODE_MOUSE (KEY_MAX + 3)
/* How long the last bytes may take. */
#define FINISH_MS 500

enum { PAIR_RED = 1, PAIR_YELLOW, PAIR_ACCENT };

struct terminal {
	SCREEN *screen;
	FILE *memory; /* what curses writes */
	int memory_fd, out, wake;
	bool out_is_ours; /* a description of our own, which does not block */
	bool has_colors, ascii, is_gone;
	char *frame;
	size_t frame_len, frame_at;
	struct canvas shown;
	int click_row, click_column;
	bool in_mouse;	/* it tells of the mouse now */
	char mouse[24]; /* what it has told */
	size_t mouse_len;
};

/* What curses has written goes behind what is still on its way. */
static void take_frame(struct terminal *t)
{
	off_t len;
	size_t left = t->frame_len - t->frame_at;

	len = lseek(t->memory_fd, 0, SEEK_CUR);
	if (len <= 0)
		return;
	if (left)
		memmove(t->frame, t->frame + t->frame_at, left);
	t->frame = xrealloc(t->frame, left + (size_t)len);
	t->frame_at = 0;
	t->frame_len = left;
	lseek(t->memory_fd, 0, SEEK_SET);
	for (ssize_t n; len > 0; len -= n) {
		n = read(t->memory_fd, t->frame + t->frame_len, (size_t)len);
		if (n <= 0)
			break;
		t->frame_len += (size_t)n;
	}
	lseek(t->memory_fd, 0, SEEK_SET);
}

/* As much as it takes now; of a terminal that would block us, a little at a time. */
void term_push(struct terminal *t)
{
	while (t->frame_at < t->frame_len && !t->is_gone) {
		size_t left = t->frame_len - t->frame_at;
		struct pollfd ready = {.fd = t->out, .events = POLLOUT};
		ssize_t n;

		if (!t->out_is_ours && left > 256)
			left = 256;
		if (!t->out_is_ours && poll(&ready, 1, 0) <= 0)
			return;
		n = write(t->out, t->frame + t->frame_at, left);
		if (n > 0)
			t->frame_at += (size_t)n;
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR)
			t->is_gone = true;
	}
	t->frame_at = t->frame_len = 0;
}

bool term_is_busy(const struct terminal *t)
{
	return t->frame_at < t->frame_len && !t->is_gone;
}

int term_output(const struct terminal *t)
{
	return t->out;
}

int term_wake_fd(const struct terminal *t)
{
	return t->wake;
}

bool term_is_gone(const struct terminal *t)
{
	return t->is_gone;
}

bool term_is_ascii(const struct terminal *t)
{
	return t->ascii;
}

void term_size(const struct terminal *t, int *ret_rows, int *ret_columns)
{
	struct winsize size = {.ws_row = 0};

	ioctl(t->out, TIOCGWINSZ, &size);
	/* A serial line has no size that anybody knows. */
	*ret_rows = size.ws_row ? size.ws_row : 24;
	*ret_columns = size.ws_col ? size.ws_col : 80;
}

static void set_colors(struct terminal *t, bool no_color)
{
	const char *asked = getenv("NO_COLOR");

	if (no_color || (asked && *asked) || !has_colors())
		return;
	start_color();
	use_default_colors();
	t->has_colors = true;
	init_pair(PAIR_RED, COLOR_RED, -1);
	init_pair(PAIR_YELLOW, COLORS >= 256 ? YELLOW_OF_256 : COLOR_YELLOW, -1);
	init_pair(PAIR_ACCENT, COLOR_CYAN, -1);
}

static void set_input(void)
{
	set_escdelay(ESCAPE_MS);
	noecho();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	/* A key that waits must not cut a frame short. */
	typeahead(-1);
	leaveok(stdscr, FALSE);
	define_key(PASTE_BEGIN, CODE_PASTE);
	define_key(PASTE_END, CODE_PASTE_END);
	define_key(MOUSE_BEGIN, CODE_MOUSE);
}

/* What is written there does not block, and the shell's own description stays as it is. */
static void open_output(struct terminal *t)
{
	const char *name = ttyname(STDOUT_FILENO);

	t->out = name ? open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1;
	t->out_is_ours = t->out >= 0;
	if (!t->out_is_ours)
		t->out = STDOUT_FILENO;
}

static int fail(struct terminal *t, int error)
{
	if (t->memory)
		fclose(t->memory);
	else if (t->memory_fd >= 0)
		close(t->memory_fd);
	if (t->out_is_ours)
		close(t->out);
	if (t->wake >= 0)
		close(t->wake);
	free(t);
	return -error;
}

/*
 * curses asks what it writes into for the size, which here is no terminal: then it would tell the terminal to
 * scroll 24 lines, and any others stay where they are.
 */
static SCREEN *new_screen(struct terminal *t)
{
	char text[16];
	int rows, columns;
	SCREEN *screen;

	term_size(t, &rows, &columns);
	snprintf(text, sizeof(text), "%d", rows);
	setenv("LINES", text, 1);
	snprintf(text, sizeof(text), "%d", columns);
	setenv("COLUMNS", text, 1);
	screen = newterm(NULL, t->memory, stdin);
	unsetenv("LINES");
	unsetenv("COLUMNS");
	return screen;
}

int term_open(struct terminal **ret, const struct term_options *options)
{
	struct terminal *t = xcalloc(1, sizeof(*t));

	setlocale(LC_CTYPE, "");
	t->ascii = options->ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	open_output(t);
	t->memory_fd = memfd_create("tcpsight-screen", MFD_CLOEXEC);
	t->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	t->memory = t->memory_fd < 0 ? NULL : fdopen(t->memory_fd, "w+");
	if (!t->memory || t->wake < 0)
		return fail(t, errno);
	if (term_guard_begin(t->out, t->wake))
		return fail(t, errno);
	t->screen = new_screen(t);
	if (!t->screen) {
		term_guard_end();
		return fail(t, EINVAL);
	}
	set_term(t->screen);
	term_guard_signals();
	set_colors(t, options->no_color);
	set_input();
	fputs(PASTE_ON, t->memory);
	fflush(t->memory);
	if (options->mouse)
		term_mouse(t, true);
	*ret = t;
	return 0;
}

void term_close(struct terminal *t)
{
	struct pollfd ready = {.fd = t->out, .events = POLLOUT};

	endwin();
	take_frame(t);
	term_push(t);
	while (term_is_busy(t) && poll(&ready, 1, FINISH_MS) > 0)
		term_push(t);
	term_guard_end();
	delscreen(t->screen);
	fclose(t->memory);
	if (t->out_is_ours)
		close(t->out);
	close(t->wake);
	canvas_done(&t->shown);
	free(t->frame);
	free(t);
}

void term_wake(struct terminal *t)
{
	uint64_t n;

	while (read(t->wake, &n, sizeof(n)) > 0)
		;
}

void term_mouse(struct terminal *t, bool on)
{
	fputs(on ? TERM_GUARD_MOUSE_ON : TERM_GUARD_MOUSE_OFF, t->memory);
	fflush(t->memory);
	term_guard_mouse(on);
}

void term_copy(struct terminal *t, const char *text, size_t len)
{
	char encoded[BASE64_SIZE(TERM_COPY_MAX)];

	if (len > TERM_COPY_MAX)
		len = TERM_COPY_MAX;
	base64_write(text, len, encoded);
	fprintf(t->memory, "\033]52;c;%s\a", encoded);
	fflush(t->memory);
}

void term_click(const struct terminal *t, int *ret_row, int *ret_column)
{
	*ret_row = t->click_row;
	*ret_column = t->click_column;
}

/*
 * "0;COLUMN;ROWM" of a press of the first button, which may come in pieces; 'm' ends a release.
 * curses would make clicks of them, but loses some of those that come at once.
 */
static int take_mouse(struct terminal *t, wint_t c)
{
	unsigned button, column, row;

	if (t->mouse_len + 1 < sizeof(t->mouse))
		t->mouse[t->mouse_len++] = c < 0x80 ? (char)c : '?';
	if (iswdigit(c) || c == ';')
		return KEY_NONE_YET;
	t->mouse[t->mouse_len] = '\0';
	t->in_mouse = false;
	if (c != 'M' || sscanf(t->mouse, "%5u;%5u;%5u", &button, &column, &row) != 3 || button ||
	    !row || !column)
		return KEY_IS_UNKNOWN;
	t->click_row = (int)row - 1;
	t->click_column = (int)column - 1;
	return KEY_IS_CLICK;
}

static int translate(wint_t code)
{
	static const struct {
		int curses, ours;
	} keys[] = {
		{KEY_UP, KEY_IS_UP},
		{KEY_DOWN, KEY_IS_DOWN},
		{KEY_LEFT, KEY_IS_LEFT},
		{KEY_RIGHT, KEY_IS_RIGHT},
		{KEY_PPAGE, KEY_IS_PAGE_UP},
		{KEY_NPAGE, KEY_IS_PAGE_DOWN},
		{KEY_HOME, KEY_IS_HOME},
		{KEY_END, KEY_IS_END},
		{KEY_FIND, KEY_IS_HOME},
		{KEY_SELECT, KEY_IS_END},
		{KEY_BACKSPACE, KEY_IS_BACKSPACE},
		{KEY_DC, KEY_IS_DELETE},
		{KEY_BTAB, KEY_IS_BACK_TAB},
		{KEY_ENTER, KEY_IS_ENTER},
		{CODE_PASTE, KEY_IS_PASTE},
		{CODE_PASTE_END, KEY_IS_PASTE_END},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if ((wint_t)keys[i].curses == code)
			return keys[i].ours;
	if (code >= KEY_F(1) && code <= KEY_F(10))
		return KEY_IS_F1 + (int)(code - KEY_F(1));
	return KEY_IS_UNKNOWN;
}

int term_key(struct terminal *t)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	int kind, key = KEY_NONE_YET;
	wint_t code;

	while (key == KEY_NONE_YET && (kind = get_wch(&code)) != ERR) {
		if (kind == KEY_CODE_YES && code == CODE_MOUSE) {
			t->in_mouse = true;
			t->mouse_len = 0;
		} else if (t->in_mouse) {
			key = take_mouse(t, code);
		} else if (kind == KEY_CODE_YES) {
			key = translate(code);
		} else {
			key = code == 0x7f || code == '\b' ? KEY_IS_BACKSPACE : (int)code;
		}
	}
	/* Readable, and nothing to read: nobody is there any more. */
	if (key == KEY_NONE_YET && poll(&in, 1, 0) > 0 && in.revents & (POLLHUP | POLLERR))
		t->is_gone = true;
	return key;
}

static attr_t attributes_of(const struct terminal *t, unsigned ink, short *ret_pair)
{
	attr_t a = A_NORMAL;

	a |= ink & INK_BOLD ? A_BOLD : 0;
	a |= ink & INK_DIM ? A_DIM : 0;
	a |= ink & INK_REVERSE ? A_REVERSE : 0;
	a |= ink & INK_UNDERLINE ? A_UNDERLINE : 0;
	*ret_pair = 0;
	if (!t->has_colors)
		return a;
	if (ink & INK_RED)
		*ret_pair = PAIR_RED;
	else if (ink & INK_YELLOW)
		*ret_pair = PAIR_YELLOW;
	else if (ink & INK_ACCENT)
		*ret_pair = PAIR_ACCENT;
	return a;
}

static void put_row(const struct terminal *t, const struct canvas *c, int row)
{
	const struct cell_of *cell = &c->cell[(size_t)row * (size_t)c->columns];

	for (int column = 0; column < c->columns; column++) {
		const wchar_t text[] = {cell[column].character, cell[column].mark[0],
					cell[column].mark[1], 0};
		short pair;
		attr_t a = attributes_of(t, cell[column].ink, &pair);
		cchar_t one;

		if (!text[0])
			continue;
		if (setcchar(&one, text, a, pair, NULL) == OK)
			mvadd_wch(row, column, &one);
	}
}

static void remember(struct terminal *t, const struct canvas *c)
{
	if (t->shown.rows != c->rows || t->shown.columns != c->columns)
		canvas_init(&t->shown, c->rows, c->columns);
	memcpy(t->shown.cell, c->cell, (size_t)c->rows * (size_t)c->columns * sizeof(*c->cell));
}

void term_show(struct terminal *t, const struct canvas *c, bool anew)
{
	size_t bytes = (size_t)c->columns * sizeof(*c->cell);

	if (term_is_busy(t))
		return;
	if (t->shown.rows != c->rows || t->shown.columns != c->columns) {
		resize_term(c->rows, c->columns);
		anew = true;
	}
	if (anew)
		clearok(curscr, TRUE);
	for (int row = 0; row < c->rows; row++)
		if (anew || memcmp(&t->shown.cell[(size_t)row * (size_t)c->columns],
				   &c->cell[(size_t)row * (size_t)c->columns], bytes))
			put_row(t, c, row);
	move(c->cursor_row, c->cursor_column);
	wnoutrefresh(stdscr);
	doupdate();
	remember(t, c);
	take_frame(t);
	term_push(t);
}
