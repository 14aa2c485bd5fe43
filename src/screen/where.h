/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The filter line: tcpdump's language, and words for what a packet does not tell: pid, comm, unit,
 * container, uid, state, verdict. They may stand wherever a primitive of tcpdump's may.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cgroup_names;
struct track_cold;
struct track_hot;
struct where;

/*
 * Compile `text`. Names of hosts and ports are looked up only if `looks_up`. NULL, `why` (of `size`
 * bytes) and the offset of what is wrong, if it makes no sense.
 */
struct where *where_new(const char *text, bool looks_up, char *why, size_t size, size_t *ret_at);
void where_free(struct where *w);

/* `names` may be NULL. */
bool where_matches(const struct where *w, const struct track_hot *hot,
		   const struct track_cold *cold, struct cgroup_names *names);

/* Does the answer change only with the ident of a flow? */
bool where_is_steady(const struct where *w);

/* Has it no word but tcpdump's? */
bool where_is_plain(const struct where *w);

/* What it needs to be read: enum column_need. */
unsigned where_needs(const struct where *w);

/* The words, for help; NULL at the end. */
extern const char *const where_words[];
