// SPDX-License-Identifier: BSD-2-Clause
/*
 * A capture file: time comes from the packets, on one line (packet/timeline.h), which the clock
 * follows, and is told before each of them; flows are sampled when an interval has ended. What is
 * open at the end is shown as open, where ends alone are shown.
 */
#include <errno.h>

#include "abi/event.h"
#include "engine/clock.h"
#include "engine/watch.h"
#include "engine/source.h"
#include "packet/conversation_table.h"
#include "source/pcap_part.h"
#include "util/log.h"

/*
 * Time goes on, and may end an interval: then we are asked for a sample, before the packet is taken
 * that comes after it.
 */
static void tell_time(struct pcap_state *p, uint64_t time_ns)
{
	const struct event time = {.head.kind = EV_TIME, .time_ns = time_ns};

	p->source->emit(p->source->emit_context, &time);
}

static void note_stamp(struct pcap_state *p, uint64_t stamp_ns)
{
	uint64_t time_ns = TIMELINE_ORIGIN_NS + stamp_ns;

	if (!p->first_ns || time_ns < p->first_ns)
		p->first_ns = time_ns;
	if (time_ns > p->last_ns)
		p->last_ns = time_ns;
}

static void take(struct pcap_state *p, struct frame *frame)
{
	note_stamp(p, frame->time_ns);
	frame->time_ns = timeline_place(&p->line, frame->time_ns);
	p->source->clock->realtime_offset_ns = timeline_offset_ns(&p->line);
	tell_time(p, frame->time_ns);
	if (frame->time_ns > p->now_ns)
		p->now_ns = frame->time_ns;
	pcap_take_frame(p, frame);
}

/* Of a pcapng file no interface may have a link type that is understood. */
static int check_links(const struct pcap_state *p)
{
	if (!p->received || p->undecoded.result[DECODE_UNKNOWN_LINK] < p->received)
		return 0;
	return pcap_input_refuse_link(&p->input, p->input.link);
}

static int end_of_file(struct pcap_state *p)
{
	if (p->is_over)
		return 0;
	p->is_over = true;
	if (p->handshakes)
		handshake_table_flush(p->handshakes, p->now_ns);
	if (p->table) {
		conversation_table_flush(p->table, p->now_ns);
		pcap_take_sample(p, p->now_ns);
		conversation_table_sample(p->table, true, pcap_flow_still_open, &p->flow);
	}
	return check_links(p);
}

/* All before is as good as ever. */
static void note_broken(struct pcap_state *p)
{
	const struct pcap_file *f = &p->input.file;

	log_warn("%s: %s", p->input.name, f->error);
	if (f->is_truncated)
		p->undecoded.truncated = 1;
	else
		p->undecoded.broken = 1;
}

int pcap_drain_file(struct pcap_state *p)
{
	struct pcap_file *f = &p->input.file;
	struct frame frame;
	int result = 1, n = 0;

	while (n < PCAP_BATCH && result > 0) {
		result = pcap_file_next(f, &frame);
		if (result <= 0)
			break;
		take(p, &frame);
		n++;
	}
	if (result == -EIO)
		note_broken(p);
	if (n)
		return n;
	return result == -EAGAIN ? result : end_of_file(p);
}
