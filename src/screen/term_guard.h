/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The modes of the terminal, and that they are what they were when we end, stop or crash. A signal
 * handler can do no more than write and tcsetattr(), so what it needs is made ready before.
 */
#pragma once
#include <stdbool.h>

/* Take the terminal whose output is `out`; `wake` is written to when we go on. 0 or -1, errno. */
int term_guard_begin(int out, int wake);

/* After curses, which wants some of the same signals. */
void term_guard_signals(void);

/* The terminal was asked to tell of the mouse, or not to: whoever has it next must not be told. */
#define TERM_GUARD_MOUSE_ON "\033[?1000;1006h"
#define TERM_GUARD_MOUSE_OFF "\033[?1000;1006l"
void term_guard_mouse(bool on);

void term_guard_end(void);

/* Are standard input and output a terminal that terminfo knows, and that can be drawn on? */
bool term_guard_suits(void);
