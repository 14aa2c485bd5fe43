// SPDX-License-Identifier: BSD-2-Clause
/*
 * Owners without BPF: whoever has a file descriptor of the flow's socket, by /proc/PID/fd. A scan
 * reads the links of all open files of all processes that we may look into, so it must earn its
 * cost: it runs when an owner is missing, else seldom, and never takes more than a fixed share of
 * one CPU.
 */
#pragma once
#include <stdint.h>

struct netlink_flows;

struct netlink_owner {
	uint64_t scanned_ns; /* when the last scan ended */
	uint64_t cost_ns;    /* how long it took */
	uint32_t refused;    /* processes that the last scan could not look into */
};

void netlink_owner_scan(struct netlink_owner *o, struct netlink_flows *flows);
void netlink_owner_scan_if_due(struct netlink_owner *o, struct netlink_flows *flows);
