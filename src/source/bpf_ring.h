// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the programs put into their ring. libbpf's own reader maps the ring twice over, so that any record
 * can be read in one piece; each page then counts twice as memory of this process. No record of ours is
 * longer than a page, so one page more does the same.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_ring {
	int epoll; /* the ring, and what others add; -1: not open */
	size_t page, size;
	unsigned long *taken;	  /* up to where we have read; a page of its own */
	const uint8_t *written;	  /* up to where the programs have written; the data follow a page on */
	void (*take)(void *context, void *record, size_t size);
	void *context;
	bool is_behind; /* more waits than was given */
	bool waits;	/* for one that is still being written, whose program may have found us awake */
};

#define BPF_RING_NONE ((struct bpf_ring){.epoll = -1})

/*
 * Read the ring buffer `map` of `size` bytes: `take` is given each record, which lasts for the call.
 * 0 or -errno; bpf_ring_close() in either case.
 */
int bpf_ring_open(struct bpf_ring *r, int map, size_t size,
		  void (*take)(void *context, void *record, size_t size), void *context);
void bpf_ring_close(struct bpf_ring *r);

/*
 * Give all records that are there now, and some that come meanwhile: not for ever, if they come faster
 * than they are taken; then `is_behind` is set. `waits`: come back before long, since nobody may say when
 * the rest is there. Returns how many.
 */
int bpf_ring_consume(struct bpf_ring *r);
