// SPDX-License-Identifier: BSD-2-Clause
#include "source/bpf_ring.h"

#include <errno.h>
#include <linux/bpf.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/event.h"

_Static_assert(sizeof(struct event) + BPF_RINGBUF_HDR_SZ <= 4096,
	       "a record fits in the smallest page");

static size_t written_bytes(const struct bpf_ring *r)
{
	return r->page + r->size + r->page;
}

static void *map_part(int map, size_t bytes, int protection, size_t at)
{
	void *p = mmap(NULL, bytes, protection, MAP_SHARED, map, (off_t)at);

	return p == MAP_FAILED ? NULL : p;
}

int bpf_ring_open(struct bpf_ring *r, int map, size_t size,
		  void (*take)(void *context, void *record, size_t size), void *context)
{
	struct epoll_event wish = {.events = EPOLLIN};

	*r = (struct bpf_ring){.page = (size_t)sysconf(_SC_PAGESIZE),
			       .size = size,
			       .take = take,
			       .context = context};
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll < 0 || epoll_ctl(r->epoll, EPOLL_CTL_ADD, map, &wish))
		return -errno;
	r->taken = map_part(map, r->page, PROT_READ | PROT_WRITE, 0);
	if (!r->taken)
		return -errno;
	r->written = map_part(map, written_bytes(r), PROT_READ, r->page);
	return r->written ? 0 : -errno;
}

void bpf_ring_close(struct bpf_ring *r)
{
	if (r->written)
		munmap((void *)r->written, written_bytes(r));
	if (r->taken)
		munmap(r->taken, r->page);
	if (r->epoll >= 0)
		close(r->epoll);
	*r = BPF_RING_NONE;
}

/* Of a record, its header included; records begin at multiples of 8. */
static uint32_t room(uint32_t head)
{
	uint32_t bytes = head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

	return (bytes + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
}

int bpf_ring_consume(struct bpf_ring *r)
{
	const unsigned long *written = (const unsigned long *)r->written;
	unsigned long at = __atomic_load_n(r->taken, __ATOMIC_ACQUIRE), begin = at;
	int given = 0;

	r->is_behind = r->waits = false;
	while (at != __atomic_load_n(written, __ATOMIC_ACQUIRE)) {
		uint8_t *record = (uint8_t *)r->written + r->page + (at & (r->size - 1));
		uint32_t head = __atomic_load_n((uint32_t *)record, __ATOMIC_ACQUIRE);

		/* All that was there when we came has the ring's size at most. */
		r->is_behind = at - begin >= r->size;
		if (r->is_behind)
			break;
		/* One that is still being written holds up those behind it. */
		r->waits = head & BPF_RINGBUF_BUSY_BIT;
		if (r->waits)
			break;
		if (!(head & BPF_RINGBUF_DISCARD_BIT)) {
			r->take(r->context, record + BPF_RINGBUF_HDR_SZ, head);
			given++;
		}
		at += room(head);
		__atomic_store_n(r->taken, at, __ATOMIC_RELEASE);
	}
	return given;
}
