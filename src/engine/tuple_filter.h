// SPDX-License-Identifier: BSD-2-Clause
/*
 * tcpipstat's filters: "laddr:lport-raddr:rport", where a byte of an IPv4 address, a port, or a
 * whole address may be '*'; and more: "10.0.0.0/8", "[2001:db8::]/32". Several are ORed.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "abi/event.h"

struct tuple_filters;
struct out;

struct tuple_filters *tuple_filters_new(void);
void tuple_filters_free(struct tuple_filters *f);

/* Append one. 0, or -EINVAL and why, with the wrong part of `word` at `*ret_at`. */
int tuple_filters_add(struct tuple_filters *f, const char *word, char *why, size_t why_size,
		      size_t *ret_at);

/* True if there are none, too. */
bool tuple_filters_match(const struct tuple_filters *f, const struct ev_ident *ident);

/* One side of a filter, loosened to what a prefix can say: nothing that matches is outside. */
struct tuple_bound {
	bool any;	/* address, of either family */
	struct addr addr;
	unsigned bits;	/* of 128: how many leading ones count */
	int port;	/* -1: any */
};

size_t tuple_filters_count(const struct tuple_filters *f);
void tuple_filters_bound(const struct tuple_filters *f, size_t i, struct tuple_bound *local,
			 struct tuple_bound *remote);

/* The lines "Processed filter #N = ..." of the original; one for everything if there are none. */
void tuple_filters_print(const struct tuple_filters *f, struct out *out);
