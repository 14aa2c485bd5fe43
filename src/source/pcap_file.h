// SPDX-License-Identifier: BSD-2-Clause
/* Frames of a capture file, or of standard input, as they come. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "packet/capture.h"

struct read_file;

struct pcap_file {
	struct read_file *file;
	struct capture *capture;
	uint8_t *bytes; /* the part that was read: from .. to of size */
	size_t from, to, size;
	const char *error;  /* after -EIO: what is wrong; borrowed */
	struct frame first; /* that was found while it was opened, if has_first */
	int signals;	    /* a descriptor on which they show, or -1 */
	bool has_ended, has_first;
	bool is_truncated; /* after -EIO: whoever wrote it was stopped */
};

/* Is this file a capture? What was read of it stays to be read. */
bool pcap_file_is_capture(const char *path);

/* Opens it and reads up to its first interface, if it has one. 0 or -errno, logged. */
int pcap_file_open(struct pcap_file *f, const char *path);

/* Accepts a zeroed struct. */
void pcap_file_close(struct pcap_file *f);

/*
 * The next frame, whose bytes are valid until the next call. 1; 0: the file is over; -EAGAIN: no
 * whole frame is there yet, pcap_file_wait() for more; -EIO: nothing more can be read, see `error`.
 */
int pcap_file_next(struct pcap_file *f, struct frame *ret);

/* Until there is more to read. 0, or -EINTR when a signal came. */
int pcap_file_wait(struct pcap_file *f);

/* The descriptor for which it would wait; -1: it need not. */
int pcap_file_waits_on(const struct pcap_file *f);
