// SPDX-License-Identifier: BSD-2-Clause
#include "source/pcap_input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "packet/decode.h"
#include "util/log.h"

#define MAGIC_LEN 4

static bool is_magic(const unsigned char *byte)
{
	static const unsigned char magic[][MAGIC_LEN] = {
		{0xa1, 0xb2, 0xc3, 0xd4}, {0xd4, 0xc3, 0xb2, 0xa1}, /* microseconds */
		{0xa1, 0xb2, 0x3c, 0x4d}, {0x4d, 0x3c, 0xb2, 0xa1}, /* nanoseconds */
		{0xa1, 0xb2, 0xcd, 0x34}, {0x34, 0xcd, 0xb2, 0xa1}, /* Kuznetzov's */
		{0x0a, 0x0d, 0x0d, 0x0a},			    /* pcapng */
	};

	for (size_t i = 0; i < sizeof(magic) / sizeof(magic[0]); i++)
		if (!memcmp(byte, magic[i], MAGIC_LEN))
			return true;
	return false;
}

/* What was just read lies in the stream's buffer, so it can be put back in whole. */
static bool starts_with_magic(FILE *file)
{
	unsigned char byte[MAGIC_LEN];
	size_t n = fread(byte, 1, MAGIC_LEN, file);
	bool is_capture = n == MAGIC_LEN && is_magic(byte);

	while (n)
		ungetc(byte[--n], file);
	return is_capture;
}

bool pcap_input_is_capture(const char *path)
{
	FILE *file;
	bool is_capture;

	if (!strcmp(path, "-"))
		return starts_with_magic(stdin);
	file = fopen(path, "re");
	if (!file)
		return false;
	is_capture = starts_with_magic(file);
	fclose(file);
	return is_capture;
}

static int note_link(struct pcap_input *in)
{
	const char *name;

	in->link = pcap_datalink(in->pcap);
	if (decode_knows_link(in->link))
		return 0;
	name = pcap_datalink_val_to_name(in->link);
	log_error("%s: link type %s (%d) is not understood", in->name, name ? name : "?", in->link);
	return -EPROTONOSUPPORT;
}

int pcap_input_open_file(struct pcap_input *in, const char *path)
{
	char error[PCAP_ERRBUF_SIZE];
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;

	in->name = path;
	if (!file)
		return log_errno(errno, "cannot read %s", path);
	in->pcap =
		pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, error);
	if (!in->pcap) {
		log_error("cannot read %s: %s", path, error);
		if (file != stdin)
			fclose(file);
		return -EINVAL;
	}
	in->is_nano = true;
	return note_link(in);
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
	if (!err)
		err = note_link(in);
	if (!err && pcap_setnonblock(in->pcap, 1, error)) {
		log_error("cannot capture on %s: %s", interface, error);
		err = -EIO;
	}
	return err;
}

const char *pcap_input_describe(struct pcap_input *in)
{
	const char *name = pcap_datalink_val_to_name(in->link);
	const char *what = pcap_datalink_val_to_description(in->link);
	int n = snprintf(in->description, sizeof(in->description),
			 "%s, link-type %s (%s), capture size %d bytes", in->name,
			 name ? name : "?", what ? what : "?", pcap_snapshot(in->pcap));

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
}

uint64_t pcap_input_time_ns(const struct pcap_input *in, const struct pcap_pkthdr *header)
{
	uint64_t part = (uint64_t)header->ts.tv_usec;

	return (uint64_t)header->ts.tv_sec * 1000000000u + (in->is_nano ? part : part * 1000);
}
