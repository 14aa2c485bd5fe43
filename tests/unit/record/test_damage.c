// SPDX-License-Identifier: BSD-2-Clause
/*
 * Recordings that were cut, changed, mixed: never a row that was not written, what is lost is told,
 * and what is whole is read.
 */
#include "record/recording.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "record/chunk.h"
#include "files.h"

struct small {
	struct traffic *t;
	struct bytes b;
	uint64_t rows;
};

/* A recording of a few segments that is small enough to be damaged everywhere. */
static struct small make_small(unsigned seed, unsigned seconds, unsigned idle_percent, int level)
{
	struct small s = {.t = malloc(sizeof(*s.t))};

	traffic_init(s.t, seed);
	s.t->busy = 2;
	s.t->idle_percent = idle_percent;
	s.b = record_seconds(s.t, seconds, level, &s.rows);
	return s;
}

static void small_done(struct small *s)
{
	free(s->b.p);
	traffic_done(s->t);
}

static void cuts_at_every_byte_lose_what_was_cut(void **state)
{
	struct small s = make_small(11, 64, 90, RECORD_LEVEL);
	uint64_t rows = 0;

	(void)state;
	for (size_t len = 0; len <= s.b.len; len++) {
		struct reading r = read_all(s.b.p, len, &everything);

		if (!r.stats.chunks) {
			assert_true(r.error == -EINVAL || !r.count);
			reading_done(&r);
			continue;
		}
		assert_int_equal(r.error, RECORDING_END);
		if (expect_written(&r, s.t) == SIZE_MAX)
			fail_msg("cut at %zu of %zu: a row that was not written", len, s.b.len);
		/* Rows come by whole chunks, and never fewer of a longer file. */
		assert_true(r.stats.rows >= rows);
		assert_int_equal(r.stats.damaged_bytes, 0);
		rows = r.stats.rows;
		/* Told, unless the cut is between two chunks. */
		assert_true(r.gaps == (r.stats.bytes != len));
		if (r.gaps) {
			assert_int_equal(r.gap[0].kind, GAP_TORN);
			assert_int_equal(r.gap[0].bytes, len - r.stats.bytes);
			assert_int_equal(r.gap[0].offset, r.stats.bytes);
		}
		reading_done(&r);
	}
	assert_int_equal(rows, s.rows);
	small_done(&s);
}

static void expect_damage(const struct small *s, const struct reading *r, size_t at)
{
	bool known = true;

	if (expect_written(r, s->t) == SIZE_MAX)
		fail_msg("byte %zu changed: a row that was not written", at);
	if (!r->gaps)
		fail_msg("byte %zu changed: not told", at);
	/* Damage in the first or last chunk leaves nothing that says how many rows there were. */
	for (unsigned i = 0; i < r->gaps; i++)
		known &= r->gap[i].rows_are_known;
	if (known && r->stats.rows + r->stats.lost_rows != s->rows)
		fail_msg("byte %zu changed: %llu rows and %llu lost, of %llu", at,
			 (unsigned long long)r->stats.rows, (unsigned long long)r->stats.lost_rows,
			 (unsigned long long)s->rows);
}

static void each_byte_that_is_changed_is_found(void **state)
{
	(void)state;
	for (int level = 0; level <= RECORD_LEVEL; level += RECORD_LEVEL) {
		struct small s = make_small(12, 64, 90, level);


		/* What is not packed differs in its payloads only: some of them will do. */
		for (size_t at = 0; at < s.b.len; at += level ? 1 : 4) {
			uint8_t was = s.b.p[at];
			struct reading r;

			s.b.p[at] = (uint8_t)~was;
			r = read_all(s.b.p, s.b.len, &everything);
			s.b.p[at] = was;
			if (!r.error)
				expect_damage(&s, &r, at);
			reading_done(&r);
		}
		small_done(&s);
	}
}

/* Where the chunks of a recording are. */
static unsigned find_chunks(const struct bytes *b, size_t at[], unsigned max)
{
	struct chunk_header h;
	unsigned n = 0;

	for (size_t o = 0; o < b->len && n < max; o += chunk_bytes(&h)) {
		assert_int_equal(chunk_header_get(b->p + o, b->len - o, &h), 0);
		at[n++] = o;
	}
	at[n] = b->len;
	return n;
}

#define CHUNKS_MAX 1000

static struct bytes joined(const struct bytes *b, size_t cut, const uint8_t *p, size_t len, size_t drop)
{
	struct bytes n = {.len = b->len + len - drop};

	n.p = malloc(n.len);
	memcpy(n.p, b->p, cut);
	memcpy(n.p + cut, p, len);
	memcpy(n.p + cut + len, b->p + cut + drop, b->len - cut - drop);
	return n;
}

static void expect_no_wrong_row(const struct small *s, struct bytes *b, const char *what, unsigned i)
{
	struct reading r = read_all(b->p, b->len, &everything);

	assert_int_equal(r.error, RECORDING_END);
	if (expect_written(&r, s->t) == SIZE_MAX)
		fail_msg("%s %u: a row that was not written", what, i);
	reading_done(&r);
	free(b->p);
}

static void chunks_that_are_not_where_they_belong_are_left_out(void **state)
{
	struct small s = make_small(13, 100, 60, RECORD_LEVEL), other = make_small(14, 100, 60, RECORD_LEVEL);
	size_t at[CHUNKS_MAX + 1], from[CHUNKS_MAX + 1];
	unsigned n = find_chunks(&s.b, at, CHUNKS_MAX), m = find_chunks(&other.b, from, CHUNKS_MAX);

	(void)state;
	for (unsigned i = 0; i + 2 < n; i++) {
		const uint8_t *p = s.b.p + at[i];
		size_t len = at[i + 1] - at[i], next = at[i + 2] - at[i + 1];
		struct bytes b;

		/* There twice; later on once more; missing; changed places with the next. */
		b = joined(&s.b, at[i], p, len, 0);
		expect_no_wrong_row(&s, &b, "doubled", i);
		b = joined(&s.b, at[n - 1], p, len, 0);
		expect_no_wrong_row(&s, &b, "repeated at the end", i);
		b = joined(&s.b, at[i], p, 0, len);
		expect_no_wrong_row(&s, &b, "missing", i);
		b = joined(&s.b, at[i], p, 0, 0);
		memcpy(b.p + at[i], p + len, next);
		memcpy(b.p + at[i] + next, p, len);
		expect_no_wrong_row(&s, &b, "exchanged", i);
		/* One of another recording: of rows only, since a meta would begin another run. */
		if (i < m && other.b.p[from[i] + 6] != CHUNK_META) {
			b = joined(&s.b, at[i], other.b.p + from[i], from[i + 1] - from[i], 0);
			expect_no_wrong_row(&s, &b, "foreign", i);
			b = joined(&s.b, at[i], other.b.p + from[i], from[i + 1] - from[i], len);
			expect_no_wrong_row(&s, &b, "foreign instead", i);
		}
	}
	small_done(&s);
	small_done(&other);
}

static void a_recording_that_is_there_twice_is_read_once(void **state)
{
	struct small s = make_small(15, 130, 30, RECORD_LEVEL);
	struct bytes b = joined(&s.b, s.b.len, s.b.p, s.b.len, 0);
	struct reading r = read_all(b.p, b.len, &everything);

	(void)state;
	assert_int_equal(expect_written(&r, s.t), 0);
	assert_int_equal(r.stats.rows, s.rows);
	assert_int_equal(r.stats.repeated_rows, s.rows);
	reading_done(&r);
	free(b.p);
	small_done(&s);
}

static void two_recordings_in_one_file_are_both_read(void **state)
{
	struct small s = make_small(15, 130, 30, RECORD_LEVEL), other = make_small(16, 130, 30, RECORD_LEVEL);
	struct bytes b = joined(&s.b, s.b.len, other.b.p, other.b.len, 0);
	struct reading r = read_all(b.p, b.len, &everything);

	(void)state;
	assert_int_equal(r.error, RECORDING_END);
	assert_int_equal(r.stats.rows, s.rows + other.rows);
	assert_int_equal(r.gaps, 1);
	assert_int_equal(r.gap[0].kind, GAP_STOPPED);
	reading_done(&r);
	free(b.p);
	small_done(&s);
	small_done(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_at_every_byte_lose_what_was_cut),
		cmocka_unit_test(each_byte_that_is_changed_is_found),
		cmocka_unit_test(chunks_that_are_not_where_they_belong_are_left_out),
		cmocka_unit_test(a_recording_that_is_there_twice_is_read_once),
		cmocka_unit_test(two_recordings_in_one_file_are_both_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
