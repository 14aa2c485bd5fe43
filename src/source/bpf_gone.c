// SPDX-License-Identifier: BSD-2-Clause
#include "source/bpf_gone.h"

#include "abi/config.h"
#include "abi/event.h"
#include "engine/clock.h"
#include "engine/source.h"
#include "source/bpf_reader.h"
#include "source/bpf_ring.h"

/*
 * The iterator follows lists from which flows vanish meanwhile, and now and then passes over one
 * that lives. It does so to one flow in a thousand at worst: to the same one four times, to none.
 */
#define LOOKS 4
/* Where flows come and go fast, they seem to be missing for a moment: this bounds what it costs. */
#define PAUSE_NS 10000000000ull
#define COST_SHARE 200

/* Flows that came and have not closed, less those that were met. */
struct bounds {
	uint64_t least, most;
};

static void read_account(struct bpf_gone *g, uint64_t *ret_came, uint64_t *ret_closed)
{
	struct bpf_account a;

	bpf_reader_account(g->reader, &a);
	/* What got no storage is met by nobody. */
	*ret_came = a.opened + a.adopted - a.lost_memory;
	*ret_closed = a.closed;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

void bpf_gone_before(struct bpf_gone *g)
{
	read_account(g, &g->came, &g->closed);
}

/* Some came and went while we looked, and we met them or did not. */
static struct bounds count_missing(struct bpf_gone *g)
{
	uint64_t came, closed, live = bpf_reader_live(g->reader);

	read_account(g, &came, &closed);
	return (struct bounds){.least = less(g->came, closed + live),
			       .most = less(came, g->closed + live)};
}

static void tell(struct bpf_gone *g, enum ev_kind kind, uint64_t missing)
{
	struct event ev = {.head = {.kind = (__u8)kind, .error = (__u32)missing},
			   .time_ns = clock_now_ns()};

	g->source->emit(g->source->emit_context, &ev);
}

static int look(struct bpf_gone *g, struct bounds *ret)
{
	struct bounds now;
	int err;

	g->reader->control->live = 0;
	bpf_gone_before(g);
	err = bpf_reader_run(g->reader, bpf_reader_way(g->reader));
	if (err)
		return err;
	now = count_missing(g);
	ret->least = now.least < ret->least ? now.least : ret->least;
	ret->most = now.most < ret->most ? now.most : ret->most;
	/* Who ended meanwhile has said so. */
	bpf_ring_consume(g->ring);
	return 0;
}

static int search(struct bpf_gone *g)
{
	struct bounds missing = {UINT32_MAX, UINT32_MAX};
	uint64_t begin_ns = clock_now_ns(), cost_ns;
	int err = 0;

	g->reader->control->all = 1;
	tell(g, EV_LOOK, 0);
	for (int i = 0; i < LOOKS && !err; i++)
		err = look(g, &missing);
	g->reader->control->all = g->source->everything;
	if (err)
		return err;
	tell(g, EV_ALL, missing.most);
	g->explained = missing.least;
	cost_ns = (clock_now_ns() - begin_ns) * COST_SHARE;
	g->next_ns = clock_now_ns() + (cost_ns > PAUSE_NS ? cost_ns : PAUSE_NS);
	return 0;
}

int bpf_gone_after(struct bpf_gone *g, bool last)
{
	uint64_t missing = count_missing(g).least;
	bool was_short = g->was_short;

	g->was_short = missing > g->explained;
	if (!g->was_short) {
		/* They had only been passed over. */
		g->explained = missing;
		return 0;
	}
	/* Once may be by chance. */
	if (!last && (!was_short || clock_now_ns() < g->next_ns))
		return 0;
	return search(g);
}
