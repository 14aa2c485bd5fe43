// SPDX-License-Identifier: BSD-2-Clause
/*
 * The part of the user's filter that the kernel can apply to a dump, as a program for its
 * inet_diag filter machine (struct inet_diag_bc_op): ports, IPv4, and the filters of stat. It lets
 * through all that the engine's filter would, which has the last word, and for notices the only one.
 *
 * Not told: a cgroup, as the machine knows the one of a socket, but not those below it; what has no
 * condition there (owner, --where, maps). Network namespaces are told apart by the netlink socket.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct question;

/* The most ports of one side, and filters of stat, that are worth telling the kernel. */
#define CODE_PORTS_MAX 64
#define CODE_TUPLES_MAX 64
#define CODE_BYTES_MAX (2 * CODE_PORTS_MAX * 16 + 16 + CODE_TUPLES_MAX * 60)

/* Compile into `code` of CODE_BYTES_MAX bytes. Returns the length; 0: nothing can be told. */
size_t code_compile(const struct question *question, void *code);
