// SPDX-License-Identifier: BSD-2-Clause
/*
 * Running the iterators: the kernel writes events into an mmapped array (struct snap_slot), a
 * read() returns when the array is full or all is told, and we hand the events on in place.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct account;
struct bpf_account;
struct bpf_link;
struct event;
struct snap_control;
struct source;
struct tcp;

struct bpf_reader {
	void (*emit)(void *context, const struct event *ev);
	void *emit_context;
	struct tcp *skeleton;
	struct snap_control *control; /* mmapped */
	char *slots;		      /* mmapped */
	size_t control_size, slots_size;
	unsigned stops; /* how often the last run had to empty the array and go on */
};

/*
 * Map what is shared with the kernel. Events go where the source's go, unless the caller puts another
 * emit() in their way. 0 or -errno, logged.
 */
int bpf_reader_init(struct bpf_reader *r, struct tcp *skeleton, const struct source *source);
void bpf_reader_done(struct bpf_reader *r);

/* What the next look at live flows is to tell, as the source was asked; before the first, and each. */
void bpf_reader_ask(struct bpf_reader *r, const struct source *source);

/* Run one iterator to its end and emit what it writes. 0 or -errno, logged. */
int bpf_reader_run(struct bpf_reader *r, const struct bpf_link *link);

/*
 * The iterator that the next look at live flows goes by. The list has who moves bytes; a look that
 * is asked for more, or while some flows have no place in it, goes by the sockets' storage, if the
 * kernel allows that.
 */
const struct bpf_link *bpf_reader_way(const struct bpf_reader *r);

/* Look at listeners alone. As bpf_reader_run(). */
int bpf_reader_run_queues(struct bpf_reader *r);

/* The flows that the last look met, and those that no look can meet, since they found no place in
 * the list. */
uint32_t bpf_reader_live(const struct bpf_reader *r);

/* The kernel's account, summed over all CPUs. */
void bpf_reader_account(struct bpf_reader *r, struct bpf_account *ret);

/* What the programs counted, at any time; who is live they do not count. */
void bpf_reader_counted(const struct bpf_account *a, struct account *ret);
