// SPDX-License-Identifier: BSD-2-Clause
/*
 * When to look again for owners. A scan walks all open files of the machine, so it must earn its
 * cost: it runs soon after connections were accepted (the worker is not known yet), else seldom, if
 * somebody has got or given up a socket's file, and never takes more than a fixed share of one CPU.
 */
#pragma once
#include <stdint.h>

struct bpf_reader;
struct tcp;

struct bpf_owner {
	struct tcp *skeleton;
	struct bpf_reader *reader;
	uint64_t scanned_ns; /* when the last scan ended, or was found to be needless */
	uint64_t cost_ns;    /* how long it took */
	uint64_t opened;     /* the account's number of opened flows then */
	uint64_t files_sum;  /* who had which file of a socket then; 0: not known */
};

void bpf_owner_init(struct bpf_owner *o, struct tcp *skeleton, struct bpf_reader *reader);

/* Look now. 0 or -errno, logged. */
int bpf_owner_scan(struct bpf_owner *o);

void bpf_owner_scan_if_due(struct bpf_owner *o);

/* Before the last report: the cost of one more scan no longer adds up. */
void bpf_owner_scan_last(struct bpf_owner *o);
