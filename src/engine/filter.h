// SPDX-License-Identifier: BSD-2-Clause
/*
 * Which flows are wanted. A verdict depends on a flow's ident only, so it is taken when the ident
 * changes, not per sample; but for the states, which are asked for when a flow is to be told of.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"

struct question;
struct cgroup_names;
struct filter;

/* Of an expression in tcpdump's language; what compiles it takes time and memory as it grows. */
#define FILTER_TEXT_MAX 4096

/* Why filter_new() failed, for the message: `text` under `argument`, caret at `at`. */
struct filter_error {
	const char *option;   /* "--cgroup", "filter", ... */
	const char *argument; /* borrowed from the question */
	size_t at;	      /* offset in argument, or SIZE_MAX for no caret */
	char text[512];
};

/*
 * Compile the filter of a question, which is kept. `cgroups` is kept. Returns NULL and fills `error` if they make no sense;
 * free the filter with filter_free().
 */
struct filter *filter_new(const struct question *question, struct cgroup_names *cgroups,
			  struct filter_error *error);
void filter_free(struct filter *filter);

/*
 * The inode number of a network namespace, given as a name that `ip netns` lists, a path such as
 * /proc/1/ns/net, or a number; 0 if there is none.
 */
uint32_t filter_netns_inode(const char *name);

/* Inode of the only network namespace that is wanted, or 0. */
uint32_t filter_netns(const struct filter *filter);

/* Could we not see whether there is such a namespace? */
bool filter_netns_is_unsure(const struct filter *filter);

/* What filter_matches() asks of the kernel: enum syscalls. */
unsigned filter_syscalls(const struct filter *filter);

/* The TCP states that are wanted: a bit per enum tcp_state_number. */
uint32_t filter_states(const struct filter *filter);

bool filter_matches(const struct filter *filter, const struct ev_ident *ident);
