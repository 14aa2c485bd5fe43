// SPDX-License-Identifier: BSD-2-Clause
/* Loading the BPF programs, and saying in words why it did not work. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tcp;

/*
 * Open, load, and attach all but the tracepoint of the edges. Gives `*ret` (free with
 * tcp__destroy()), also half-built on failure. `wish` is what --rung says, or NULL. `ring_bytes` is
 * rounded up to a power of two of pages; 0 for the default. `max_requests` connection requests are
 * followed, if they are needed. `needs` (enum column_need) chooses the programs; `*ret_lacks` is
 * what of it this kernel has not, said in a warning. 0 or -errno, logged: -EPERM no privilege,
 * -ENOTSUP the kernel has not what all need, or what `wish` forces.
 */
int probe_load(struct tcp **ret, const char *wish, uint64_t ring_bytes, uint64_t max_requests,
	       unsigned needs, unsigned *ret_lacks);

/* Attach the tracepoint: from now on events come. 0 or -errno, logged, as above. */
int probe_attach_edges(struct tcp *skeleton);

/*
 * The i-th program that is loaded: its name, borrowed, and how often and long it ran, as far as the
 * kernel counts that (sysctl kernel.bpf_stats_enabled). False: there are no more.
 */
bool probe_program(const struct tcp *skeleton, size_t i, const char **ret_name, uint64_t *ret_runs,
		   uint64_t *ret_ns);

/* How often the kernel skipped a program because it was interrupted by itself. */
uint64_t probe_missed_runs(const struct tcp *skeleton);
