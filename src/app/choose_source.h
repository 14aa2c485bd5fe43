// SPDX-License-Identifier: BSD-2-Clause
/* Which source a run takes, and whether it can give what is asked for. */
#pragma once

struct all_asked;
struct source_ops;
struct watch;

/*
 * The source for a run. `*ret_forced` is the name of the only one that may be used, or NULL.
 * Mistakes are printed. Returns NULL if there is none.
 */
const struct source_ops *choose_source(const struct watch *watch, const struct all_asked *asked,
				       const char *program, const char **ret_forced);

/* Can this source give what is asked for? NULL, or why not. */
const char *choose_refusal(const struct source_ops *ops, const struct all_asked *asked);
