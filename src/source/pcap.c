// SPDX-License-Identifier: BSD-2-Clause
/*
 * Packets: a capture file or an interface. Frames are decoded, copies of one packet put aside, the
 * rest followed as conversations (src/packet/), whose ends become flows (pcap_flow.h).
 *
 * In a file time comes from the packets, and flows are sampled just before each interval ends.
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
#include "engine/settings.h"
#include "engine/source.h"
#include "packet/conversation_table.h"
#include "packet/copies.h"
#include "packet/decode.h"
#include "source/pcap_flow.h"
#include "source/pcap_input.h"
#include "source/pcap_local.h"
#include "util/log.h"
#include "util/xalloc.h"

#define NS_PER_S 1000000000ull
/* The last of Linux's SYNs waits 64 s for its answer. */
#define HANDSHAKE_TIMEOUT_NS (75 * NS_PER_S)
/* As long as TIME_WAIT. */
#define LINGER_NS (60 * NS_PER_S)
#define BATCH 256
/* Packets may wait in the kernel so long before we see them. */
#define CAPTURE_DELAY_NS NS_PER_S

struct pcap_state {
	struct pcap_input input;
	struct pcap_flow flow;
	struct conversation_table *table;
	struct copies *copies;
	struct source *source;
	uint64_t undecoded[DECODE_RESULT_COUNT];
	uint64_t truncated; /* files that end within a packet */
	uint64_t last_ns;
	uint64_t interval_end_ns; /* 0: no event yet */
	uint64_t frozen_ns;	  /* 0: not frozen */
	bool is_over; /* the file ended, or packets came that are younger than the freeze */
	int epoll, timer;
};

static bool pcap_suits(const struct settings *settings)
{
	if (settings->read_path)
		return pcap_input_is_capture(settings->read_path);
	return settings->interface != NULL;
}

static int set_local(struct pcap_state *p, const struct settings *settings)
{
	const char *list = settings->local;
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

static void emit(void *context, const struct event *ev)
{
	struct pcap_state *p = context;
	const struct settings *settings = p->source->settings;

	/* The engine's first interval begins with the first event too. */
	if (!p->interval_end_ns)
		p->interval_end_ns = ev->time_ns + settings->interval_s * NS_PER_S;
	p->source->emit(p->source->emit_context, ev);
}

static int make_tables(struct pcap_state *p)
{
	struct conversation_table_config config = {
		.limit = (uint32_t)p->source->settings->max_flows,
		.timeout_ns = HANDSHAKE_TIMEOUT_NS,
		.linger_ns = LINGER_NS,
		.open = pcap_flow_open,
		.close = pcap_flow_close,
		.context = &p->flow,
	};

	if (getrandom(&config.key, sizeof(config.key), 0) != sizeof(config.key))
		return log_errno(errno, "cannot get random numbers");
	p->table = conversation_table_new(&config);
	p->copies = copies_new(COPIES_WINDOW_NS_DEFAULT, &config.key);
	return p->table && p->copies ? 0 : log_errno(ENOMEM, "cannot reserve the flow table");
}

static int pcap_source_open(struct source *s)
{
	struct pcap_state *p = xcalloc(1, sizeof(*p));
	const struct settings *settings = s->settings;
	int err;

	s->state = p;
	p->source = s;
	p->epoll = p->timer = -1;
	p->flow.live_table = s->live_table;
	p->flow.emit = emit;
	p->flow.context = p;
	if (!settings->read_path && !settings->interface) {
		log_error("--source pcap needs --read FILE or --interface DEV");
		return -EINVAL;
	}
	if (settings->read_path)
		err = pcap_input_open_file(&p->input, settings->read_path);
	else
		err = pcap_input_open_interface(&p->input, settings->interface);
	if (!err)
		err = set_local(p, settings);
	if (!err)
		err = make_tables(p);
	if (!err && p->input.is_live)
		err = make_wakers(p);
	if (!err && !p->input.is_live)
		s->clock->realtime_offset_ns = 0;
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

	return p->epoll;
}

static void sample(struct pcap_state *p, uint64_t time_ns)
{
	p->flow.now_ns = time_ns;
	conversation_table_sample(p->table, false, pcap_flow_sample, &p->flow);
}

/* Of a file: what moved until the interval's end belongs to it. */
static void end_intervals(struct pcap_state *p, uint64_t time_ns)
{
	uint64_t interval_ns = p->source->settings->interval_s * NS_PER_S;
	struct event time = {.head.kind = EV_TIME, .time_ns = time_ns};

	if (!p->interval_end_ns || time_ns < p->interval_end_ns)
		return;
	sample(p, p->interval_end_ns - 1);
	p->interval_end_ns += (time_ns - p->interval_end_ns) / interval_ns * interval_ns;
	p->interval_end_ns += interval_ns;
	p->source->emit(p->source->emit_context, &time);
}

static void take_frame(u_char *context, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct pcap_state *p = (void *)context;
	struct frame frame = {
		.bytes = bytes,
		.captured_len = header->caplen,
		.wire_len = header->len,
		.link = p->input.link,
		.time_ns = pcap_input_time_ns(&p->input, header),
	};
	struct packet packet;
	enum decode_result result;

	if (p->input.is_live)
		frame.time_ns -= (uint64_t)p->source->clock->realtime_offset_ns;
	else if (p->source->live_table)
		end_intervals(p, frame.time_ns);
	if (p->frozen_ns && frame.time_ns > p->frozen_ns) {
		p->is_over = true;
		return;
	}
	if (frame.time_ns > p->last_ns)
		p->last_ns = frame.time_ns;
	result = decode_frame(&frame, &packet);
	if (result != DECODE_TCP && result != DECODE_ICMP_ERROR)
		p->undecoded[result]++;
	else if (!copies_has_seen(p->copies, &packet))
		conversation_table_feed(p->table, &packet);
}

static int end_of_file(struct pcap_state *p)
{
	if (p->is_over)
		return 0;
	p->is_over = true;
	conversation_table_flush(p->table, p->last_ns);
	if (p->source->live_table)
		sample(p, p->last_ns);
	return 0;
}

static void pass_time(struct pcap_state *p)
{
	uint64_t expirations;

	while (read(p->timer, &expirations, sizeof(expirations)) > 0)
		;
	conversation_table_tick(p->table, clock_now_ns() - CAPTURE_DELAY_NS);
}

/* Once frozen there is an end to it: all that lies in the kernel's buffer. */
static int drain_interface(struct pcap_state *p)
{
	int n, all = 0;

	do {
		n = pcap_dispatch(p->input.pcap, BATCH, take_frame, (void *)p);
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
	int n;

	if (p->input.is_live)
		return drain_interface(p);
	n = pcap_dispatch(p->input.pcap, BATCH, take_frame, (void *)p);
	/* Whoever made it was stopped while writing; all before is as good as ever. */
	if (n < 0) {
		log_warn("%s: %s", p->input.name, pcap_geterr(p->input.pcap));
		p->truncated = 1;
	}
	return n > 0 ? n : end_of_file(p);
}

static int pcap_sample(struct source *s)
{
	sample(s->state, clock_now_ns());
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

/*
 * What was of no concern is no loss: other protocols, and fragments that carry no TCP header, whose
 * bytes the sequence numbers of the next segment tell.
 */
static bool is_concern(enum decode_result result)
{
	switch (result) {
	case DECODE_TCP:
	case DECODE_ICMP_ERROR:
	case DECODE_NOT_IP:
	case DECODE_NOT_TCP:
	case DECODE_ICMP_OTHER:
	case DECODE_FRAGMENT:
		return false;
	default:
		return true;
	}
}

static void note_undecoded(struct account *a, const char *reason, uint64_t count)
{
	size_t used = strlen(a->undecoded_why);

	if (!count)
		return;
	a->undecoded += count;
	snprintf(a->undecoded_why + used, sizeof(a->undecoded_why) - used, "%s%s %llu",
		 used ? ", " : "", reason, (unsigned long long)count);
}

static void pcap_account(struct source *s, struct account *ret)
{
	struct pcap_state *p = s->state;
	struct pcap_stat stat;

	pcap_flow_account(&p->flow, p->table, ret);
	for (int i = 0; i < DECODE_RESULT_COUNT; i++)
		if (is_concern((enum decode_result)i))
			note_undecoded(ret, decode_result_name((enum decode_result)i),
				       p->undecoded[i]);
	note_undecoded(ret, "truncated-file", p->truncated);
	if (p->input.is_live && !pcap_stats(p->input.pcap, &stat))
		ret->missed = stat.ps_drop;
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
	pcap_local_done(&p->flow.local);
	conversation_table_free(p->table);
	copies_free(p->copies);
	free(p);
	s->state = NULL;
}

const struct source_ops source_pcap = {
	.name = "pcap",
	.summary = "packets of a capture file (--read FILE) or an interface (-i DEV)",
	.loss_advice = "their table was full; a larger --max-flows helps",
	.reads_files = true,
	.suits = pcap_suits,
	.open = pcap_source_open,
	.start = pcap_start,
	.fd = pcap_fd,
	.drain = pcap_drain,
	.sample = pcap_sample,
	.freeze = pcap_freeze,
	.account = pcap_account,
	.close = pcap_source_close,
};
