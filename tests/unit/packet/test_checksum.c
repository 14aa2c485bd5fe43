// SPDX-License-Identifier: BSD-2-Clause
/* Frames of a real kernel, whose checksums are right; then made wrong, byte by byte. */
#include "packet/checksum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "captured.h"
#include "wire.h"

struct verified {
	enum checksum_result ip, transport;
};

static struct verified verify(const struct wire *w, uint32_t captured_len)
{
	struct frame f = frame_of(w, LINK_EN10MB);
	struct packet p;

	f.captured_len = captured_len;
	assert_in_range(decode_frame(&f, &p), DECODE_TCP, DECODE_ICMP_ERROR);
	return (struct verified){checksum_ip(&f, &p), checksum_transport(&f, &p)};
}

static const char *const tcp4[] = {captured_syn_tfo_request, captured_syn_ack_tfo_cookie,
				   captured_data4, captured_syn_tfo_data};
static const char *const tcp6[] = {captured_syn6, captured_data6};

static void checksums_of_a_real_kernel_are_good(void **state)
{
	struct wire w;

	(void)state;
	for (int i = 0; i < 4; i++) {
		w = wire_of(tcp4[i]);
		assert_int_equal(verify(&w, w.len).ip, CHECKSUM_GOOD);
		assert_int_equal(verify(&w, w.len).transport, CHECKSUM_GOOD);
	}
	for (int i = 0; i < 2; i++) {
		w = wire_of(tcp6[i]);
		assert_int_equal(verify(&w, w.len).ip, CHECKSUM_ABSENT);
		assert_int_equal(verify(&w, w.len).transport, CHECKSUM_GOOD);
	}
	w = wire_of(captured_host_prohibited);
	assert_int_equal(verify(&w, w.len).ip, CHECKSUM_GOOD);
	assert_int_equal(verify(&w, w.len).transport, CHECKSUM_GOOD);
	w = wire_of(captured_admin_prohibited6);
	assert_int_equal(verify(&w, w.len).transport, CHECKSUM_GOOD);
}

/* Ports, numbers, addresses, options, payload: whatever byte is wrong. */
static void any_wrong_byte_makes_a_tcp_checksum_bad(void **state)
{
	struct wire w = wire_of(captured_data4);

	(void)state;
	for (uint32_t at = 14 + 12; at < w.len; at++) {
		if (at == 14 + 20 + 12) /* the data offset: another header */
			continue;
		w.bytes[at] ^= 0x10;
		assert_int_equal(verify(&w, w.len).transport, CHECKSUM_BAD);
		assert_int_equal(verify(&w, w.len).ip, at < 34 ? CHECKSUM_BAD : CHECKSUM_GOOD);
		w.bytes[at] ^= 0x10;
	}
}

static void an_odd_last_byte_counts(void **state)
{
	struct wire w = wire_of(captured_data4);

	(void)state;
	/* One byte less, and the checksum mended for it (RFC 1624): 'x' was the low byte. */
	assert_int_equal(w.bytes[w.len - 1], 'x');
	w.len--;
	w.bytes[17]--;	       /* total length */
	w.bytes[14 + 11]++;    /* IP checksum */
	w.bytes[34 + 17] += 1; /* TCP checksum: the length in the pseudo header */
	assert_int_equal(verify(&w, w.len).ip, CHECKSUM_GOOD);
	assert_int_equal(verify(&w, w.len).transport, CHECKSUM_BAD);
	w.bytes[34 + 17] += 'x';
	assert_int_equal(verify(&w, w.len).transport, CHECKSUM_GOOD);
}

static void a_cut_segment_cannot_be_verified(void **state)
{
	struct wire w = wire_of(captured_data4);

	(void)state;
	assert_int_equal(verify(&w, w.len - 1).transport, CHECKSUM_TRUNCATED);
	assert_int_equal(verify(&w, 14 + 20 + 20).transport, CHECKSUM_TRUNCATED);
	assert_int_equal(verify(&w, w.len - 1).ip, CHECKSUM_GOOD);
}

static void a_first_fragment_cannot_be_verified(void **state)
{
	struct wire w = wire_of(captured_data4);

	(void)state;
	w.bytes[14 + 6] = 0x20;
	w.bytes[34 + 16] ^= 1;
	assert_int_equal(verify(&w, w.len).transport, CHECKSUM_TRUNCATED);
}

static void ethernet_padding_is_not_summed(void **state)
{
	struct wire w = wire_of(captured_data4);

	(void)state;
	put_hex(&w, "ffff12");
	assert_int_equal(verify(&w, w.len).transport, CHECKSUM_GOOD);
}

/* As Linux leaves it to the card: the sum of the pseudo header, computed here the long way. */
static uint16_t pseudo_sum(const uint8_t *ip, unsigned int tcp_len)
{
	unsigned int sum = 6 + tcp_len;

	for (int i = 12; i < 20; i += 2)
		sum += (unsigned int)ip[i] << 8 | ip[i + 1];
	return (uint16_t)(sum % 0xffff);
}

static void a_checksum_left_to_the_card_is_recognised(void **state)
{
	struct wire w = wire_of(captured_data4);
	uint16_t sum = pseudo_sum(w.bytes + 14, w.len - 34);

	(void)state;
	w.bytes[34 + 16] = (uint8_t)(sum >> 8);
	w.bytes[34 + 17] = (uint8_t)sum;
	assert_int_equal(verify(&w, w.len).transport, CHECKSUM_OFFLOADED);
	assert_int_equal(verify(&w, w.len - 1).transport, CHECKSUM_OFFLOADED);
	w.bytes[34 + 17] ^= 1;
	assert_int_equal(verify(&w, w.len).transport, CHECKSUM_BAD);
}

static void a_wrong_byte_makes_an_icmp_checksum_bad(void **state)
{
	struct wire w = wire_of(captured_host_prohibited);

	(void)state;
	w.bytes[w.len - 1] ^= 1;
	assert_int_equal(verify(&w, w.len).transport, CHECKSUM_BAD);
	w = wire_of(captured_admin_prohibited6);
	w.bytes[14 + 8 + 15] ^= 1; /* a source address, in the pseudo header only */
	assert_int_equal(verify(&w, w.len).transport, CHECKSUM_BAD);
	w.bytes[14 + 8 + 15] ^= 1;
	assert_int_equal(verify(&w, w.len - 1).transport, CHECKSUM_TRUNCATED);
}

static void every_result_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < CHECKSUM_RESULT_COUNT; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(checksum_result_name((enum checksum_result)i),
						checksum_result_name((enum checksum_result)j));
	assert_string_equal(checksum_result_name(CHECKSUM_RESULT_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksums_of_a_real_kernel_are_good),
		cmocka_unit_test(any_wrong_byte_makes_a_tcp_checksum_bad),
		cmocka_unit_test(an_odd_last_byte_counts),
		cmocka_unit_test(a_cut_segment_cannot_be_verified),
		cmocka_unit_test(a_first_fragment_cannot_be_verified),
		cmocka_unit_test(ethernet_padding_is_not_summed),
		cmocka_unit_test(a_checksum_left_to_the_card_is_recognised),
		cmocka_unit_test(a_wrong_byte_makes_an_icmp_checksum_bad),
		cmocka_unit_test(every_result_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
