// SPDX-License-Identifier: BSD-2-Clause
/*
 * A record is: slot, length of what follows, then pairs of a gap (words that did not change) and a
 * word; all of them numbers of seven bits a byte, the lowest first. Words are those of the hot
 * part, then those of the cold part.
 */
#include "screen/journal.h"

#include <stdlib.h>
#include <string.h>

#include "util/xalloc.h"

#define WORD sizeof(uint32_t)
#define HOT_WORDS (sizeof(struct track_hot) / WORD)
#define COLD_WORDS (sizeof(struct track_cold) / WORD)
#define NUMBER_MAX 5 /* bytes */
#define RECORD_MAX ((HOT_WORDS + COLD_WORDS) * 2 * NUMBER_MAX + 2 * NUMBER_MAX)

void journal_init(struct journal *j, size_t limit_bytes, uint32_t intervals_max, uint64_t span_ns)
{
	*j = (struct journal){.first = 1,
			      .intervals_max = intervals_max,
			      .span_ns = span_ns,
			      .limit = limit_bytes};
	j->part = xcalloc(intervals_max, sizeof(*j->part));
	j->open = reserve(limit_bytes + RECORD_MAX);
}

static struct journal_part *part_of(const struct journal *j, uint32_t tick)
{
	return &j->part[tick % j->intervals_max];
}

static void drop_first(struct journal *j)
{
	struct journal_part *p = part_of(j, j->first++);

	j->bytes -= p->used;
	free(p->bytes);
	*p = (struct journal_part){0};
}

void journal_clear(struct journal *j, uint32_t tick)
{
	while (j->first <= j->last)
		drop_first(j);
	j->first = tick + 1;
	j->last = tick;
	j->open_used = 0;
	j->open_is_broken = false;
	j->last_time_ns = j->last_interval_ns = 0;
}

void journal_done(struct journal *j)
{
	if (!j->part)
		return;
	journal_clear(j, 0);
	free(j->part);
	reserve_free(j->open, j->limit + RECORD_MAX);
	*j = (struct journal){0};
}

static size_t put_number(uint8_t *at, uint32_t n)
{
	size_t len = 0;

	for (; n >= 0x80; n >>= 7)
		at[len++] = (uint8_t)(n | 0x80);
	at[len++] = (uint8_t)n;
	return len;
}

static uint32_t get_number(const uint8_t **at)
{
	uint32_t n = 0;

	for (unsigned shift = 0;; shift += 7) {
		uint8_t byte = *(*at)++;

		n |= (uint32_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return n;
	}
}

/* The words that differ; `*gap` goes on from part to part. */
static size_t put_words(uint8_t *to, const void *before, const void *after, size_t words,
			uint32_t *gap)
{
	const uint8_t *a = before, *b = after;
	uint32_t one, other;
	size_t len = 0;

	for (size_t i = 0; i < words; i++, a += WORD, b += WORD) {
		memcpy(&one, a, WORD);
		memcpy(&other, b, WORD);
		if (one == other) {
			(*gap)++;
			continue;
		}
		len += put_number(to + len, *gap);
		len += put_number(to + len, one ^ other);
		*gap = 0;
	}
	return len;
}

void journal_note(struct journal *j, uint32_t slot, const struct track_hot *hot_before,
		  const struct track_hot *hot_after, const struct track_cold *cold_before,
		  const struct track_cold *cold_after)
{
	uint8_t body[RECORD_MAX], *to = j->open + j->open_used;
	uint32_t gap = 0;
	size_t len;

	if (j->open_is_broken)
		return;
	len = put_words(body, hot_before, hot_after, HOT_WORDS, &gap);
	len += put_words(body + len, cold_before, cold_after, COLD_WORDS, &gap);
	if (!len)
		return;
	if (j->open_used + len > j->limit) {
		j->open_is_broken = true;
		return;
	}
	to += put_number(to, slot);
	to += put_number(to, (uint32_t)len);
	memcpy(to, body, len);
	j->open_used = (size_t)(to - j->open) + len;
}

/* Must the first interval make room for one of so many bytes that ended then? */
static bool is_full(const struct journal *j, uint32_t used, uint64_t time_ns)
{
	return j->bytes + used > j->limit || j->last + 1 - j->first >= j->intervals_max ||
	       (j->span_ns && time_ns - part_of(j, j->first)->time_ns > j->span_ns);
}

void journal_seal(struct journal *j, uint64_t time_ns, uint64_t interval_ns)
{
	uint32_t tick = j->last + 1;
	struct journal_part part = {
		.used = (uint32_t)j->open_used, .time_ns = time_ns, .interval_ns = interval_ns};

	if (j->open_is_broken) {
		journal_clear(j, tick);
		j->last_time_ns = time_ns;
		j->last_interval_ns = interval_ns;
		return;
	}
	j->last_time_ns = time_ns;
	j->last_interval_ns = interval_ns;
	if (part.used) {
		part.bytes = xmalloc(part.used);
		memcpy(part.bytes, j->open, part.used);
	}
	while (j->first <= j->last && is_full(j, part.used, time_ns))
		drop_first(j);
	*part_of(j, tick) = part;
	j->bytes += part.used;
	j->last = tick;
	j->open_used = 0;
}

bool journal_has(const struct journal *j, uint32_t tick)
{
	return tick >= j->first && tick <= j->last;
}

uint64_t journal_time(const struct journal *j, uint32_t tick)
{
	if (tick == j->last)
		return j->last_time_ns;
	return journal_has(j, tick) ? part_of(j, tick)->time_ns : 0;
}

uint64_t journal_interval(const struct journal *j, uint32_t tick)
{
	if (tick == j->last)
		return j->last_interval_ns;
	return journal_has(j, tick) ? part_of(j, tick)->interval_ns : 0;
}

static void flip(void *struct_start, size_t word, uint32_t by)
{
	uint8_t *at = (uint8_t *)struct_start + word * WORD;
	uint32_t n;

	memcpy(&n, at, WORD);
	n ^= by;
	memcpy(at, &n, WORD);
}

static void apply_record(const uint8_t *at, const uint8_t *end, struct track_hot *hot,
			 struct track_cold *cold)
{
	size_t word = 0;

	while (at < end) {
		word += get_number(&at);
		if (word < HOT_WORDS)
			flip(hot, word, get_number(&at));
		else if (cold)
			flip(cold, word - HOT_WORDS, get_number(&at));
		else
			return;
		word++;
	}
}

/* The records of an interval, or of the one under way. */
static const uint8_t *records(const struct journal *j, uint32_t tick, const uint8_t **ret_end)
{
	const uint8_t *at = NULL;
	size_t used = 0;

	if (journal_has(j, tick)) {
		at = part_of(j, tick)->bytes;
		used = part_of(j, tick)->used;
	} else if (tick == j->last + 1 && !j->open_is_broken) {
		at = j->open;
		used = j->open_used;
	}
	*ret_end = used ? at + used : at;
	return at;
}

void journal_apply(const struct journal *j, uint32_t tick, struct track_hot *hot,
		   struct track_cold *cold)
{
	const uint8_t *end, *at = records(j, tick, &end);

	while (at < end) {
		uint32_t slot = get_number(&at);
		uint32_t len = get_number(&at);

		apply_record(at, at + len, &hot[slot], &cold[slot]);
		at += len;
	}
}

static int compare_slots(const void *a, const void *b)
{
	uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;

	return (one > other) - (one < other);
}

void journal_apply_some(const struct journal *j, uint32_t tick, const uint32_t *which, size_t count,
			struct track_hot *hot, struct track_cold *cold)
{
	const uint8_t *end, *at = records(j, tick, &end);

	while (at < end && count) {
		uint32_t slot = get_number(&at);
		uint32_t len = get_number(&at);
		const uint32_t *found = NULL;

		if (slot >= which[0] && slot <= which[count - 1])
			found = bsearch(&slot, which, count, sizeof(*which), compare_slots);
		if (found)
			apply_record(at, at + len, &hot[found - which],
				     cold ? &cold[found - which] : NULL);
		at += len;
	}
}
