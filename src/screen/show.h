/* SPDX-License-Identifier: BSD-2-Clause */
/* From the state of a screen to what stands on the terminal, and when. */
#pragma once
#include "screen/state.h"

/* The grouping has changed: what lines are summed up by. */
void show_set_by(struct screen *s, enum by by);

/* Wake up when the terminal can be written to, if bytes wait for that. In screen.c. */
void screen_watch_output(struct screen *s);

/* The same of any descriptor; as epoll_ctl(). In screen.c. */
void screen_watch(struct screen *s, int op, int fd, uint32_t events);
