// SPDX-License-Identifier: BSD-2-Clause
/* Frames of a real kernel; expected values are what tshark 4.0 says of the same frames. */
#include "packet/decode.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "captured.h"
#include "wire.h"

static void assert_addr(const struct addr *a, const char *text)
{
	char buffer[INET6_ADDRSTRLEN];

	inet_ntop(AF_INET6, a, buffer, sizeof(buffer));
	assert_string_equal(buffer, text);
}

static struct packet decoded(const char *hex, int link)
{
	struct wire w = wire_of(hex);
	struct packet p;

	assert_int_equal(decode_wire(&w, link, &p), DECODE_TCP);
	return p;
}

static void a_syn_is_decoded_with_all_its_options(void **state)
{
	struct packet p = decoded(captured_syn_tfo_request, LINK_EN10MB);

	(void)state;
	assert_int_equal(p.kind, PACKET_TCP);
	assert_int_equal(p.family, 4);
	assert_int_equal(p.time_ns, 7);
	assert_addr(&p.src, "::ffff:10.77.0.1");
	assert_addr(&p.dst, "::ffff:10.77.0.2");
	assert_int_equal(p.src_port, 43852);
	assert_int_equal(p.dst_port, 8080);
	assert_int_equal(p.seq, 3811645347);
	assert_int_equal(p.ack, 0);
	assert_int_equal(p.flags, TCP_SYN | TCP_ECE | TCP_CWR);
	assert_int_equal(p.window, 64240);
	assert_int_equal(p.payload_len, 0);
	assert_int_equal(p.ip_id, 0xb640);
	assert_int_equal(p.options, PACKET_MSS | PACKET_WSCALE | PACKET_SACK_PERMITTED |
					    PACKET_TIMESTAMP | PACKET_TFO_REQUEST);
	assert_int_equal(p.mss, 1460);
	assert_int_equal(p.wscale, 10);
	assert_int_equal(p.tsval, 1549517067);
	assert_int_equal(p.tsecr, 0);
	assert_int_equal(p.way, PACKET_WAY_UNKNOWN);
}

static void a_fast_open_cookie_is_decoded_with_its_length(void **state)
{
	struct packet p = decoded(captured_syn_ack_tfo_cookie, LINK_EN10MB);

	(void)state;
	assert_int_equal(p.flags, TCP_SYN | TCP_ACK | TCP_ECE);
	assert_int_equal(p.seq, 2271797590);
	assert_int_equal(p.ack, 3811645348);
	assert_true(p.options & PACKET_TFO_COOKIE);
	assert_false(p.options & PACKET_TFO_REQUEST);
	assert_int_equal(p.tfo_cookie_len, 8);
}

static void data_of_a_fast_open_syn_is_its_payload(void **state)
{
	struct packet p = decoded(captured_syn_tfo_data, LINK_EN10MB);

	(void)state;
	assert_int_equal(p.flags, TCP_SYN | TCP_ECE | TCP_CWR);
	assert_int_equal(p.payload_len, 100);
	assert_true(p.options & PACKET_TFO_COOKIE);
}

static void ipv6_segments_are_decoded(void **state)
{
	struct packet p = decoded(captured_syn6, LINK_EN10MB);

	(void)state;
	assert_int_equal(p.family, 6);
	assert_addr(&p.src, "fd77::1");
	assert_addr(&p.dst, "fd77::2");
	assert_int_equal(p.src_port, 47192);
	assert_int_equal(p.seq, 1122839683);
	assert_int_equal(p.mss, 1440);
	assert_int_equal(p.window, 64800);
	assert_int_equal(p.ip_id, 0);
	p = decoded(captured_data6, LINK_EN10MB);
	assert_int_equal(p.seq, 1122842540);
	assert_int_equal(p.ack, 1818109447);
	assert_int_equal(p.payload_len, 144);
	assert_int_equal(p.tsecr, 3337836979);
}

static void cooked_captures_tell_way_and_interface(void **state)
{
	struct packet in = decoded(captured_sll_in, LINK_LINUX_SLL);
	struct packet out = decoded(captured_sll2_out, LINK_LINUX_SLL2);

	(void)state;
	assert_int_equal(in.way, PACKET_WAY_IN);
	assert_int_equal(in.seq, 3811645347);
	assert_int_equal(in.ifindex, 0);
	assert_int_equal(out.way, PACKET_WAY_OUT);
	assert_int_equal(out.seq, 2271797590);
	assert_int_equal(out.ifindex, 2);
}

static void an_icmp_error_is_decoded_as_the_segment_it_quotes(void **state)
{
	struct wire w = wire_of(captured_host_prohibited);
	struct packet p;

	(void)state;
	assert_int_equal(decode_wire(&w, LINK_EN10MB, &p), DECODE_ICMP_ERROR);
	assert_int_equal(p.kind, PACKET_ICMP_ERROR);
	assert_int_equal(p.family, 4);
	assert_int_equal(p.icmp_type, 3);
	assert_int_equal(p.icmp_code, 10);
	assert_addr(&p.icmp_from, "::ffff:10.77.0.2");
	assert_addr(&p.src, "::ffff:10.77.0.1");
	assert_addr(&p.dst, "::ffff:10.77.0.2");
	assert_int_equal(p.src_port, 58706);
	assert_int_equal(p.dst_port, 8082);
	assert_int_equal(p.seq, 1614663848);
}

static void an_icmpv6_error_is_decoded_as_the_segment_it_quotes(void **state)
{
	struct wire w = wire_of(captured_admin_prohibited6);
	struct packet p;

	(void)state;
	assert_int_equal(decode_wire(&w, LINK_EN10MB, &p), DECODE_ICMP_ERROR);
	assert_int_equal(p.family, 6);
	assert_int_equal(p.icmp_type, 1);
	assert_int_equal(p.icmp_code, 1);
	assert_addr(&p.icmp_from, "fd77::2");
	assert_addr(&p.icmp_to, "fd77::1");
	assert_addr(&p.src, "fd77::1");
	assert_int_equal(p.src_port, 33642);
	assert_int_equal(p.dst_port, 8082);
	assert_int_equal(p.seq, 1784660427);
}

static void a_quotation_of_eight_bytes_is_enough(void **state)
{
	struct wire w = wire_of(captured_host_prohibited);
	struct frame f = frame_of(&w, LINK_EN10MB);
	const uint32_t enough = 14 + 20 + 8 + 20 + 8;
	struct packet p;

	(void)state;
	f.captured_len = enough;
	assert_int_equal(decode_frame(&f, &p), DECODE_ICMP_ERROR);
	assert_int_equal(p.seq, 1614663848);
	f.captured_len = enough - 1;
	assert_int_equal(decode_frame(&f, &p), DECODE_CUT_ICMP);
}

/* Whatever the length captured: either the same as from the whole frame, or a refusal. */
static void a_frame_cut_anywhere_is_refused_or_decoded_the_same(void **state)
{
	const char *const whole[] = {captured_data4, captured_data6};

	(void)state;
	for (int i = 0; i < 2; i++) {
		const uint32_t headers = i ? 14 + 40 + 32 : 14 + 20 + 32;
		struct wire w = wire_of(whole[i]);
		struct packet p, expected = decoded(whole[i], LINK_EN10MB);

		for (uint32_t len = 0; len <= w.len; len++) {
			struct frame f = frame_of(&w, LINK_EN10MB);
			enum decode_result result;

			memset(&p, 0x5a, sizeof(p));
			f.captured_len = len;
			result = decode_frame(&f, &p);
			assert_int_equal(result == DECODE_TCP, len >= headers - 12);
			if (result != DECODE_TCP) {
				assert_in_range(result, DECODE_CUT_LINK, DECODE_CUT_TCP);
				assert_int_equal(p.seq, 0x5a5a5a5a);
				continue;
			}
			assert_int_equal(p.seq, expected.seq);
			assert_int_equal(p.payload_len, expected.payload_len);
			assert_int_equal(!!(p.options & PACKET_OPTIONS_CUT), len < headers);
			if (len >= headers)
				assert_memory_equal(&p, &expected, sizeof(p));
		}
	}
}

static void the_snapshot_length_holds_the_longest_headers(void **state)
{
	struct wire w = {.len = 0};
	struct frame f;
	struct packet p;

	(void)state;
	put_zeros(&w, 12);
	put_hex(&w, "88a8 0001 8100 0002 8100 0003 8100 0004 0800");
	put_hex(&w, "4f00 0400 0000 0000 40 06 0000 0a000001 0a000002");
	put_zeros(&w, 40);
	put_tcp(&w, TCP_ACK, "");
	w.bytes[w.len - 8] = 0xf0;
	put_zeros(&w, 40);
	put_zeros(&w, 1024 - 120);
	f = frame_of(&w, LINK_EN10MB);
	f.captured_len = DECODE_SNAPLEN;
	assert_int_equal(decode_frame(&f, &p), DECODE_TCP);
	assert_int_equal(p.payload_len, 1024 - 120);
	assert_false(p.options & PACKET_OPTIONS_CUT);
}

static void every_result_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < DECODE_RESULT_COUNT; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(decode_result_name((enum decode_result)i),
						decode_result_name((enum decode_result)j));
	assert_string_equal(decode_result_name(DECODE_RESULT_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_syn_is_decoded_with_all_its_options),
		cmocka_unit_test(a_fast_open_cookie_is_decoded_with_its_length),
		cmocka_unit_test(data_of_a_fast_open_syn_is_its_payload),
		cmocka_unit_test(ipv6_segments_are_decoded),
		cmocka_unit_test(cooked_captures_tell_way_and_interface),
		cmocka_unit_test(an_icmp_error_is_decoded_as_the_segment_it_quotes),
		cmocka_unit_test(an_icmpv6_error_is_decoded_as_the_segment_it_quotes),
		cmocka_unit_test(a_quotation_of_eight_bytes_is_enough),
		cmocka_unit_test(a_frame_cut_anywhere_is_refused_or_decoded_the_same),
		cmocka_unit_test(the_snapshot_length_holds_the_longest_headers),
		cmocka_unit_test(every_result_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
