// SPDX-License-Identifier: BSD-2-Clause
/*
 * The bytes of a capture file, taken apart into frames: pcap in all its forms, and pcapng.
 *
 * libpcap reads such files too. But it waits in read() for whole buffers, where a pipe from a
 * running capture has only so much yet; it refuses a pcapng file whose interfaces have several link
 * types or snapshot lengths, which Wireshark and mergecap write; and it takes seconds since 1970
 * for signed. So this reads: bytes as they come, each frame with the link type of its interface.
 *
 * Formats: draft-ietf-opsawg-pcap (and Kuznetzov's larger record header, and nanoseconds), and
 * draft-ietf-opsawg-pcapng. Interfaces of another link type or snapshot length than the first are
 * other views of the network (struct frame). What is seen in one view by several interfaces is not
 * told apart: so the two interfaces of a tap, one for each direction, are one view.
 *
 * Pure: the caller reads the bytes. All is checked; nothing in a file is trusted.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/decode.h"

/* So many bytes tell what a file is. */
#define CAPTURE_MAGIC_LEN 4

/* Nothing in a row is larger: libpcap's limit on a pcapng block. */
#define CAPTURE_RECORD_MAX (16u << 20)

/* What comes of interfaces beyond is refused, and counted. */
#define CAPTURE_INTERFACES_MAX 4096
#define CAPTURE_VIEWS_MAX 64

struct capture_interface {
	uint64_t units_per_s; /* of its time stamps; 0: not valid */
	int64_t offset_s;
	uint32_t snaplen; /* 0: no limit */
	int link;
	uint16_t view;
};

struct capture_view {
	int link;
	uint32_t snaplen;
};

enum capture_refusal {
	CAPTURE_NO_INTERFACE, /* a packet of an interface that the file does not describe */
	CAPTURE_BAD_TIME,     /* before 1970, or too late for TIMELINE_STAMP_MAX_NS */
	CAPTURE_REFUSAL_COUNT
};

struct capture {
	size_t want;	   /* bytes in a row without which it cannot go on */
	const char *error; /* after CAPTURE_BROKEN: what is wrong; static */
	uint64_t refused[CAPTURE_REFUSAL_COUNT];
	uint64_t skip_bytes; /* of a block that does not matter */
	uint64_t last_time_ns;
	uint32_t interface_count, view_count;
	uint32_t record_header_len; /* of pcap */
	uint16_t version_minor;
	bool is_begun, is_ng, is_swapped; /* swapped: the file has the other byte order than we */
	struct capture_view view[CAPTURE_VIEWS_MAX];
	struct capture_interface interface[CAPTURE_INTERFACES_MAX]; /* of pcap the first */
};

enum capture_step {
	CAPTURE_FRAME,	/* *ret is set; its bytes borrow from those given */
	CAPTURE_HUNGRY, /* needs at least `want` bytes in a row */
	CAPTURE_BROKEN, /* nothing more can be read: `error` */
};

/* Do these CAPTURE_MAGIC_LEN bytes begin a capture? */
bool capture_is_magic(const uint8_t *bytes);

/* A struct capture is large, and begins zeroed. */
struct capture *capture_new(void);

/* Accepts NULL. */
void capture_free(struct capture *c);

/*
 * Take the next frame out of `len` bytes. `*ret_used` of them are done with, in any case. Times are
 * nanoseconds since 1970.
 */
enum capture_step capture_next(struct capture *c, const uint8_t *bytes, size_t len,
			       size_t *ret_used, struct frame *ret);

/* The file ended here, with `left` bytes not used: is something missing? */
bool capture_is_truncated(const struct capture *c, size_t left);

/* The first interface, once it is known; else NULL. */
const struct capture_interface *capture_first_interface(const struct capture *c);
