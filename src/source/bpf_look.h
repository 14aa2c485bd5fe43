// SPDX-License-Identifier: BSD-2-Clause
/*
 * Looks at all sockets that no interval asks for: where only ends, or handshakes, are wanted.
 *
 * Handshakes need one every second. Where ends are wanted, a look serves those whose end is shown to
 * nobody (see bpf_gone.h): it finds that some are missing, and it is the last reading of a flow that
 * gets its row that way. That is so rare that looks must cost next to nothing: the start, which met
 * all sockets, stands for the first, and each takes at most one part in LOOK_SHARE of the time up to
 * the next. With a reason to suspect a loss it is made at once.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct bpf_look {
	int timer;	  /* or -1 */
	uint64_t next_ns; /* without a reason not before */
	uint64_t soon_ns; /* with a reason not before */
	uint64_t lost;	  /* ends that the programs could not tell, up to the last look */
};

#define BPF_LOOK_NONE ((struct bpf_look){.timer = -1})

/* Let `epoll` wake every `seconds`. 0, or -errno, logged. */
int bpf_look_every(struct bpf_look *l, int epoll, time_t seconds);

/* Has the timer run since this was called last? */
bool bpf_look_is_time(const struct bpf_look *l);

/*
 * Is there to be a look at `now_ns`? `lost`: ends so far that are known to have been told to nobody;
 * `is_short`: the last look missed some.
 */
bool bpf_look_is_due(const struct bpf_look *l, uint64_t now_ns, uint64_t lost, bool is_short);

/* One was made; all sockets were met from `begin_ns` to `end_ns` (CLOCK_MONOTONIC). */
void bpf_look_made(struct bpf_look *l, uint64_t begin_ns, uint64_t end_ns, uint64_t lost);

void bpf_look_done(struct bpf_look *l);
