// SPDX-License-Identifier: BSD-2-Clause
/* What pcap.c, pcap_take.c and pcap_offline.c share, private to them. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "packet/timeline.h"
#include "source/pcap_filter.h"
#include "source/pcap_flow.h"
#include "source/pcap_handshake.h"
#include "source/pcap_input.h"
#include "source/pcap_undecoded.h"

struct conversation_table;
struct copies;
struct event;
struct handshake_table;
struct source;
struct ttl_memory;

/* Frames taken in one go. */
#define PCAP_BATCH 256

struct pcap_state {
	struct pcap_input input;
	struct pcap_filter filter; /* of an interface */
	struct pcap_flow flow;	   /* its part of the local addresses serves both */
	struct pcap_handshake handshake;
	struct conversation_table *table;   /* NULL unless flows are wanted */
	struct handshake_table *handshakes; /* NULL unless those are */
	struct copies *copies;
	struct ttl_memory *ttls;
	struct source *source;
	struct pcap_undecoded undecoded;
	struct timeline line;	    /* of a file */
	uint64_t received;	    /* of a file */
	uint64_t first_ns, last_ns; /* the least and the largest stamp, on a line without leaps */
	uint64_t now_ns;	    /* of a file: the latest time on the line */
	int checksum;		    /* see checksum_is_damaged() */
	uint64_t frozen_ns;	    /* 0: not frozen */
	bool is_over; /* the file ended, or packets came that are younger than the freeze */
	int epoll, timer;
};

/* What the tables tell goes through this to the engine; `context` is a struct pcap_state. */
void pcap_emit(void *context, const struct event *ev);

/* Decode a frame and feed the tables. Its time is that of the line, or of the clock. */
void pcap_take_frame(struct pcap_state *p, const struct frame *frame);

/* Tell of all flows that moved. */
void pcap_take_sample(struct pcap_state *p, uint64_t time_ns);

/* As the source's drain(), of a file. */
int pcap_drain_file(struct pcap_state *p);
