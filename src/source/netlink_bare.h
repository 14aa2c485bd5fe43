// SPDX-License-Identifier: BSD-2-Clause
/* Sockets that sock_diag lists without counters: see source.states. */
#pragma once
#include <stddef.h>

struct diag_net;
struct netlink_flows;

/*
 * List those of one network namespace that `flows->source` wants, and emit them; `code` as in
 * struct diag_query. 0 or -errno, logged.
 */
int netlink_bare_look(struct netlink_flows *flows, struct diag_net *net, const void *code,
		      size_t code_bytes);
