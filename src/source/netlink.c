// SPDX-License-Identifier: BSD-2-Clause
/*
 * The kernel, through netlink: every second, and at every interval, a list of all sockets with
 * their counters (sock_diag), and in between a notice of each socket that is gone, with its last
 * counters. It needs no BPF, and hardly a privilege. What it cannot know, compared with the bpf
 * source:
 *
 *   - when a flow opened, if it is younger than the last list (seen: late), and its handshake;
 *   - why it ended, unless by FIN on both sides;
 *   - the owner, user and cgroup of flows that came and went between two lists;
 *   - counters that were thrown away: by SO_LINGER 0, by a listener that closes with connections that
 *     nobody accepted, by MPTCP. What was moved since the last list is missing, so these flows count
 *     as lost, whether a list had them or not; so do failed connects that were in no list;
 *   - one byte: a side that closed first, between two lists, is a byte short of what it received if
 *     the peer's FIN was quicker than our question whether it is still awaited; one that was reset
 *     between two lists shows a byte more if the peer's FIN had come. All flows of which this may be
 *     so are counted (account.inexact, in the summary of --json);
 *   - network namespaces that are younger than the tool, or may not be entered;
 *   - the end of the kernel's own sockets (NFS, iSCSI), of which it gives no notice: they stay live;
 *   - of the counters of stat, those in source/netlink_extra.c.
 */
#include <cap-ng.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include "engine/clock.h"
#include "engine/column.h"
#include "engine/question.h"
#include "engine/source.h"
#include "engine/syscalls.h"
#include "engine/watch.h"
#include "probe/choose.h"
#include "source/bare.h"
#include "source/host.h"
#include "source/netlink_bare.h"
#include "source/netlink_code.h"
#include "source/netlink_diag.h"
#include "source/netlink_extra.h"
#include "source/netlink_fence.h"
#include "source/netlink_flows.h"
#include "source/netlink_net.h"
#include "source/netlink_owner.h"
#include "source/netns.h"
#include "util/log.h"
#include "util/xalloc.h"

#define NS_PER_S 1000000000ull
/*
 * So often the list is asked for if no interval does it: owners and roles of flows are learnt so.
 * With very many sockets less often: these looks take at most one part in so many of the time.
 */
#define LOOK_EVERY_NS NS_PER_S
#define LOOK_SHARE 10
/*
 * For notices that wait, in each network namespace: a limit, not an allocation. The kernel takes more
 * than a kilobyte for each, so this holds some 26,000 of them.
 */
#define ROOM_BYTES_DEFAULT (16u << 20)
/* Namespaces whose notices are taken in one go; the others have their turn next. */
#define EVENTS_MAX 64
/* At the end: so long notices may be on their way, and so often we look for them. */
#define FENCE_NS_MAX 1000000000ull
#define FENCE_LOOK_US 500

struct netlink_state {
	struct source *source;
	struct diag_net **net;
	size_t net_count;
	uint32_t only_netns; /* 0: all */
	struct netlink_flows flows;
	struct netlink_owner owner;
	struct host host; /* if it is asked for */
	struct bare bare; /* with source.once */
	struct fence fence; /* raised at the end */
	int epoll, timer;
	bool frozen;
	char code[CODE_BYTES_MAX];
	size_t code_bytes;
};

static bool netlink_suits(const struct watch *watch)
{
	return !watch->read_path && !watch->fleet && !watch->interface && !watch->connect;
}

/* Called inside each network namespace. */
static int add_net(void *state)
{
	struct netlink_state *n = state;
	struct diag_net *net = xcalloc(1, sizeof(*net));
	uint64_t room = n->source->watch->ring_kib * 1024;
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = net};
	int err = net_open(net, room ? room : ROOM_BYTES_DEFAULT);

	/* News of the others would only take the room of those that are asked for. */
	if (!err && n->only_netns && net->inode != n->only_netns) {
		net_close(net);
		free(net);
		return 0;
	}
	n->net = xrealloc(n->net, (n->net_count + 1) * sizeof(*n->net));
	n->net[n->net_count++] = net;
	if (!err && net->notices && !n->fence.count)
		fence_open(&n->fence);
	if (!err && net->notices &&
	    epoll_ctl(n->epoll, EPOLL_CTL_ADD, mnl_socket_get_fd(net->notices), &ev))
		err = log_errno(errno, "cannot watch a netlink socket");
	return err;
}

static int netlink_open(struct source *s)
{
	struct netlink_state *n = xcalloc(1, sizeof(*n));
	struct epoll_event ev = {.events = EPOLLIN};
	int err;

	s->state = n;
	n->source = s;
	n->epoll = n->timer = -1;
	err = probe_check_wish(s->watch->rungs, "netlink");
	if (err)
		return err;
	s->lacks = extra_lacks(s->needs);
	netlink_flows_init(&n->flows, s);
	n->code_bytes = s->only ? code_compile(s->only, n->code) : 0;
	n->epoll = epoll_create1(EPOLL_CLOEXEC);
	n->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (n->epoll < 0 || n->timer < 0 || epoll_ctl(n->epoll, EPOLL_CTL_ADD, n->timer, &ev))
		return log_errno(errno, "cannot make a timer");
	s->keep_syscalls = SYSCALLS_NETLINK;
	if (s->owners) {
		s->keep_capabilities = 1ull << CAP_SYS_PTRACE | 1ull << CAP_DAC_READ_SEARCH;
		s->keep_syscalls |= SYSCALLS_FILES;
	}
	n->only_netns = s->netns;
	err = netns_for_each(add_net, n);
	if (!err && !n->net_count) {
		log_error("the network namespace %u may not be entered: this needs CAP_SYS_ADMIN",
			  s->netns);
		err = -EPERM;
	}
	return err;
}

static void on_notice(void *state, struct diag_net *net, const struct diag *d)
{
	struct netlink_state *n = state;

	if (!fence_passed(&n->fence, d->cookie))
		netlink_flows_gone(&n->flows, net, d);
}

/* Of those namespaces that have some: there may be a thousand. */
static int take_notices(struct netlink_state *n)
{
	struct epoll_event ready[EVENTS_MAX];
	int taken = 0, ready_count = epoll_wait(n->epoll, ready, EVENTS_MAX, 0);

	for (int i = 0; i < ready_count; i++) {
		struct diag_net *net = ready[i].data.ptr; /* NULL: the timer */
		int count = net ? net_take_notices(net, on_notice, n) : 0;

		if (count < 0)
			return count;
		taken += count;
	}
	return taken;
}

/* First the listeners, by which roles are guessed. */
static int look_at(struct netlink_state *n, struct diag_net *net)
{
	bool extra = n->source->needs & NEED_EXTRA;
	struct diag_query listeners = {.states = DIAG_LISTENERS, .ask = extra ? DIAG_ASK_MEMORY : 0};
	struct diag_query flows = {.states = DIAG_FLOWS,
				   .ask = extra ? DIAG_ASK_CONGESTION | DIAG_ASK_MEMORY : 0,
				   .code = n->code,
				   .code_bytes = n->code_bytes};
	/* Of others there is no need to know. */
	if (n->source->once)
		flows.states &= n->source->states;
	/* Sockets of both families carry IPv4. */
	uint8_t first = n->source->only && n->source->only->only_v6 ? 6 : 4;
	int err = 0;

	net_forget_listeners(net);
	for (uint8_t family = 4; family <= 6 && !err; family += 2) {
		listeners.family = family;
		err = net_dump(net, &listeners, netlink_flows_listens, &n->flows);
	}
	for (uint8_t family = first; family <= 6 && !err && flows.states; family += 2) {
		flows.family = family;
		err = net_dump(net, &flows, netlink_flows_seen, &n->flows);
	}
	return err;
}

/* Which flows the lost notices were about shows itself when looks miss them. */
static void end_what_is_missing(struct netlink_state *n, struct diag_net *net)
{
	n->flows.account.missed += net_take_overruns(net);
	if (net->overruns || !net->notices)
		netlink_flows_sweep(&n->flows, net);
}

/* The next look, counted from the end of one that took so long. */
static void set_timer(const struct netlink_state *n, uint64_t cost_ns)
{
	uint64_t pause_ns = cost_ns * LOOK_SHARE;
	struct itimerspec next = {0};

	if (n->source->once)
		return;
	if (pause_ns < LOOK_EVERY_NS)
		pause_ns = LOOK_EVERY_NS;
	next.it_value.tv_sec = (time_t)(pause_ns / NS_PER_S);
	next.it_value.tv_nsec = (long)(pause_ns % NS_PER_S);
	timerfd_settime(n->timer, 0, &next, NULL);
}

static void find_owners(struct netlink_state *n)
{
	/* The last rows of live flows: no later look will tell. */
	if (n->frozen && n->source->live_table)
		netlink_owner_scan(&n->owner, &n->flows);
	else
		netlink_owner_scan_if_due(&n->owner, &n->flows);
	netlink_flows_tell_news(&n->flows);
}

static int look(struct netlink_state *n)
{
	uint64_t begin_ns = clock_now_ns();
	int err = 0;

	n->flows.look++;
	n->flows.unowned = 0;
	for (size_t i = 0; i < n->net_count && !err; i++) {
		err = look_at(n, n->net[i]);
		if (!err)
			end_what_is_missing(n, n->net[i]);
	}
	if (n->source->owners && !err)
		find_owners(n);
	for (size_t i = 0; i < n->net_count && !err && n->source->needs & NEED_BARE; i++)
		err = netlink_bare_look(&n->flows, n->net[i], n->code, n->code_bytes);
	set_timer(n, clock_now_ns() - begin_ns);
	return err;
}

static bool may_look_into_others(void)
{
	return capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_PTRACE) &&
	       capng_have_capability(CAPNG_EFFECTIVE, CAP_DAC_READ_SEARCH);
}

static void say_what_is_missing(const struct netlink_state *n)
{
	if (!n->source->once && !n->net[0]->notices)
		log_warn("the kernel gives no notice of closed sockets: a connection ends when the "
			 "list, asked for once a second, has it no longer; shorter ones are not seen");
	if (!n->only_netns && !capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN))
		log_warn("other network namespaces are not seen (needs CAP_SYS_ADMIN)");
	if (n->source->owners && (n->owner.refused || !may_look_into_others()))
		log_warn("processes of other users may not be looked into: their connections show "
			 "no owner (needs root, or CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH)");
}

static int netlink_start(struct source *s)
{
	struct netlink_state *n = s->state;
	int err;

	if (s->needs & (NEED_HOST | NEED_LEVELS))
		host_open(&n->host, s->netns);
	if (s->once) {
		n->bare = (struct bare){
			.states = s->states, .emit = s->emit, .emit_context = s->emit_context};
		s->emit = bare_event;
		s->emit_context = &n->bare;
	}
	n->flows.adopting = true;
	err = look(n);
	n->flows.adopting = n->flows.table.refused > 0;
	if (!err)
		say_what_is_missing(n);
	return err;
}

static int netlink_fd(const struct source *s)
{
	const struct netlink_state *n = s->state;

	return n->epoll;
}

static int netlink_drain(struct source *s)
{
	struct netlink_state *n = s->state;
	uint64_t expirations;
	int count = s->once ? 0 : take_notices(n), more = count;

	/* A last time: all that waits. */
	while (n->frozen && more > 0) {
		more = take_notices(n);
		count = more < 0 ? more : count + more;
	}
	if (count >= 0 && !n->frozen && read(n->timer, &expirations, sizeof(expirations)) > 0) {
		int err = look(n);

		return err ? err : count;
	}
	return count;
}

static int netlink_sample(struct source *s)
{
	/* That of start() was it. */
	return s->once ? 0 : look(s->state);
}

/*
 * Sockets may have closed just now whose notices are still to come. Then nothing more is listened
 * to; what waits is taken by the last drain().
 */
static void netlink_freeze(struct source *s)
{
	struct netlink_state *n = s->state;
	uint64_t until_ns = clock_now_ns() + FENCE_NS_MAX;

	fence_raise(&n->fence);
	while (n->fence.left && take_notices(n) >= 0 && clock_now_ns() < until_ns)
		usleep(FENCE_LOOK_US);
	for (size_t i = 0; i < n->net_count; i++)
		net_stop_notices(n->net[i]);
	n->frozen = true;
}

static void netlink_account(struct source *s, struct account *ret)
{
	struct netlink_state *n = s->state;

	for (size_t i = 0; i < n->net_count; i++)
		n->flows.account.missed += net_take_overruns(n->net[i]);
	*ret = n->flows.account;
	ret->live = n->flows.table.count - n->flows.listeners;
	ret->table_full += n->flows.table.refused;
}

static void netlink_host(struct source *s, int64_t *value)
{
	struct netlink_state *n = s->state;

	host_read(&n->host, value);
}

static void netlink_host_reading(struct source *s, unsigned host, struct host_reading *ret)
{
	struct netlink_state *n = s->state;

	(void)host;
	host_read_levels(&n->host, ret);
}

static void netlink_close(struct source *s)
{
	struct netlink_state *n = s->state;

	if (!n)
		return;
	for (size_t i = 0; i < n->net_count; i++) {
		net_close(n->net[i]);
		free(n->net[i]);
	}
	free(n->net);
	netlink_flows_done(&n->flows);
	host_close(&n->host);
	bare_done(&n->bare);
	fence_close(&n->fence);
	close(n->timer);
	close(n->epoll);
	free(n);
	s->state = NULL;
}

const struct source_ops source_netlink = {
	.name = "netlink",
	.summary = "the kernel, through sock_diag: no BPF needed, exact bytes; owners of "
		   "connections that last a second",
	.loss_advice =
		"sockets that were reset (SO_LINGER 0), or whose connect() failed, took their counters "
		"with them, or a notice of their end was lost; --source bpf sees all",
	.missed_advice =
		"notices of closed sockets, which found no room (ENOBUFS): connections that were in no "
		"list are missing, others show what the last list said of them; a larger --ring helps "
		"(with CAP_NET_ADMIN), or --source bpf",
	.counters = true,
	.suits = netlink_suits,
	.open = netlink_open,
	.start = netlink_start,
	.fd = netlink_fd,
	.drain = netlink_drain,
	.sample = netlink_sample,
	.freeze = netlink_freeze,
	.account = netlink_account,
	.losses = netlink_account,
	.host = netlink_host,
	.host_reading = netlink_host_reading,
	.close = netlink_close,
};
