// SPDX-License-Identifier: BSD-2-Clause
/* Where packets come from: a capture file, standard input (pcap_file.h), or an interface, by
 * libpcap. */
#pragma once
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>

#include "source/pcap_file.h"

/* Packets of an interface may wait so long in the kernel until there are more of them. */
#define PCAP_INPUT_DELAY_MS 100

struct pcap_input {
	pcap_t *pcap; /* of an interface, else NULL */
	struct pcap_file file;
	const char *name; /* for messages; borrowed */
	int link;	  /* enum decode_link; of a file its first */
	bool is_live;
	bool is_nano; /* the tv_usec of a header holds nanoseconds */
	int buffer_bytes;
	char description[256];
};

/* Each returns 0 or -errno, logged. */
int pcap_input_open_file(struct pcap_input *in, const char *path);
int pcap_input_open_interface(struct pcap_input *in, const char *interface, int buffer_bytes,
			      bool promiscuous);

/* Say that this link type is not understood; -EPROTONOSUPPORT. */
int pcap_input_refuse_link(const struct pcap_input *in, int link);

/* "eth0, link-type EN10MB (Ethernet), capture size 192 bytes, ..."; lives as long as `in`. */
const char *pcap_input_describe(struct pcap_input *in);

/* Accepts a zeroed struct. */
void pcap_input_close(struct pcap_input *in);

/* Of an interface: nanoseconds since 1970. */
uint64_t pcap_input_time_ns(const struct pcap_input *in, const struct pcap_pkthdr *header);
