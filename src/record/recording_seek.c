// SPDX-License-Identifier: BSD-2-Clause
/*
 * Finding a moment. Within a file time only goes forward, and each header can be found from
 * anywhere and says where its segment begins; so a file is halved until the segment is found,
 * without any index that could be lost or wrong. That segment says where the last key frame is.
 */
#include <errno.h>
#include <string.h>

#include "record/recording_state.h"

/* Halving ends where walking from header to header is as fast. */
#define WALK_BYTES 65536
/* Probes read little at a time. */
#define PROBE_BYTES 8192

/* The first header with a right sum at or behind `at`. Returns false if there is none before `end`.
 */
static bool find_header(struct input *in, uint64_t at, uint64_t end, uint64_t *ret_at,
			struct chunk_header *ret)
{
	while (at < end) {
		size_t len, found;
		const uint8_t *p = input_get(in, at, CHUNK_HEADER_BYTES, &len);

		if (!len)
			return false;
		found = chunk_find(p, len);
		at += found;
		if (found == len)
			continue;
		p = input_get(in, at, CHUNK_HEADER_MAX, &len);
		if (!chunk_header_get(p, len, ret)) {
			*ret_at = at;
			return at < end;
		}
		at++;
	}
	return false;
}

/* Read the meta at `at`. 0; -EPROTONOSUPPORT, with its format and version; or -EBADMSG. */
static int read_meta(struct input *in, uint64_t at, struct chunk_header *ret_h,
		     struct record_meta *ret)
{
	size_t len;
	const uint8_t *p = input_get(in, at, CHUNK_HEADER_MAX, &len);

	if (!len || chunk_header_get(p, len, ret_h) || ret_h->kind != CHUNK_META)
		return -EBADMSG;
	p = input_get(in, at, chunk_bytes(ret_h), &len);
	if (len < chunk_bytes(ret_h) ||
	    chunk_crc(p + ret_h->header_bytes, ret_h->stored_bytes) != ret_h->payload_crc)
		return -EBADMSG;
	return meta_get(p + ret_h->header_bytes, ret_h->stored_bytes, ret);
}

/* The segment that the chunk at `at` is of; false if its beginning is damaged. */
static bool segment_of(struct input *in, uint64_t at, const struct chunk_header *h,
		       uint64_t *ret_at, struct record_meta *ret)
{
	struct chunk_header meta_header;

	if (h->back_bytes > at || read_meta(in, at - h->back_bytes, &meta_header, ret) ||
	    meta_header.payload_crc != h->mark)
		return false;
	*ret_at = at - h->back_bytes;
	return true;
}

/* The last segment in [low, high) that begins at or before `time_us`; `low` is one that does. */
static uint64_t walk(struct input *in, uint64_t low, uint64_t high, uint64_t time_us)
{
	uint64_t at = low;
	struct chunk_header h;
	struct record_meta m;

	while (find_header(in, at, high, &at, &h) && h.time_us <= time_us) {
		segment_of(in, at, &h, &low, &m);
		at += chunk_bytes(&h);
	}
	return low;
}

static uint64_t find_segment(struct input *in, uint64_t time_us)
{
	uint64_t low = 0, high = input_size(in);

	while (high - low > WALK_BYTES) {
		uint64_t middle = low + (high - low) / 2, at, segment;
		struct chunk_header h;
		struct record_meta m;

		if (!find_header(in, middle, high, &at, &h) || h.time_us > time_us)
			high = middle;
		else if (segment_of(in, at, &h, &segment, &m) && segment > low)
			low = segment;
		else
			/* In the segment that we know, or in one without a beginning. */
			return walk(in, low, high, time_us);
	}
	return walk(in, low, high, time_us);
}

/* Does the segment at `at` begin with a key frame? */
static bool has_key(struct input *in, uint64_t at, const struct chunk_header *meta_header)
{
	size_t len;
	struct chunk_header h;
	const uint8_t *p;

	at += chunk_bytes(meta_header);
	p = input_get(in, at, CHUNK_HEADER_MAX, &len);
	return !chunk_header_get(p, len, &h) && h.flags & CHUNK_KEY;
}

void seek_window(struct recording *r)
{
	uint64_t segment;
	struct chunk_header h;
	struct record_meta m;
	size_t read_bytes = r->in.read_bytes;

	r->at = 0;
	if (!r->in.is_seekable || r->from_us <= 0)
		return;
	r->in.read_bytes = PROBE_BYTES;
	segment = find_segment(&r->in, (uint64_t)r->from_us);
	if (!read_meta(&r->in, segment, &h, &m)) {
		r->at = segment;
		if (!r->config.edges_only && !has_key(&r->in, segment, &h))
			r->at = m.key_offset < segment ? m.key_offset : 0;
		if (read_meta(&r->in, r->at, &h, &m))
			r->at = 0;
	}
	r->in.read_bytes = read_bytes;
}

int seek_first_meta(struct input *in, struct record_meta *ret, uint64_t *ret_time_us)
{
	uint64_t at = 0;
	struct chunk_header h;

	while (find_header(in, at, UINT64_MAX, &at, &h)) {
		int err = read_meta(in, at, &h, ret);

		*ret_time_us = h.time_us;
		if (err != -EBADMSG)
			return err;
		at++;
	}
	return -EBADMSG;
}

/* The last header in [from, end) with a segment that can be read; -EBADMSG: there is none. */
static int last_header(struct input *in, uint64_t from, uint64_t end, struct record_meta *ret,
		       uint64_t *ret_time_us)
{
	uint64_t at = from, segment;
	struct chunk_header h;
	struct record_meta m;
	int err = -EBADMSG;

	while (find_header(in, at, end, &at, &h)) {
		if (segment_of(in, at, &h, &segment, &m)) {
			*ret = m;
			*ret_time_us = h.time_us;
			err = 0;
		}
		at += chunk_bytes(&h);
	}
	return err;
}

int seek_last_time(struct input *in, struct record_meta *ret, uint64_t *ret_time_us)
{
	uint64_t end = input_size(in), from = end;

	/* Backwards, further and further, since nothing says where chunks begin. */
	for (uint64_t step = WALK_BYTES; from; step *= 2) {
		from = end > step ? end - step : 0;
		if (!last_header(in, from, end, ret, ret_time_us))
			return 0;
	}
	return -EBADMSG;
}
