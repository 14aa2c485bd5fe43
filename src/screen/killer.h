/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process of its own that closes connections (SOCK_DESTROY), which takes CAP_NET_ADMIN: it keeps
 * that and nothing else, and no other system calls than it takes. The kernel asks for it of whoever
 * sends, so the one who draws cannot do it.
 */
#pragma once
#include <stdint.h>
#include <sys/types.h>

#include "abi/event.h"

struct killer;

/* Start it, while there are privileges. Gives; end with killer_stop(). 0 or -errno, logged. */
int killer_start(struct killer **ret);
void killer_stop(struct killer *k);

/*
 * Close one connection, by cookie and addresses, so that another one on the same addresses is not
 * met. 0 or -errno: -ENOENT: it has gone; -EXDEV: it is in another network namespace.
 */
int killer_kill(struct killer *k, uint64_t cookie, const struct ev_ident *id);
