// SPDX-License-Identifier: BSD-2-Clause
/* Which programs are loaded: the rungs that hold, of the needs that there are. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct tcp;

/*
 * Set up an opened skeleton for `needs` (enum column_need), on the rungs that `wish` (of --rung, or
 * NULL) forces and else on the best that hold. `*ret_lacks` is what of the needs this kernel cannot
 * give, after a warning for each. 0; -ENOTSUP, logged: a rung that was forced, or one that the
 * source cannot do without, does not hold. `trusting`, see try_trust(): instead of any of these messages -EAGAIN.
 */
int probe_choose(struct tcp *skeleton, const char *wish, unsigned needs, bool trusting,
		 unsigned *ret_lacks);

/* What probe_choose() took: the i-th need and its way, "none" if there is none. False: no more. */
bool probe_way(size_t i, const char **ret_need, const char **ret_way);

/* Attach what counts packets to the root cgroup, if it was loaded. 0 or -errno. */
int probe_attach_packets(struct tcp *skeleton);

/*
 * For a source that needs no programs: do the rungs of it that `wish` forces hold? 0; -EPERM or
 * -ENOTSUP, logged.
 */
int probe_check_wish(const char *wish, const char *source);
