// SPDX-License-Identifier: BSD-2-Clause
/* A stream against the plainest model there is: a mark for every byte. */
#include "packet/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "packets.h"

static void send_bytes(struct stream *s, uint32_t seq, uint32_t len)
{
	struct packet p = packet_of((struct segment)C(ACK, seq, 1, len), SECOND);
	const struct stream_peer peer = {.room = 60000, .reorder_ns = 3 * MS};

	stream_take(s, &p, &peer);
}

/* Random segments around the front of the stream, with never more holes than it remembers. */
enum { MODEL_BYTES = 20000 };

struct model {
	bool seen[MODEL_BYTES];
	uint32_t next;
	uint64_t repeated;
};

static int count_holes(const struct model *m)
{
	int holes = 0;

	for (uint32_t i = 0; i < m->next; i++)
		holes += !m->seen[i] && (i + 1 == m->next || m->seen[i + 1]);
	return holes;
}

static uint32_t count_missed(const struct model *m)
{
	uint32_t missed = 0;

	for (uint32_t i = 0; i < m->next; i++)
		missed += !m->seen[i];
	return missed;
}

static void model_send(struct model *m, uint32_t at, uint32_t len)
{
	for (uint32_t i = at; i < at + len; i++) {
		m->repeated += m->seen[i];
		m->seen[i] = true;
	}
	if (at + len > m->next)
		m->next = at + len;
}

static void random_segments_agree_with_a_plain_array(void **state)
{
	(void)state;
	srandom(11);
	for (int round = 0; round < 300; round++) {
		static struct model m;
		struct stream s = {.is_begun = false};

		stream_begin(&s, 1001);
		memset(&m, 0, sizeof(m));
		while (m.next < MODEL_BYTES - 500) {
			uint32_t len = 2 + (uint32_t)random() % 100;
			uint32_t back = (uint32_t)random() % 300;
			uint32_t at = m.next + 100 > back ? m.next + 100 - back : 0;

			if (at > m.next && count_holes(&m) >= STREAM_GAPS - 1)
				at = m.next;
			if (at < m.next && count_holes(&m) >= STREAM_GAPS - 1)
				at = 0, len = m.next; /* close them all */
			send_bytes(&s, 1001 + at, len);
			model_send(&m, at, len);
			assert_int_equal(stream_sent_bytes(&s), m.next);
			assert_int_equal(s.missed_bytes, count_missed(&m));
			assert_int_equal(s.retrans_bytes, m.repeated);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_segments_agree_with_a_plain_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
