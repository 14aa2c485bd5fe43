// SPDX-License-Identifier: BSD-2-Clause
/* How the rungs that stand on sockets and file systems are tried. See probe/ladder.h. */
#pragma once

struct refusal;
struct rung;

/* Ask for the listeners of one family, as the netlink source does. */
void try_sock_diag(const struct rung *rung, struct refusal *ret);

/* Join the group that is told of closed sockets. */
void try_notices(const struct rung *rung, struct refusal *ret);

/* Ask for the end of a connection that cannot be: from port 0 to port 0. */
void try_destroy(const struct rung *rung, struct refusal *ret);

/* Is the kernel's struct tcp_info long enough to hold the field that the hook names? */
void try_tcp_info(const struct rung *rung, struct refusal *ret);

/* May we look into any process that is not ours? Single ones may be hidden even from root. */
void try_proc(const struct rung *rung, struct refusal *ret);

/* Is cgroup v2 mounted? */
void try_cgroup_mount(const struct rung *rung, struct refusal *ret);

/* Open a socket that could be given packets; it is bound to no protocol and gets none. */
void try_packet_socket(const struct rung *rung, struct refusal *ret);

/* And attach the filter of probe/handshake_filter.h to it. */
void try_handshake_filter(const struct rung *rung, struct refusal *ret);

/* With the action that confine/syscall_filter.c takes; nothing is changed by asking. */
void try_seccomp(const struct rung *rung, struct refusal *ret);
