// SPDX-License-Identifier: BSD-2-Clause
/*
 * Packets: a capture file or an interface. Frames are decoded, copies of one packet put aside, the
 * rest followed as conversations (src/packet/), whose ends become flows (pcap_flow.h).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "abi/event.h"
#include "engine/clock.h"
#include "engine/column.h"
#include "engine/watch.h"
#include "engine/source.h"
#include "engine/syscalls.h"
#include "packet/checksum.h"
#include "packet/conversation_table.h"
#include "packet/copies.h"
#include "packet/decode.h"
#include "packet/ttl.h"
#include "source/pcap_local.h"
#include "source/pcap_part.h"
#include "util/log.h"
#include "util/xalloc.h"

#define NS_PER_S 1000000000ull
/* The last of Linux's SYNs waits 64 s for its answer. */
#define HANDSHAKE_TIMEOUT_NS (75 * NS_PER_S)
/* As long as TIME_WAIT. */
#define LINGER_NS (60 * NS_PER_S)
#define BUFFER_MIB_DEFAULT 8
/* Packets may wait in the kernel so long before we see them. */
#define CAPTURE_DELAY_NS NS_PER_S

static bool pcap_suits(const struct watch *watch)
{
	if (watch->read_path)
		return pcap_file_is_capture(watch->read_path);
	return watch->interface != NULL;
}

static int set_local(struct pcap_state *p, const struct watch *watch)
{
	const char *list = watch->local;
	size_t at;

	if (!list)
		return p->input.is_live ? pcap_local_take_host(&p->flow.local) : 0;
	if (!pcap_local_parse(&p->flow.local, list, &at))
		return 0;
	log_error("--local: expected networks such as 10.0.0.0/8,2001:db8::1\n  %s\n  %*s^", list,
		  (int)at, "");
	return -EINVAL;
}

/* Wakes us for packets, and once a second for what ends without any. */
static int make_wakers(struct pcap_state *p)
{
	struct itimerspec every = {.it_value.tv_sec = 1, .it_interval.tv_sec = 1};
	struct epoll_event ev = {.events = EPOLLIN};

	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	p->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (p->epoll < 0 || p->timer < 0 || timerfd_settime(p->timer, 0, &every, NULL) ||
	    epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->timer, &ev) ||
	    epoll_ctl(p->epoll, EPOLL_CTL_ADD, pcap_get_selectable_fd(p->input.pcap), &ev))
		return log_errno(errno, "cannot wait for packets on %s", p->input.name);
	return 0;
}

static void make_conversations(struct pcap_state *p, const struct hash_key *key)
{
	const struct conversation_table_config config = {
		.limit = (uint32_t)p->source->watch->max_flows,
		.timeout_ns = HANDSHAKE_TIMEOUT_NS,
		.linger_ns = LINGER_NS,
		.key = *key,
		.open = pcap_flow_open,
		.close = pcap_flow_close,
		.context = &p->flow,
	};

	p->flow.with_causes = p->source->needs & (NEEDS_OF_CAUSES | NEED_VERDICT);
	p->flow.emit = pcap_emit;
	p->flow.context = p;
	p->table = conversation_table_new(&config);
}

static void make_handshakes(struct pcap_state *p, const struct hash_key *key)
{
	const struct watch *watch = p->source->watch;
	const struct handshake_table_config config = {
		.limit = (uint32_t)watch->max_pending,
		.timeout_ns = watch->timeout_s * NS_PER_S,
		.key = *key,
		.report = pcap_handshake_report,
		.is_watched = pcap_handshake_is_watched,
		.context = &p->handshake,
	};

	p->handshake = (struct pcap_handshake){
		.local = &p->flow.local,
		.filter = &p->filter,
		.is_client_local = !p->input.is_live && !watch->local,
		.emit = pcap_emit,
		.context = p,
	};
	p->handshakes = handshake_table_new(&config);
}

static int make_tables(struct pcap_state *p)
{
	struct hash_key key;

	if (getrandom(&key, sizeof(key), 0) != sizeof(key))
		return log_errno(errno, "cannot get random numbers");
	if (p->source->handshakes)
		make_handshakes(p, &key);
	if (p->source->flows)
		make_conversations(p, &key);
	p->copies = copies_new(COPIES_WINDOW_NS_DEFAULT, &key);
	p->ttls = ttl_memory_new(&key);
	if (!p->copies || !p->ttls || (p->source->handshakes && !p->handshakes) || (p->source->flows && !p->table))
		return log_errno(ENOMEM, "cannot reserve the flow table");
	return 0;
}

static int open_input(struct pcap_state *p, const struct watch *watch)
{
	uint64_t mib = watch->buffer_mib ? watch->buffer_mib : BUFFER_MIB_DEFAULT;

	if (watch->read_path)
		return pcap_input_open_file(&p->input, watch->read_path);
	if (watch->interface)
		return pcap_input_open_interface(&p->input, watch->interface, (int)(mib << 20),
						 watch->promiscuous);
	log_error("--source pcap needs --read FILE or --interface DEV");
	return -EINVAL;
}

static int pcap_source_open(struct source *s)
{
	struct pcap_state *p = xcalloc(1, sizeof(*p));
	int err;

	s->state = p;
	p->source = s;
	p->epoll = p->timer = -1;
	p->checksum = s->watch->checksum ? atoi(s->watch->checksum) : 0;
	err = open_input(p, s->watch);
	if (!err)
		err = set_local(p, s->watch);
	if (!err)
		err = make_tables(p);
	if (!err && p->input.is_live)
		err = make_wakers(p);
	s->lacks = s->needs & (NEED_CGROUPS | NEED_EXTRA);
	if (s->needs & NEEDS_OF_CAUSES)
		log_warn("causes of retransmission are inferred from packets: see doc/verdicts.md");
	/* What an interface dropped stands in files of sysfs. */
	if (p->input.is_live)
		s->keep_syscalls = SYSCALLS_CAPTURE | SYSCALLS_FILES;
	if (!err && p->input.is_live)
		err = pcap_filter_install(&p->filter, &p->input, s);
	if (!err && !p->input.is_live)
		s->clock->realtime_offset_ns = timeline_offset_ns(&p->line);
	return err;
}

static int pcap_start(struct source *s)
{
	(void)s;
	return 0;
}

static int pcap_fd(const struct source *s)
{
	const struct pcap_state *p = s->state;

	return p->input.is_live ? p->epoll : pcap_file_waits_on(&p->input.file);
}

static void pass_time(struct pcap_state *p)
{
	uint64_t expirations;

	while (read(p->timer, &expirations, sizeof(expirations)) > 0)
		;
	if (p->handshakes)
		handshake_table_tick(p->handshakes, clock_now_ns() - CAPTURE_DELAY_NS);
	if (p->table)
		conversation_table_tick(p->table, clock_now_ns() - CAPTURE_DELAY_NS);
}

static void take_captured(u_char *context, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct pcap_state *p = (void *)context;
	struct frame frame = {
		.bytes = bytes,
		.captured_len = header->caplen,
		.wire_len = header->len,
		.link = p->input.link,
		.time_ns = pcap_input_time_ns(&p->input, header),
	};

	if (frame.time_ns < p->filter.since_ns)
		return;
	frame.time_ns -= (uint64_t)p->source->clock->realtime_offset_ns;
	if (p->frozen_ns && frame.time_ns > p->frozen_ns)
		p->is_over = true;
	else
		pcap_take_frame(p, &frame);
}

/* Once frozen there is an end to it: all that lies in the kernel's buffer. */
static int drain_interface(struct pcap_state *p)
{
	int n, all = 0;

	do {
		n = pcap_dispatch(p->input.pcap, PCAP_BATCH, take_captured, (void *)p);
		all += n;
	} while (n > 0 && p->frozen_ns && !p->is_over);
	if (n < 0) {
		log_error("cannot capture on %s: %s", p->input.name, pcap_geterr(p->input.pcap));
		return -EIO;
	}
	pass_time(p);
	return all;
}

static int pcap_drain(struct source *s)
{
	struct pcap_state *p = s->state;

	return p->input.is_live ? drain_interface(p) : pcap_drain_file(p);
}

static int pcap_sample(struct source *s)
{
	struct pcap_state *p = s->state;

	if (p->table && p->frozen_ns)
		conversation_table_settle(p->table);
	if (p->table)
		pcap_take_sample(p, p->input.is_live ? clock_now_ns() : p->now_ns);
	if (p->handshakes && p->frozen_ns)
		handshake_table_flush(p->handshakes, p->frozen_ns);
	return 0;
}

/* The kernel hands packets over in blocks, so the last ones come a little later. */
static void pcap_freeze(struct source *s)
{
	const struct timespec delay = {.tv_nsec = 1500000l * PCAP_INPUT_DELAY_MS};
	struct pcap_state *p = s->state;

	if (!p->input.is_live)
		return;
	p->frozen_ns = clock_now_ns();
	nanosleep(&delay, NULL);
}

static const char *pcap_describe(struct source *s)
{
	struct pcap_state *p = s->state;

	return pcap_input_describe(&p->input);
}

/* Of the capture, whatever was made of it. */
static void add_capture(struct pcap_state *p, struct account *ret)
{
	struct pcap_stat stat;

	if (!p->input.is_live)
		memcpy(p->undecoded.refused, p->input.file.capture->refused,
		       sizeof(p->undecoded.refused));
	pcap_undecoded_account(&p->undecoded, ret);
	ret->received = p->received;
	if (p->input.is_live && !pcap_filter_stats(&p->filter, p->input.pcap, &stat)) {
		ret->received = stat.ps_recv;
		ret->interface_dropped = stat.ps_ifdrop;
		ret->missed = ret->dropped = stat.ps_drop;
	}
	if (!p->input.is_live) {
		/* The clock is where the line is now. */
		ret->first_ns = p->first_ns + p->line.shift_ns;
		ret->last_ns = p->last_ns + p->line.shift_ns;
	}
}

static void pcap_account_handshakes(struct source *s, struct account *ret)
{
	struct pcap_state *p = s->state;

	pcap_handshake_account(p->handshakes, ret);
	add_capture(p, ret);
}

static void pcap_account(struct source *s, struct account *ret)
{
	struct pcap_state *p = s->state;

	if (!p->table) {
		pcap_account_handshakes(s, ret);
		return;
	}
	pcap_flow_account(&p->flow, p->table, ret);
	add_capture(p, ret);
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void pcap_source_close(struct source *s)
{
	struct pcap_state *p = s->state;

	if (!p)
		return;
	close_fd(p->epoll);
	close_fd(p->timer);
	pcap_input_close(&p->input);
	pcap_filter_close(&p->filter);
	pcap_local_done(&p->flow.local);
	conversation_table_free(p->table);
	handshake_table_free(p->handshakes);
	copies_free(p->copies);
	ttl_memory_free(p->ttls);
	free(p);
	s->state = NULL;
}

const struct source_ops source_pcap = {
	.name = "pcap",
	.summary = "packets of a capture file (--read FILE) or an interface (-i DEV)",
	.loss_advice = "their table was full; a larger --max-flows helps",
	.causes = true,
	.handshakes = true,
	.packets = true,
	.reads_files = true,
	.suits = pcap_suits,
	.open = pcap_source_open,
	.start = pcap_start,
	.fd = pcap_fd,
	.drain = pcap_drain,
	.sample = pcap_sample,
	.freeze = pcap_freeze,
	.describe = pcap_describe,
	.account = pcap_account,
	.account_handshakes = pcap_account_handshakes,
	.losses = pcap_account,
	.close = pcap_source_close,
};
