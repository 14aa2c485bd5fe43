// SPDX-License-Identifier: BSD-2-Clause
#include "source/bpf_reader.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/config.h"
#include "abi/event.h"
#include "engine/source.h"
#include "tcp.skel.h"
#include "util/log.h"
#include "util/xalloc.h"

static void *map_memory(const struct bpf_map *map, size_t bytes, size_t *ret_size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t size = (bytes + page - 1) / page * page;
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	if (p == MAP_FAILED) {
		log_errno(errno, "cannot map the BPF map %s", bpf_map__name(map));
		return NULL;
	}
	*ret_size = size;
	return p;
}

int bpf_reader_init(struct bpf_reader *r, struct tcp *skeleton, const struct source *source)
{
	r->emit = source->emit;
	r->emit_context = source->emit_context;
	r->skeleton = skeleton;
	r->control = map_memory(skeleton->maps.control, sizeof(*r->control), &r->control_size);
	r->slots = map_memory(skeleton->maps.snap, (size_t)SNAP_SLOTS * SNAP_SLOT_SIZE,
			      &r->slots_size);
	if (!r->control || !r->slots)
		return -ENOMEM;
	if (skeleton->links.sample_listed)
		r->control->places_max = bpf_map__max_entries(skeleton->maps.listed);
	return 0;
}

void bpf_reader_done(struct bpf_reader *r)
{
	if (r->control)
		munmap(r->control, r->control_size);
	if (r->slots)
		munmap(r->slots, r->slots_size);
}

static void emit_slots(struct bpf_reader *r)
{
	size_t end = (size_t)r->control->used * SNAP_SLOT_SIZE;

	for (size_t at = 0; at < end;) {
		const struct event *ev = (const struct event *)(r->slots + at);

		at += ev_size(ev);
		r->emit(r->emit_context, ev);
	}
	r->control->used = 0;
}

/* Where turns are taken, about so many flows a look are read whole. */
#define WHOLE_READINGS 500

void bpf_reader_ask(struct bpf_reader *r, const struct source *source)
{
	struct snap_control *c = r->control;
	bool is_many = source->takes_turns && c->moved > WHOLE_READINGS;

	c->all = source->everything;
	c->each = source->each;
	c->plain = source->plain;
	c->stalls = source->stalls;
	c->watched = source->watched;
	/* Of so many as the last look met. */
	c->turns = is_many ? (c->moved + WHOLE_READINGS - 1) / WHOLE_READINGS : 0;
	c->turn = is_many ? (c->turn + 1) % c->turns : 0;
	c->live = c->moved = 0;
}

static int run_once(struct bpf_reader *r, const struct bpf_link *link)
{
	int fd = bpf_iter_create(bpf_link__fd(link));
	ssize_t n;
	char full;

	if (fd < 0)
		return log_errno(errno, "cannot start a BPF iterator");
	do {
		n = read(fd, &full, 1);
		emit_slots(r);
		r->stops += n > 0;
		/* EAGAIN: the kernel takes a breath after a million objects. */
	} while (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)));
	close(fd);
	return n < 0 ? log_errno(errno, "cannot read a BPF iterator") : 0;
}

int bpf_reader_run(struct bpf_reader *r, const struct bpf_link *link)
{
	int err;

	r->control->used = r->control->next = 0;
	r->stops = 0;
	do {
		err = run_once(r, link);
	} while (!err && r->control->next);
	return err;
}

const struct bpf_link *bpf_reader_way(const struct bpf_reader *r)
{
	const struct snap_control *control = r->control;

	if (!r->skeleton->links.sample)
		return r->skeleton->links.sample_listed;
	if (!r->skeleton->links.sample_listed || control->all || control->frozen ||
	    __atomic_load_n(&control->unlisted, __ATOMIC_RELAXED))
		return r->skeleton->links.sample;
	return r->skeleton->links.sample_listed;
}

uint32_t bpf_reader_live(const struct bpf_reader *r)
{
	const struct snap_control *control = r->control;

	if (r->skeleton->links.sample)
		return control->live;
	return control->live + __atomic_load_n(&control->unlisted, __ATOMIC_RELAXED);
}

int bpf_reader_run_queues(struct bpf_reader *r)
{
	int err;

	if (r->skeleton->links.sample_listeners)
		return bpf_reader_run(r, r->skeleton->links.sample_listeners);
	r->control->queues = 1;
	err = bpf_reader_run(r, r->skeleton->links.sample_listed);
	r->control->queues = 0;
	return err;
}

void bpf_reader_account(struct bpf_reader *r, struct bpf_account *ret)
{
	int cpus = libbpf_num_possible_cpus();
	struct bpf_account *per_cpu = xcalloc((size_t)cpus, sizeof(*per_cpu));
	__u32 zero = 0;

	*ret = (struct bpf_account){0};
	if (bpf_map_lookup_elem(bpf_map__fd(r->skeleton->maps.account), &zero, per_cpu))
		log_errno(errno, "cannot read the account of the BPF programs");
	for (int i = 0; i < cpus; i++) {
		ret->opened += per_cpu[i].opened;
		ret->adopted += per_cpu[i].adopted;
		ret->closed += per_cpu[i].closed;
		ret->lost_ring += per_cpu[i].lost_ring;
		ret->lost_memory += per_cpu[i].lost_memory;
		ret->lost_tx_bytes += per_cpu[i].lost_tx_bytes;
		ret->lost_rx_bytes += per_cpu[i].lost_rx_bytes;
		ret->ended_late += per_cpu[i].ended_late;
		ret->nested += per_cpu[i].nested;
		ret->lost_edges += per_cpu[i].lost_edges;
		ret->lost_requests += per_cpu[i].lost_requests;
		ret->handshakes_opened += per_cpu[i].handshakes_opened;
		ret->handshakes_adopted += per_cpu[i].handshakes_adopted;
		ret->handshakes_closed += per_cpu[i].handshakes_closed;
		ret->handshakes_lost += per_cpu[i].handshakes_lost;
		ret->handshakes_late += per_cpu[i].handshakes_late;
	}
	free(per_cpu);
}

void bpf_reader_counted(const struct bpf_account *a, struct account *ret)
{
	*ret = (struct account){
		.opened = a->opened,
		.adopted = a->adopted,
		.closed = a->closed,
		.lost = a->lost_ring + a->lost_memory,
		.lost_tx_bytes = a->lost_tx_bytes,
		.lost_rx_bytes = a->lost_rx_bytes,
		.lost_ring = a->lost_ring,
		.lost_memory = a->lost_memory,
		.missed = a->lost_edges,
	};
}
