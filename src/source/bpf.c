// SPDX-License-Identifier: BSD-2-Clause
/*
 * The kernel, through BPF: edges come over the ring buffer, volume through iterators that write
 * into mmapped memory. See src/bpf/ for the other side.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/membarrier.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/config.h"
#include "abi/event.h"
#include "abi/request.h"
#include "engine/clock.h"
#include "engine/column.h"
#include "engine/watch.h"
#include "engine/source.h"
#include "engine/syscalls.h"
#include "probe/capability.h"
#include "probe/choose.h"
#include "probe/load.h"
#include "probe/wish.h"
#include "source/bare.h"
#include "source/bpf_gone.h"
#include "source/bpf_handshake.h"
#include "source/bpf_look.h"
#include "source/bpf_once.h"
#include "source/bpf_owner.h"
#include "source/bpf_reader.h"
#include "source/bpf_ring.h"
#include "source/host.h"
#include "tcp.skel.h"
#include "util/log.h"
#include "util/xalloc.h"

struct bpf_state {
	struct tcp *skeleton;
	struct bpf_ring ring;
	struct bpf_reader reader;
	struct bpf_owner owner;
	struct bpf_gone gone;
	struct host host; /* if it is asked for */
	struct bare bare; /* with source.once */
	bool looks_for_owners; /* of flows that were accepted or handed over, while it runs */
	struct bpf_handshake handshake; /* if handshakes are wanted */
	struct bpf_look look;		/* that no interval asks for */
	bool warned;			/* of connections without a place... */
	bool warned_of_queues;		/* ... and of listeners */
};

static bool bpf_suits(const struct watch *watch)
{
	return !watch->read_path && !watch->fleet && !watch->interface && !watch->connect;
}

static void on_ring_event(void *context, void *record, size_t size)
{
	struct bpf_state *b = context;

	if (size >= EV_SIZE_IDENT)
		b->reader.emit(b->reader.emit_context, record);
	else if (size >= sizeof(struct ended_request))
		bpf_handshake_ended(&b->handshake, record);
}

/* How often it is asked whether a look is due that no interval asks for. */
#define LOOK_S 10

/* Handshakes are looked at once a second, and events go through another hand. */
static int follow(struct source *s, struct bpf_state *b)
{
	b->gone = (struct bpf_gone){.source = s, .reader = &b->reader, .ring = &b->ring};
	b->handshake =
		(struct bpf_handshake){.source = s, .skeleton = b->skeleton, .reader = &b->reader};
	if (s->once || (s->live_table && !s->handshakes))
		return 0;
	if (s->handshakes) {
		b->reader.emit = bpf_handshake_event;
		b->reader.emit_context = &b->handshake;
	}
	return bpf_look_every(&b->look, b->ring.epoll, s->handshakes ? 1 : LOOK_S);
}

static int bpf_open(struct source *s)
{
	struct bpf_state *b = xcalloc(1, sizeof(*b));
	int err;

	s->state = b;
	/* Map look-ups, and before Linux 5.19 the start of an iterator, ask for it. */
	s->keep_capabilities = 1ull << CAP_BPF;
	s->keep_syscalls = SYSCALLS_BPF | (s->handshakes ? SYSCALLS_BPF_TAKE : 0);
	b->look = BPF_LOOK_NONE;
	b->ring = BPF_RING_NONE;
	b->looks_for_owners = s->owners && !wish_is(s->watch->rungs, "accept", "none");
	err = probe_load(&b->skeleton, s, &s->lacks);
	if (err)
		return err;
	if (b->skeleton->links.on_accept_probe)
		s->keep_syscalls |= SYSCALLS_KPROBE;
	err = bpf_ring_open(&b->ring, bpf_map__fd(b->skeleton->maps.ring),
			    bpf_map__max_entries(b->skeleton->maps.ring), on_ring_event, b);
	if (err)
		return log_errno(-err, "cannot map the ring buffer");
	err = bpf_reader_init(&b->reader, b->skeleton, s);
	if (err)
		return err;
	return follow(s, b);
}

/*
 * First the listeners, so that every child finds an owner to inherit. Then the tracepoint, then the
 * flows that are there: what the tracepoint has seen meanwhile has storage and is not adopted, so
 * no flow falls between and none is counted twice. The scan of files covers all network namespaces;
 * iter/tcp adds the sockets of this one that have no file.
 */
static int bpf_start(struct source *s)
{
	struct bpf_state *b = s->state;
	uint64_t begin_ns;
	int err;

	bpf_owner_init(&b->owner, b->skeleton, &b->reader);
	if (s->needs & (NEED_HOST | NEED_LEVELS))
		host_open(&b->host, s->netns);
	if (s->once)
		return bpf_once(s, b->skeleton, &b->reader, &b->owner, &b->bare);
	b->reader.control->listeners_only = 1;
	err = bpf_owner_scan(&b->owner);
	if (!err)
		err = probe_attach_edges(b->skeleton);
	b->reader.control->listeners_only = 0;
	if (!err)
		err = bpf_owner_scan(&b->owner);
	begin_ns = clock_now_ns();
	if (!err)
		err = bpf_reader_run(&b->reader, b->skeleton->links.adopt_netns);
	bpf_look_made(&b->look, begin_ns, clock_now_ns(), 0);
	/* What listeners dropped so far is not to be told. */
	if (!err && s->handshakes)
		err = bpf_handshake_look(&b->handshake);
	/* Who runs for months keeps nothing that it can do without. */
	if (!err && s->watch->agent && !s->handshakes &&
	    !capability_is_needed(bpf_link__fd(bpf_reader_way(&b->reader)),
				  bpf_map__fd(b->skeleton->maps.account)))
		s->keep_capabilities = 0;
	return err;
}

static void bpf_host(struct source *s, int64_t *value)
{
	struct bpf_state *b = s->state;

	host_read(&b->host, value);
}

static void bpf_host_reading(struct source *s, unsigned host, struct host_reading *ret)
{
	struct bpf_state *b = s->state;

	(void)host;
	host_read_levels(&b->host, ret);
}

static int bpf_fd(const struct source *s)
{
	const struct bpf_state *b = s->state;

	return b->ring.epoll;
}

static void warn_once(bool *warned, uint64_t unlisted, const char *what, const char *so)
{
	if (*warned || !unlisted)
		return;
	*warned = true;
	log_warn(
		"%llu %s found no place in the list of connections, and %s; a larger --max-flows gives it more",
		(unsigned long long)unlisted, what, so);
}

/* Where looks have nothing but the list. */
static void warn_of_unlisted(struct bpf_state *b)
{
	const struct snap_control *control = b->reader.control;

	warn_once(&b->warned, bpf_reader_live(&b->reader) - control->live, "connections",
		  "are shown only when they end");
	warn_once(&b->warned_of_queues,
		  __atomic_load_n(&control->queues_unlisted, __ATOMIC_RELAXED), "listening sockets",
		  "changes of their queues are not shown");
}

/* Tell of the flows that changed; then of those that have gone, if some are missing. */
static int look(struct source *s, struct bpf_state *b, bool last)
{
	int err;

	bpf_reader_ask(&b->reader, s);
	bpf_gone_before(&b->gone);
	err = bpf_reader_run(&b->reader, bpf_reader_way(&b->reader));
	warn_of_unlisted(b);
	return err ? err : bpf_gone_after(&b->gone, last);
}

/* Ends that were told to nobody, as far as is known: without room in the ring, or without a program. */
static uint64_t count_lost(struct bpf_state *b)
{
	uint64_t skipped = probe_missed_runs(b->skeleton);
	struct bpf_account a;

	bpf_reader_account(&b->reader, &a);
	return a.lost_ring + (skipped > a.nested ? skipped - a.nested : 0);
}

/* One that no interval asked for, if it is time. */
static int look_unasked(struct source *s, struct bpf_state *b)
{
	uint64_t begin_ns = clock_now_ns(), lost = count_lost(b);
	int err;

	if (!bpf_look_is_due(&b->look, begin_ns, lost, b->gone.was_short))
		return 0;
	err = look(s, b, false);
	bpf_look_made(&b->look, begin_ns, clock_now_ns(), lost);
	return err;
}

/*
 * The programs wake us only when we sleep (control->idle) or when much waits; while we are busy we
 * come back by ourselves. Idle is set before the last look, so that nothing slips in between; what is still
 * being written then may come without a word (wake_flags() was asked before), and we come back for it, too.
 */
static int bpf_drain(struct source *s)
{
	struct bpf_state *b = s->state;
	int n = bpf_ring_consume(&b->ring), err;

	if (!b->reader.control->frozen && bpf_look_is_time(&b->look)) {
		err = s->handshakes ? bpf_handshake_look(&b->handshake) : 0;
		if (!err && s->flows && !s->live_table)
			err = look_unasked(s, b);
		if (err)
			return err;
	}
	s->is_behind = b->ring.is_behind;
	if (n)
		return n;
	__atomic_store_n(&b->reader.control->idle, 1, __ATOMIC_SEQ_CST);
	n = bpf_ring_consume(&b->ring);
	return n ? n : b->ring.waits;
}

#define RUNS_AT_END 8

static int bpf_sample(struct source *s)
{
	struct bpf_state *b = s->state;
	bool settled = false;
	int err;

	/* That of start() was it. */
	if (s->once)
		return 0;
	if (b->looks_for_owners && s->names_owners)
		bpf_owner_scan_if_due(&b->owner);
	if (!b->reader.control->frozen && s->flows)
		return look(s, b, false);
	bpf_reader_ask(&b->reader, s);
	err = bpf_reader_run(&b->reader, bpf_reader_way(&b->reader));
	/*
	 * The iterator follows a list from which flows vanish meanwhile, and may pass over some
	 * that live. The next interval makes up for that; the last one has none, so look until
	 * nothing new is met: once frozen, no flow is counted or shown twice.
	 */
	for (int i = 0; i < RUNS_AT_END && !err && b->reader.control->frozen && !settled; i++) {
		uint32_t met = b->reader.control->live;

		err = bpf_reader_run(&b->reader, bpf_reader_way(&b->reader));
		settled = b->reader.control->live == met && !b->reader.stops;
	}
	if (!err && s->handshakes && b->reader.control->frozen)
		err = bpf_handshake_finish(&b->handshake);
	return err;
}

/* Where membarrier() is refused, a running program is given this time to end. */
#define SETTLE_US 20000

/*
 * Until every program that is running now has ended: they run as RCU readers, and this system call
 * returns after a grace period (synchronize_rcu()).
 */
static void wait_for_programs(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		usleep(SETTLE_US);
}

/* A program that is running now may not have seen the flag. */
static void bpf_freeze(struct source *s)
{
	struct bpf_state *b = s->state;

	if (b->looks_for_owners && s->live_table)
		bpf_owner_scan_last(&b->owner);
	/* Later looks meet what lived at that moment, and not who has gone. */
	if (s->flows)
		look(s, b, true);
	__atomic_store_n(&b->reader.control->frozen, 1, __ATOMIC_SEQ_CST);
	wait_for_programs();
}

/*
 * Flows go on opening and closing while we count. What was live at the freeze is what the last
 * snapshot met, and what ended since without being met.
 */
static void bpf_account(struct source *s, struct account *ret)
{
	struct bpf_state *b = s->state;
	uint64_t skipped = probe_missed_runs(b->skeleton);
	uint64_t came, went;
	struct bpf_account a;

	/* One that ends a flow may have marked it as counted, and not have counted it yet. */
	wait_for_programs();
	bpf_reader_account(&b->reader, &a);
	bpf_reader_counted(&a, ret);
	ret->live = bpf_reader_live(&b->reader) + a.ended_late;
	ret->missed += skipped > a.nested ? skipped - a.nested : 0;
	if (!s->flows)
		bpf_handshake_account(&b->handshake, a.lost_requests, ret);
	/*
	 * A flow whose end the programs were not shown is neither closed nor live; of one whose
	 * beginning they were not shown only the end is known.
	 */
	/* One look sees no ends: what closed between two of its iterators was there when it began. */
	if (s->once)
		ret->live = ret->adopted - ret->closed - ret->lost;
	came = ret->opened + ret->adopted;
	went = ret->closed + ret->live + ret->lost;
	ret->lost += came > went ? came - went : 0;
	ret->opened += went > came ? went - came : 0;
	ret->missed += went > came ? went - came : 0;
}

static void bpf_account_handshakes(struct source *s, struct account *ret)
{
	struct bpf_state *b = s->state;

	bpf_handshake_account_beside(&b->handshake, ret);
}

static void bpf_losses(struct source *s, struct account *ret)
{
	struct bpf_state *b = s->state;
	struct bpf_account a;

	bpf_reader_account(&b->reader, &a);
	bpf_reader_counted(&a, ret);
}

static const char *bpf_describe(struct source *s)
{
	const struct bpf_state *b = s->state;

	return b->skeleton->links.on_request
		       ? "this host's own handshakes (no packets; requests from their SYN on)"
		       : "this host's own handshakes (no packets; requests whose SYN/ACK goes again)";
}

static bool bpf_program_of(const struct source *s, size_t i, const char **ret_name,
			   uint64_t *ret_runs, uint64_t *ret_ns)
{
	const struct bpf_state *b = s->state;

	return probe_program(b->skeleton, i, ret_name, ret_runs, ret_ns);
}

static void bpf_close(struct source *s)
{
	struct bpf_state *b = s->state;

	if (!b)
		return;
	if (s->handshakes)
		bpf_handshake_done(&b->handshake);
	bpf_look_done(&b->look);
	bpf_ring_close(&b->ring);
	host_close(&b->host);
	bare_done(&b->bare);
	bpf_reader_done(&b->reader);
	tcp__destroy(b->skeleton);
	free(b);
	s->state = NULL;
}

const struct source_ops source_bpf = {
	.name = "bpf",
	.summary = "the kernel, through BPF: exact, every flow, owners",
	.counters = true,
	.handshakes = true,
	.finds_gone = true,
	.loss_advice = "ended without the kernel's telling any program; what they moved is not known",
	.suits = bpf_suits,
	.open = bpf_open,
	.start = bpf_start,
	.fd = bpf_fd,
	.drain = bpf_drain,
	.sample = bpf_sample,
	.freeze = bpf_freeze,
	.account = bpf_account,
	.account_handshakes = bpf_account_handshakes,
	.describe = bpf_describe,
	.losses = bpf_losses,
	.host = bpf_host,
	.host_reading = bpf_host_reading,
	.way = probe_way,
	.program = bpf_program_of,
	.close = bpf_close,
};
