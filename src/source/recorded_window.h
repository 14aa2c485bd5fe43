// SPDX-License-Identifier: BSD-2-Clause
/* The window of a recording that was asked for, and what there is of it. */
#pragma once

struct recordings;
struct source;

/*
 * A window without anything in it is a mistake of whoever typed it. 0, or -ENODATA, which was logged with the
 * times that there are.
 */
int recorded_window_check(const struct source *s, const struct recordings *all);
