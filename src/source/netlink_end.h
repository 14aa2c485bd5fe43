// SPDX-License-Identifier: BSD-2-Clause
/*
 * What can be told of a flow from the notice that its socket is gone: final counters, role, how it
 * ended, and in which state it was left. The notice itself says CLOSE, and nothing of errno.
 */
#pragma once
#include <stdbool.h>

#include "abi/event.h"

struct diag;
struct diag_net;
struct flow;

/*
 * Bring `flow` up to date from the notice `d`; flow->state is that of the last look, 0 if there was
 * none. `role_sure`: its role was read from counters before. May ask the kernel about its tuple. Returns
 * true if the received bytes may be wrong by one, see count_is_unsure().
 */
bool end_read(struct flow *flow, bool role_sure, struct diag_net *net, const struct diag *d,
	      struct ev_count *ret);
