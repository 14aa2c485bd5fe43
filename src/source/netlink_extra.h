// SPDX-License-Identifier: BSD-2-Clause
/*
 * The counters of `stat` as sock_diag tells them, and which of them it does not: those that no
 * field of a socket holds (calls, packets, resets, delayed ACKs, the errno), and those that this
 * kernel's struct tcp_info has not got yet.
 */
#pragma once
#include "abi/event.h"

struct diag;

/*
 * Bring `extra` up to date. What only a dump tells (congestion control, timer, drops) stays as it
 * was if `d` is a notice, whose state is ST_CLOSE.
 */
void extra_read(const struct diag *d, struct ev_extra *extra);

/* Of `needs` (enum column_need), what this kernel does not tell; logged by the names of columns. */
unsigned extra_lacks(unsigned needs);
