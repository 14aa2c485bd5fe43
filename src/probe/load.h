// SPDX-License-Identifier: BSD-2-Clause
/* Loading the BPF programs, and saying in words why it did not work. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct source;
struct tcp;

/*
 * Open, load, and attach all but the tracepoint of the edges. Gives `*ret` (free with
 * tcp__destroy()), also half-built on failure. Of `source`: its watch has what --rung forces, the size
 * of the ring (rounded up to a power of two of pages; 0 for the default) and how many connection
 * requests are followed at a time; `needs` chooses the programs, `flows` whether they follow a flow
 * beyond its handshake. `*ret_lacks` is what of the needs this kernel has not, said in a warning. 0 or
 * -errno, logged: -EPERM no privilege, -ENOTSUP the kernel has not what all need, or what is forced.
 */
int probe_load(struct tcp **ret, const struct source *source, unsigned *ret_lacks);

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
