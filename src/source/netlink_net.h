// SPDX-License-Identifier: BSD-2-Clause
/*
 * Two netlink sockets of one network namespace: one to ask, one on which the kernel tells of
 * sockets that are gone. They stay bound to the namespace that they were opened in.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;
struct diag_query;
struct mnl_socket;

struct diag_net {
	struct mnl_socket *questions;
	struct mnl_socket *notices; /* NULL: the kernel does not let us have them */
	uint32_t inode;		    /* of the namespace */
	uint64_t overruns;	    /* notices that found no room, as of the last look */
	uint8_t listening[8192];    /* ports that somebody listens on: 65536 bits */
};

typedef void diag_visit(void *context, struct diag_net *net, const struct diag *d);

/* In the namespace that the caller is in. `room_bytes` is for notices that wait. 0 or -errno,
 * logged. */
int net_open(struct diag_net *net, size_t room_bytes);
void net_close(struct diag_net *net);

/* Visit the sockets that `query` asks for. 0 or -errno, logged. */
int net_dump(struct diag_net *net, const struct diag_query *query, diag_visit *visit,
	     void *context);

/* No port counts as listened on, until one is noted. */
void net_forget_listeners(struct diag_net *net);
void net_note_listener(struct diag_net *net, uint16_t port);
bool net_listens(const struct diag_net *net, uint16_t port);

/* The state of whatever holds this tuple now, 0 if nothing does. */
uint8_t net_state_of_tuple(struct diag_net *net, const struct diag *d);

/* Visit the notices that wait. Returns their number, or -errno, logged. */
int net_take_notices(struct diag_net *net, diag_visit *visit, void *context);

/* Let no more come; those that wait can still be taken. */
void net_stop_notices(struct diag_net *net);

/* How many notices were lost since the last call. */
uint64_t net_take_overruns(struct diag_net *net);
