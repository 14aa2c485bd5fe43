// SPDX-License-Identifier: BSD-2-Clause
#include "packet/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "wire.h"

#define MACS "020000000001 020000000002 "

/* A link header in hexadecimal, an IPv4 SYN behind it. */
static enum decode_result behind(const char *link_header, int link, struct packet *ret)
{
	struct wire w = wire_of(link_header);

	put_ip4(&w, 6, 20);
	put_tcp(&w, TCP_SYN, "");
	return decode_wire(&w, link, ret);
}

static void assert_decoded(const char *link_header, int link)
{
	struct packet p;

	assert_int_equal(behind(link_header, link, &p), DECODE_TCP);
	assert_int_equal(p.src_port, 1000);
	assert_int_equal(p.dst_port, 80);
	assert_int_equal(p.seq, 1);
}

static void assert_refused(const char *link_header, int link, enum decode_result reason)
{
	struct packet p;

	assert_string_equal(decode_result_name(behind(link_header, link, &p)),
			    decode_result_name(reason));
}

static void ethernet_is_decoded_without_and_with_tags(void **state)
{
	(void)state;
	assert_decoded(MACS "0800", LINK_EN10MB);
	assert_decoded(MACS "8100 0007 0800", LINK_EN10MB);
	assert_decoded(MACS "88a8 0064 8100 0007 0800", LINK_EN10MB);
	assert_decoded(MACS "9100 0064 8100 0007 0800", LINK_EN10MB);
	assert_decoded(MACS "8100 0001 8100 0002 8100 0003 8100 0004 0800", LINK_EN10MB);
}

static void five_tags_are_too_many(void **state)
{
	(void)state;
	assert_refused(MACS "8100 0001 8100 0002 8100 0003 8100 0004 8100 0005 0800", LINK_EN10MB,
		       DECODE_TOO_MANY_TAGS);
}

static void what_is_not_ip_is_refused_as_such(void **state)
{
	(void)state;
	assert_refused(MACS "0806", LINK_EN10MB, DECODE_NOT_IP); /* ARP */
	assert_refused(MACS "8100 0007 0806", LINK_EN10MB, DECODE_NOT_IP);
	assert_refused(MACS "0026", LINK_EN10MB, DECODE_NOT_IP); /* 802.3 with LLC */
	assert_refused("00000004", LINK_NULL, DECODE_NOT_IP);
	assert_refused("0000 0001 0006 020000000001 0000 88cc", LINK_LINUX_SLL, DECODE_NOT_IP);
}

static void raw_ip_needs_no_header(void **state)
{
	(void)state;
	assert_decoded("", LINK_RAW);
	assert_decoded("", LINK_RAW_BSD);
	assert_decoded("", LINK_RAW_FILE);
	assert_decoded("", LINK_IPV4);
	assert_decoded("", LINK_IPV6);
}

static void bsd_loopback_is_decoded_in_either_byte_order(void **state)
{
	(void)state;
	assert_decoded("00000002", LINK_NULL);
	assert_decoded("02000000", LINK_NULL);
	assert_decoded("00000002", LINK_LOOP);
	assert_decoded("0000001e", LINK_LOOP);
	assert_decoded("1c000000", LINK_NULL);
}

static void a_cooked_header_tells_the_way(void **state)
{
	static const enum packet_way way[] = {PACKET_WAY_IN,	PACKET_WAY_IN,	PACKET_WAY_IN,
					      PACKET_WAY_OTHER, PACKET_WAY_OUT, PACKET_WAY_UNKNOWN};

	(void)state;
	for (unsigned int type = 0; type < 6; type++) {
		char sll[80], sll2[80];
		struct packet p;

		snprintf(sll, sizeof(sll), "%04x 0001 0006 020000000001 0000 0800", type);
		assert_int_equal(behind(sll, LINK_LINUX_SLL, &p), DECODE_TCP);
		assert_int_equal(p.way, way[type]);
		snprintf(sll2, sizeof(sll2), "0800 0000 00000305 0001 %02x 06 020000000001 0000",
			 type);
		assert_int_equal(behind(sll2, LINK_LINUX_SLL2, &p), DECODE_TCP);
		assert_int_equal(p.way, way[type]);
		assert_int_equal(p.ifindex, 0x305);
	}
}

static void a_cooked_header_may_be_followed_by_tags(void **state)
{
	(void)state;
	assert_decoded("0000 0001 0006 020000000001 0000 8100 0007 0800", LINK_LINUX_SLL);
	assert_decoded("8100 0000 00000003 0001 00 06 020000000001 0000 0007 0800",
		       LINK_LINUX_SLL2);
}

/* Newer kernels name the protocol behind the tags, and libpcap puts the outermost one back. */
static void a_cooked_header_may_hide_that_tags_follow(void **state)
{
	(void)state;
	assert_decoded("0000 0001 0006 020000000001 0000 88a8 0005 0800 0006 0800", LINK_LINUX_SLL);
	assert_decoded("0000 0001 0006 020000000001 0000 8100 0005 0800 2006 8100 0007 0800",
		       LINK_LINUX_SLL);
	assert_decoded("88a8 0000 00000003 0001 00 06 020000000001 0000 0005 0800 0006 0800",
		       LINK_LINUX_SLL2);
}

static void a_header_that_is_cut_is_refused_as_such(void **state)
{
	static const struct {
		int link;
		uint32_t needed;
		const char *header;
	} row[] = {
		{LINK_EN10MB, 14, MACS "0800"},
		{LINK_EN10MB, 18, MACS "8100 0007 0800"},
		{LINK_LINUX_SLL, 16, "0000 0001 0006 020000000001 0000 0800"},
		{LINK_LINUX_SLL2, 20, "0800 0000 00000003 0001 00 06 020000000001 0000"},
		{LINK_NULL, 4, "00000002"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct wire w = wire_of(row[i].header);
		struct packet p;

		assert_int_equal(w.len, row[i].needed);
		assert_int_equal(decode_wire(&w, row[i].link, &p), DECODE_CUT_IP);
		w.len--;
		assert_int_equal(decode_wire(&w, row[i].link, &p), DECODE_CUT_LINK);
		w.len = 0;
		assert_int_equal(decode_wire(&w, row[i].link, &p), DECODE_CUT_LINK);
	}
}

static void only_known_link_types_are_said_to_be_known(void **state)
{
	static const int known[] = {0,	 1,   6,   7,	8,   9,	  10,  11,  12,	 14,  50,
				    51,	 100, 101, 104, 105, 107, 108, 109, 113, 117, 119,
				    127, 129, 163, 166, 178, 192, 204, 228, 229, 239, 242,
				    258, 276};
	size_t next = 0;

	(void)state;
	for (int link = -1; link < 400; link++) {
		bool is_listed = next < sizeof(known) / sizeof(known[0]) && known[next] == link;

		assert_int_equal(decode_knows_link(link), is_listed);
		next += is_listed;
	}
	assert_refused(MACS "0800", 147, DECODE_UNKNOWN_LINK); /* for private use */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ethernet_is_decoded_without_and_with_tags),
		cmocka_unit_test(five_tags_are_too_many),
		cmocka_unit_test(what_is_not_ip_is_refused_as_such),
		cmocka_unit_test(raw_ip_needs_no_header),
		cmocka_unit_test(bsd_loopback_is_decoded_in_either_byte_order),
		cmocka_unit_test(a_cooked_header_tells_the_way),
		cmocka_unit_test(a_cooked_header_may_be_followed_by_tags),
		cmocka_unit_test(a_cooked_header_may_hide_that_tags_follow),
		cmocka_unit_test(a_header_that_is_cut_is_refused_as_such),
		cmocka_unit_test(only_known_link_types_are_said_to_be_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
