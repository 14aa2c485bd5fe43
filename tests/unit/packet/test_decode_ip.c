// SPDX-License-Identifier: BSD-2-Clause
/* Headers put together by hand: what a well-meaning kernel does not send. */
#include "packet/decode.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "wire.h"

#define SRC6 "20010db8000000000000000000000001"
#define DST6 "20010db8000000000000000000000002"
#define FAR6 "20010db8000000000000000000000009"

static enum decode_result decode_hex(const char *hex, struct packet *ret)
{
	struct wire w = wire_of(hex);

	put_tcp(&w, TCP_SYN, "");
	return decode_wire(&w, LINK_RAW, ret);
}

static void assert_hex(const char *hex, enum decode_result expected)
{
	struct packet p;

	assert_string_equal(decode_result_name(decode_hex(hex, &p)), decode_result_name(expected));
}

static void ip_options_are_stepped_over(void **state)
{
	struct packet p;

	(void)state;
	assert_int_equal(decode_hex("4600 002c 0000 4000 4006 0000 0a000001 0a000002 94040000", &p),
			 DECODE_TCP);
	assert_int_equal(p.src_port, 1000);
	assert_int_equal(p.payload_len, 0);
	assert_int_equal(p.transport_at, 24);
}

static void bad_ip_headers_are_refused(void **state)
{
	(void)state;
	assert_hex("5500 0028 0000 4000 4006 0000 0a000001 0a000002", DECODE_BAD_IP); /* version */
	assert_hex("4400 0028 0000 4000 4006 0000 0a000001 0a000002", DECODE_BAD_IP); /* IHL 4 */
	assert_hex("4500 0013 0000 4000 4006 0000 0a000001 0a000002", DECODE_BAD_IP); /* total */
	assert_hex("4500 0027 0000 4000 4006 0000 0a000001 0a000002",
		   DECODE_BAD_TCP); /* 19 bytes */
}

static void ethernet_padding_is_not_payload(void **state)
{
	struct wire w = wire_of("020000000001 020000000002 0800");
	struct packet p;

	(void)state;
	put_ip4(&w, 6, 20);
	put_tcp(&w, TCP_ACK, "");
	put_zeros(&w, 6);
	assert_int_equal(decode_wire(&w, LINK_EN10MB, &p), DECODE_TCP);
	assert_int_equal(p.payload_len, 0);
}

static void a_length_of_zero_means_that_of_the_frame(void **state)
{
	struct wire w = {.len = 0};
	struct frame f;
	struct packet p;

	(void)state;
	put_hex(&w, "4500 0000 0000 4000 4006 0000 0a000001 0a000002");
	put_tcp(&w, TCP_ACK, "");
	f = frame_of(&w, LINK_RAW);
	f.wire_len = 200000;
	assert_int_equal(decode_frame(&f, &p), DECODE_TCP);
	assert_int_equal(p.payload_len, 200000 - 40);
	w.len = 0;
	put_hex(&w, "60000000 0000 06 40" SRC6 DST6);
	put_tcp(&w, TCP_ACK, "");
	f = frame_of(&w, LINK_RAW);
	f.wire_len = 200000;
	assert_int_equal(decode_frame(&f, &p), DECODE_TCP);
	assert_int_equal(p.payload_len, 200000 - 60);
}

static void the_payload_need_not_be_captured(void **state)
{
	struct wire w = {.len = 0};
	struct packet p;

	(void)state;
	put_ip4(&w, 6, 20 + 1460);
	put_tcp(&w, TCP_ACK, "");
	assert_int_equal(decode_wire(&w, LINK_RAW, &p), DECODE_TCP);
	assert_int_equal(p.payload_len, 1460);
}

static void the_ecn_codepoint_is_read_in_both_families(void **state)
{
	struct packet p;

	(void)state;
	assert_int_equal(decode_hex("4503 0028 0000 4000 4006 0000 0a000001 0a000002", &p), 0);
	assert_int_equal(p.ecn, 3);
	assert_int_equal(decode_hex("60200000 0014 06 40" SRC6 DST6, &p), DECODE_TCP);
	assert_int_equal(p.ecn, 2);
}

static void later_fragments_are_refused_and_first_ones_marked(void **state)
{
	struct packet p;

	(void)state;
	assert_hex("4500 0028 0000 0001 4006 0000 0a000001 0a000002", DECODE_FRAGMENT);
	assert_hex("4500 0028 0000 2001 4006 0000 0a000001 0a000002", DECODE_FRAGMENT);
	assert_int_equal(decode_hex("4500 0028 0000 2000 4006 0000 0a000001 0a000002", &p), 0);
	assert_true(p.first_fragment);
	assert_hex("60000000 001c 2c 40" SRC6 DST6 "06 00 0008 00000001", DECODE_FRAGMENT);
	assert_int_equal(decode_hex("60000000 001c 2c 40" SRC6 DST6 "06 00 0001 00000001", &p), 0);
	assert_true(p.first_fragment);
	assert_int_equal(decode_hex("60000000 001c 2c 40" SRC6 DST6 "06 00 0000 00000001", &p), 0);
	assert_false(p.first_fragment);
}

static void extension_headers_are_walked(void **state)
{
	struct packet p;

	(void)state;
	/* hop-by-hop, destination options, authentication (24 bytes), mobility, HIP, shim6 */
	assert_int_equal(decode_hex("60000000 0054 00 40" SRC6 DST6 "3c 00 010400000000"
				    "33 00 010400000000"
				    "87 04 0000 00000001 00000001 000000000000000000000000"
				    "8b 00 000000000000 8c 00 000000000000 06 00 000000000000",
				    &p),
			 DECODE_TCP);
	assert_int_equal(p.transport_at, 40 + 64);
	assert_int_equal(p.dst_port, 80);
	assert_int_equal(p.payload_len, 0);
}

static void a_chain_of_nine_headers_is_too_long(void **state)
{
	struct wire w = {.len = 0};
	struct packet p;

	(void)state;
	for (unsigned int count = 8; count <= 9; count++) {
		w.len = 0;
		put_ip6(&w, 60, count * 8 + 20);
		for (unsigned int i = 1; i <= count; i++) {
			put8(&w, i == count ? 6 : 60);
			put_hex(&w, "00 010400000000");
		}
		put_tcp(&w, TCP_SYN, "");
		assert_int_equal(decode_wire(&w, LINK_RAW, &p),
				 count == 8 ? DECODE_TCP : DECODE_TOO_MANY_EXTENSIONS);
	}
}

static void an_extension_beyond_the_packet_is_refused(void **state)
{
	(void)state;
	assert_hex("60000000 0018 00 40" SRC6 DST6 "06 03 010400000000", DECODE_BAD_IP);
	assert_hex("60000000 0018 3b 40" SRC6 DST6, DECODE_NOT_TCP); /* no next header */
	assert_hex("60000000 0018 32 40" SRC6 DST6, DECODE_ENCRYPTED); /* ESP */
}

/* While segments are left, the header names the next hop, not the end of the connection. */
static void a_routing_header_names_the_final_destination(void **state)
{
	static const struct {
		const char *routing; /* type, segments left */
		const char *expected;
	} row[] = {
		{"02 01", FAR6}, {"00 01", FAR6}, {"04 01", FAR6}, {"02 00", DST6}, {"03 01", DST6},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct wire expected = wire_of(row[i].expected);
		char hex[200];
		struct packet p;

		snprintf(hex, sizeof(hex), "60000000 002c 2b 40" SRC6 DST6 "06 02 %s 00000000" FAR6,
			 row[i].routing);
		assert_int_equal(decode_hex(hex, &p), DECODE_TCP);
		assert_memory_equal(&p.dst, expected.bytes, 16);
	}
}

static void other_protocols_are_refused_as_such(void **state)
{
	(void)state;
	assert_hex("4500 0028 0000 4000 4011 0000 0a000001 0a000002", DECODE_NOT_TCP);
	/* ICMP of the other family */
	assert_hex("4500 0028 0000 4000 403a 0000 0a000001 0a000002", DECODE_NOT_TCP);
	assert_hex("60000000 0014 01 40" SRC6 DST6, DECODE_NOT_TCP);
}

static struct packet with_options(const char *options)
{
	struct wire w = {.len = 0};
	struct packet p;

	put_ip4(&w, 6, 20 + (unsigned int)strlen(options) / 2);
	put_tcp(&w, TCP_SYN, options);
	assert_int_equal(decode_wire(&w, LINK_RAW, &p), DECODE_TCP);
	return p;
}

static void malformed_options_end_the_walk_and_are_marked(void **state)
{
	(void)state;
	assert_int_equal(with_options("02000102").options, PACKET_OPTIONS_CUT);
	assert_int_equal(with_options("02010102").options, PACKET_OPTIONS_CUT);
	assert_int_equal(with_options("02040102050a0000").options, PACKET_MSS | PACKET_OPTIONS_CUT);
	assert_int_equal(with_options("01010108").options, PACKET_OPTIONS_CUT);
	assert_int_equal(with_options("00040102").options, 0); /* behind the end of the list */
	assert_int_equal(with_options("02030102").options, PACKET_OPTIONS_CUT);
	assert_int_equal(with_options("0204010202040300").mss, 0x300); /* the last one counts */
}

static void window_scale_is_at_most_fourteen(void **state)
{
	(void)state;
	assert_int_equal(with_options("03030e00").wscale, 14);
	assert_int_equal(with_options("0303ff00").wscale, 14);
}

static void fast_open_has_an_old_and_a_new_option(void **state)
{
	struct packet p;

	(void)state;
	p = with_options("220a01020304050607080101");
	assert_int_equal(p.options, PACKET_TFO_COOKIE);
	assert_int_equal(p.tfo_cookie_len, 8);
	assert_int_equal(with_options("22020101").options, PACKET_TFO_REQUEST);
	assert_int_equal(with_options("fe04f989").options, PACKET_TFO_REQUEST);
	p = with_options("fe0cf9890102030405060708");
	assert_int_equal(p.options, PACKET_TFO_COOKIE);
	assert_int_equal(p.tfo_cookie_len, 8);
	p = with_options("2212010203040506070809101112131415160101");
	assert_int_equal(p.tfo_cookie_len, 16);
	assert_int_equal(with_options("fe04e2d4").options, 0); /* another experiment */
	assert_int_equal(with_options("2205010203010101").options,
			 0); /* three bytes are no cookie */
}

static void a_bad_data_offset_is_refused(void **state)
{
	struct wire w = {.len = 0};
	struct packet p;

	(void)state;
	put_ip4(&w, 6, 20);
	put_tcp(&w, TCP_SYN, "");
	w.bytes[32] = 0x40;
	assert_int_equal(decode_wire(&w, LINK_RAW, &p), DECODE_BAD_TCP);
	w.bytes[32] = 0x60; /* behind the end of the IP packet */
	assert_int_equal(decode_wire(&w, LINK_RAW, &p), DECODE_BAD_TCP);
	w.bytes[32] = 0x50;
	assert_int_equal(decode_wire(&w, LINK_RAW, &p), DECODE_TCP);
}

static void informational_icmpv6_is_refused_as_such(void **state)
{
	struct wire w = {.len = 0};
	struct packet p;

	(void)state;
	put_ip6(&w, 58, 8);
	put_hex(&w, "80 00 0000 00000000"); /* echo request */
	assert_int_equal(decode_wire(&w, LINK_RAW, &p), DECODE_ICMP_OTHER);
	w.bytes[40] = 0;
	assert_int_equal(decode_wire(&w, LINK_RAW, &p), DECODE_ICMP_OTHER);
	w.bytes[40] = 1;
	assert_int_equal(decode_wire(&w, LINK_RAW, &p), DECODE_CUT_ICMP);
}

static enum decode_result icmp_quoting(unsigned int type, const char *quoted)
{
	struct wire w = {.len = 0};
	struct packet p;

	put_ip4(&w, 1, 8 + (unsigned int)strlen(quoted) / 2);
	put8(&w, type);
	put_hex(&w, "03 0000 00000000");
	put_hex(&w, quoted);
	return decode_wire(&w, LINK_RAW, &p);
}

static void only_icmp_errors_about_tcp_are_taken(void **state)
{
	const char *tcp = "45000028000040004006 0000 0a0000010a000002 03e8005000000001";
	const char *udp = "45000028000040004011 0000 0a0000010a000002 03e8005000000001";
	const char *fragment = "45000028000000014006 0000 0a0000010a000002 03e8005000000001";
	const char *other_family = "60000000001406 40" SRC6 DST6 "03e8005000000001";

	(void)state;
	assert_int_equal(icmp_quoting(3, tcp), DECODE_ICMP_ERROR);
	assert_int_equal(icmp_quoting(11, tcp), DECODE_ICMP_ERROR);
	assert_int_equal(icmp_quoting(12, tcp), DECODE_ICMP_ERROR);
	assert_int_equal(icmp_quoting(0, tcp), DECODE_ICMP_OTHER);
	assert_int_equal(icmp_quoting(5, tcp), DECODE_ICMP_OTHER);
	assert_int_equal(icmp_quoting(8, tcp), DECODE_ICMP_OTHER);
	assert_int_equal(icmp_quoting(3, udp), DECODE_ICMP_OTHER);
	assert_int_equal(icmp_quoting(3, fragment), DECODE_ICMP_OTHER);
	assert_int_equal(icmp_quoting(3, other_family), DECODE_BAD_ICMP);
	assert_int_equal(icmp_quoting(3, ""), DECODE_CUT_ICMP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ip_options_are_stepped_over),
		cmocka_unit_test(bad_ip_headers_are_refused),
		cmocka_unit_test(ethernet_padding_is_not_payload),
		cmocka_unit_test(a_length_of_zero_means_that_of_the_frame),
		cmocka_unit_test(the_payload_need_not_be_captured),
		cmocka_unit_test(the_ecn_codepoint_is_read_in_both_families),
		cmocka_unit_test(later_fragments_are_refused_and_first_ones_marked),
		cmocka_unit_test(extension_headers_are_walked),
		cmocka_unit_test(a_chain_of_nine_headers_is_too_long),
		cmocka_unit_test(an_extension_beyond_the_packet_is_refused),
		cmocka_unit_test(a_routing_header_names_the_final_destination),
		cmocka_unit_test(other_protocols_are_refused_as_such),
		cmocka_unit_test(malformed_options_end_the_walk_and_are_marked),
		cmocka_unit_test(window_scale_is_at_most_fourteen),
		cmocka_unit_test(fast_open_has_an_old_and_a_new_option),
		cmocka_unit_test(a_bad_data_offset_is_refused),
		cmocka_unit_test(informational_icmpv6_is_refused_as_such),
		cmocka_unit_test(only_icmp_errors_about_tcp_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
