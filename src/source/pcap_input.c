// SPDX-License-Identifier: BSD-2-Clause
#include "source/pcap_input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "packet/decode.h"
#include "util/log.h"

/* As libpcap and Wireshark have it. */
#define UNLIMITED_SNAPLEN 262144

int pcap_input_refuse_link(const struct pcap_input *in, int link)
{
	const char *name = pcap_datalink_val_to_name(link);

	log_error("%s: link type %s (%d) is not understood", in->name, name ? name : "?", link);
	return -EPROTONOSUPPORT;
}

int pcap_input_open_file(struct pcap_input *in, const char *path)
{
	const struct capture_interface *first;
	int err;

	in->name = path;
	err = pcap_file_open(&in->file, path);
	if (err)
		return err;
	first = capture_first_interface(in->file.capture);
	if (!first)
		return 0;
	in->link = first->link;
	/* The interfaces of one file may be of several link types. */
	if (in->file.capture->is_ng || decode_knows_link(in->link))
		return 0;
	return pcap_input_refuse_link(in, in->link);
}

/* The second version of the cooked header names the interface, which tells copies on others. */
static void prefer_interface_numbers(struct pcap_input *in)
{
	if (pcap_datalink(in->pcap) == LINK_LINUX_SLL &&
	    pcap_set_datalink(in->pcap, LINK_LINUX_SLL2))
		log_debug("%s: %s", in->name, pcap_geterr(in->pcap));
}

static int activate(struct pcap_input *in)
{
	int status = pcap_activate(in->pcap);
	const char *detail = pcap_geterr(in->pcap);

	if (status > 0)
		log_debug("%s: %s", in->name, *detail ? detail : pcap_statustostr(status));
	if (status >= 0)
		return 0;
	log_error("cannot capture on %s: %s%s%s", in->name, pcap_statustostr(status),
		  *detail ? ": " : "", detail);
	return status == PCAP_ERROR_PERM_DENIED ? -EPERM : -ENODEV;
}

int pcap_input_open_interface(struct pcap_input *in, const char *interface, int buffer_bytes,
			      bool promiscuous)
{
	char error[PCAP_ERRBUF_SIZE];
	int err;

	in->name = interface;
	in->is_live = true;
	in->buffer_bytes = buffer_bytes;
	in->pcap = pcap_create(interface, error);
	if (!in->pcap) {
		log_error("cannot capture on %s: %s", interface, error);
		return -ENODEV;
	}
	pcap_set_snaplen(in->pcap, DECODE_SNAPLEN);
	pcap_set_buffer_size(in->pcap, buffer_bytes);
	pcap_set_promisc(in->pcap, promiscuous);
	pcap_set_timeout(in->pcap, PCAP_INPUT_DELAY_MS);
	in->is_nano = !pcap_set_tstamp_precision(in->pcap, PCAP_TSTAMP_PRECISION_NANO);
	err = activate(in);
	if (!err)
		prefer_interface_numbers(in);
	if (!err) {
		in->link = pcap_datalink(in->pcap);
		if (!decode_knows_link(in->link))
			err = pcap_input_refuse_link(in, in->link);
	}
	if (!err && pcap_setnonblock(in->pcap, 1, error)) {
		log_error("cannot capture on %s: %s", interface, error);
		err = -EIO;
	}
	return err;
}

static uint32_t snaplen_of(const struct pcap_input *in)
{
	const struct capture_interface *first;

	if (in->is_live)
		return (uint32_t)pcap_snapshot(in->pcap);
	first = capture_first_interface(in->file.capture);
	return first && first->snaplen ? first->snaplen : UNLIMITED_SNAPLEN;
}

const char *pcap_input_describe(struct pcap_input *in)
{
	const char *name = pcap_datalink_val_to_name(in->link);
	const char *what = pcap_datalink_val_to_description(in->link);
	int n = snprintf(in->description, sizeof(in->description),
			 "%s, link-type %s (%s), capture size %u bytes", in->name,
			 name ? name : "?", what ? what : "?", snaplen_of(in));

	if (in->is_live && n > 0 && (size_t)n < sizeof(in->description))
		snprintf(in->description + n, sizeof(in->description) - (size_t)n,
			 ", buffer size %d MB", in->buffer_bytes >> 20);
	return in->description;
}

void pcap_input_close(struct pcap_input *in)
{
	if (in->pcap)
		pcap_close(in->pcap);
	in->pcap = NULL;
	pcap_file_close(&in->file);
}

uint64_t pcap_input_time_ns(const struct pcap_input *in, const struct pcap_pkthdr *header)
{
	uint64_t part = (uint64_t)header->ts.tv_usec;

	return (uint64_t)header->ts.tv_sec * 1000000000u + (in->is_nano ? part : part * 1000);
}
