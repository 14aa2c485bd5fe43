// SPDX-License-Identifier: BSD-2-Clause
/* Who has the other end of a connection within this machine, as the kernel tells. */
#pragma once
#include <sys/socket.h>
#include <sys/types.h>

/* A netlink socket for peer_uid_ask(), or -errno. */
int peer_uid_open(void);

/*
 * The user of the socket that is connected from `peer` to `local` (both of one family, in our
 * network namespace). Returns 0, or -errno: -ENOENT if nobody holds it.
 */
int peer_uid_ask(int diag, const struct sockaddr *peer, const struct sockaddr *local, uid_t *ret);
