// SPDX-License-Identifier: BSD-2-Clause
/*
 * Any bytes as a capture file: whether it is given in whole or in small pieces, each at the end of
 * a heap block of its size, the same frames come out; nothing beyond the pieces is read; it ends.
 */
#include <stdlib.h>
#include <string.h>

#include "packet/capture.h"
#include "packet/timeline.h"

static void require(int truth)
{
	if (!truth)
		abort();
}

/* What came out: a sum over all frames, and how it ended. */
struct outcome {
	uint64_t sum, frames;
	uint64_t refused[CAPTURE_REFUSAL_COUNT];
	enum capture_step end;
	bool is_truncated;
};

static void add(struct outcome *o, const struct frame *f, struct timeline *line)
{
	const uint64_t word[] = {f->captured_len, f->wire_len, (uint64_t)(unsigned int)f->link,
				 f->view, f->time_ns};

	require(f->time_ns <= TIMELINE_STAMP_MAX_NS);
	require(timeline_place(line, f->time_ns) <= INT64_MAX);
	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++)
		o->sum = o->sum * 31 + word[i];
	for (uint32_t i = 0; i < f->captured_len; i++)
		o->sum = o->sum * 31 + f->bytes[i];
	o->frames++;
}

/* All that is not used yet, in a block of its own; larger than the file, if that is wanted, never.
 */
static void read_in_pieces(const uint8_t *data, size_t size, size_t piece, struct outcome *o)
{
	struct capture *c = capture_new();
	struct timeline line = {.is_begun = false};
	size_t from = 0, to = 0;

	*o = (struct outcome){.end = CAPTURE_HUNGRY};
	for (;;) {
		size_t len = to - from, used;
		uint8_t *bytes = malloc(len + !len);
		struct frame frame;

		if (len)
			memcpy(bytes, data + from, len);
		o->end = capture_next(c, bytes, len, &used, &frame);
		require(used <= len);
		if (o->end == CAPTURE_FRAME) {
			require(used);
			add(o, &frame, &line);
		}
		free(bytes);
		from += used;
		if (o->end == CAPTURE_BROKEN) {
			require(c->error != NULL);
			break;
		}
		if (o->end == CAPTURE_HUNGRY && to == size)
			break;
		if (o->end == CAPTURE_HUNGRY)
			to = size - to > piece ? to + piece : size;
	}
	require(c->want <= CAPTURE_RECORD_MAX + 24);
	require(c->interface_count <= CAPTURE_INTERFACES_MAX);
	o->is_truncated = capture_is_truncated(c, size - from);
	memcpy(o->refused, c->refused, sizeof(o->refused));
	capture_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole, pieces;

	if (size < 1)
		return 0;
	read_in_pieces(data + 1, size - 1, size, &whole);
	read_in_pieces(data + 1, size - 1, 1 + data[0] % 64u, &pieces);
	require(whole.sum == pieces.sum && whole.frames == pieces.frames);
	require(whole.end == pieces.end && whole.is_truncated == pieces.is_truncated);
	require(!memcmp(whole.refused, pieces.refused, sizeof(whole.refused)));
	return 0;
}
