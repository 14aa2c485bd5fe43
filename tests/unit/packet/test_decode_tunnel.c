// SPDX-License-Identifier: BSD-2-Clause
/* Packets in packets, and what stands below IP. Each header is written by its specification. */
#include "packet/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "wire.h"

#define MACS "020000000001 020000000002 "
#define ETHER4 MACS "0800 "
/* The outer IPv4 and IPv6 headers; lengths of 0 mean "up to the end of the frame". */
#define IP4(protocol) "45000000 00000000 40" protocol "0000 c0000201 c0000202 "
#define IP6(next) \
	"60000000 0000 " next "40 20010db8000000000000000000000011 20010db8000000000000000000000022 "
/* From an ephemeral port. */
#define UDP(port) "c350 " port " 0000 0000 "
#define UDP_FROM(port) port " c350 0000 0000 "

/* What stands in front of an IP packet; `kind` is what the packet is for it. */
struct way {
	const char *name, *before;
	int link;
	bool is_tunneled;
	int family; /* of the only packet that fits; 0: either */
};

// clang-format off
static const struct way ways[] = {
	/* below IP */
	{"mpls", MACS "8847 00064000 000c8100", LINK_EN10MB, false, 0},
	{"mpls, one label, in a vlan", MACS "8100 0005 8848 000c81ff", LINK_EN10MB, false, 0},
	{"pseudowire with control word", MACS "8847 000641ff 00000000" MACS "0800", LINK_EN10MB, false, 4},
	{"pseudowire without", MACS "8847 000641ff" MACS "86dd", LINK_EN10MB, false, 6},
	{"pppoe", MACS "8864 1100 0007 0000 0021", LINK_EN10MB, false, 4},
	{"pppoe over qinq", MACS "88a8 0005 8100 0006 8864 1100 0007 0000 0057", LINK_EN10MB, false, 6},
	{"pppoe, short protocol", MACS "8864 1100 0007 0000 21", LINK_EN10MB, false, 4},
	{"802.1ah", MACS "88a8 0005 88e7 00012345" MACS "8100 0007 0800", LINK_EN10MB, false, 4},
	{"vntag", MACS "8926 00010002 0800", LINK_EN10MB, false, 4},
	{"etag", MACS "893f 000000010000 86dd", LINK_EN10MB, false, 6},
	{"cisco metadata", MACS "8909 0101 0001 0002 0800", LINK_EN10MB, false, 4},
	{"hsr", MACS "892f 1000 0001 0800", LINK_EN10MB, false, 4},
	{"nsh", MACS "894f 0fc6 0301 00000164 00000000000000000000000000000000 " , LINK_EN10MB, false, 4},
	{"fabricpath", MACS "8903 0040" MACS "0800", LINK_EN10MB, false, 4},
	{"trill with an option", MACS "22f3 0040 0001 0002 00000000" MACS "0800", LINK_EN10MB, false, 4},
	{"macsec without encryption", MACS "88e5 00 00 00000001 0800", LINK_EN10MB, false, 4},
	{"macsec with a channel", MACS "88e5 20 00 00000001 0200000000010001 86dd", LINK_EN10MB, false, 6},
	{"802.3 with llc and snap", MACS "0048 aaaa03 000000 0800", LINK_EN10MB, false, 4},
	{"802.3, ip's own number", MACS "0048 060603", LINK_EN10MB, false, 4},
	/* in IP */
	{"ip in ip", ETHER4 IP4("04"), LINK_EN10MB, true, 4},
	{"6in4", ETHER4 IP4("29"), LINK_EN10MB, true, 6},
	{"4in6", MACS "86dd" IP6("04"), LINK_EN10MB, true, 4},
	{"6in6 behind destination options", MACS "86dd" IP6("3c") "29 00 01 04 00000000", LINK_EN10MB, true, 6},
	{"gre", ETHER4 IP4("2f") "0000 0800", LINK_EN10MB, true, 4},
	{"gre over ipv6", MACS "86dd" IP6("2f") "0000 86dd", LINK_EN10MB, true, 6},
	{"gre, checksum, key, sequence", ETHER4 IP4("2f") "b000 0800 00000000 00000009 00000001", LINK_EN10MB, true, 4},
	{"gre, routing of rfc 1701", ETHER4 IP4("2f") "4000 0800 00000000 0800 00 04 0a000001 0000 00 00", LINK_EN10MB, true, 4},
	{"ethernet in gre", ETHER4 IP4("2f") "2000 6558 00000009" MACS "8100 0007 0800", LINK_EN10MB, true, 4},
	{"mpls in gre", ETHER4 IP4("2f") "0000 8847 000641ff", LINK_EN10MB, true, 0},
	{"erspan type i", ETHER4 IP4("2f") "0000 88be" MACS "0800", LINK_EN10MB, true, 4},
	{"erspan type ii", ETHER4 IP4("2f") "1000 88be 00000001 1001000100000000" MACS "0800", LINK_EN10MB, true, 4},
	{"erspan type iii", ETHER4 IP4("2f") "1000 22eb 00000001 20010001 00000000 00000000" MACS "0800", LINK_EN10MB, true, 4},
	{"erspan type iii with more", ETHER4 IP4("2f") "1000 22eb 00000001 20010001 00000000 00000001 0000000000000000" MACS "86dd", LINK_EN10MB, true, 6},
	{"erspan type iii, ip", ETHER4 IP4("2f") "1000 22eb 00000001 20010001 00000000 00000800", LINK_EN10MB, true, 0},
	{"802.11 in gre", ETHER4 IP4("2f") "0000 8200 0801 0000 020000000001 020000000002 020000000003 1000 aaaa03 000000 0800", LINK_EN10MB, true, 4},
	{"wccp in gre", ETHER4 IP4("2f") "0000 883e 00000000", LINK_EN10MB, true, 4},
	{"pptp", ETHER4 IP4("2f") "3081 880b 0000 0001 00000001 00000001 ff03 0021", LINK_EN10MB, true, 4},
	{"etherip", ETHER4 IP4("61") "3000" MACS "0800", LINK_EN10MB, true, 4},
	{"mpls in ip", ETHER4 IP4("89") "000641ff", LINK_EN10MB, true, 0},
	{"authentication header in ipv4", ETHER4 IP4("33") "04 04 0000 00000001 00000001 000000000000000000000000", LINK_EN10MB, true, 4},
	/* in UDP */
	{"vxlan", ETHER4 IP4("11") UDP("12b5") "08000000 00000900" MACS "0800", LINK_EN10MB, true, 4},
	{"vxlan over ipv6", MACS "86dd" IP6("11") UDP("12b5") "08000000 00000900" MACS "8100 0007 86dd", LINK_EN10MB, true, 6},
	{"vxlan with a group", ETHER4 IP4("11") UDP("12b5") "88000005 00000900" MACS "0800", LINK_EN10MB, true, 4},
	{"vxlan on linux's old port", ETHER4 IP4("11") UDP("2118") "08000000 00000900" MACS "0800", LINK_EN10MB, true, 4},
	{"vxlan gpe", ETHER4 IP4("11") UDP("12b6") "0c000001 00000900", LINK_EN10MB, true, 0},
	{"nsh in vxlan gpe", ETHER4 IP4("11") UDP("12b6") "0c000004 00000900 0fc20202 000001ff", LINK_EN10MB, true, 0},
	{"geneve with options", ETHER4 IP4("11") UDP("17c1") "0200 6558 00000900 0000000100000000" MACS "0800", LINK_EN10MB, true, 4},
	{"geneve, ip", ETHER4 IP4("11") UDP("17c1") "0000 86dd 00000900", LINK_EN10MB, true, 6},
	{"gtp-u", ETHER4 IP4("11") UDP("0868") "30ff 0000 00000001", LINK_EN10MB, true, 0},
	{"gtp-u with an extension", ETHER4 IP4("11") UDP("0868") "34ff 0000 00000001 0000 00 85 01 1009 00", LINK_EN10MB, true, 0},
	{"gtp-u with a number", ETHER4 IP4("11") UDP_FROM("0868") "32ff 0000 00000001 0001 00 00", LINK_EN10MB, true, 0},
	{"teredo", ETHER4 IP4("11") UDP("0dd8"), LINK_EN10MB, true, 6},
	{"teredo with authentication and origin", ETHER4 IP4("11") UDP_FROM("0dd8") "0001 00 00 0000000000000000 00 0000 c34f 3ffffdfe", LINK_EN10MB, true, 6},
	{"l2tp", ETHER4 IP4("11") UDP("06a5") "0002 0001 0002 ff03 0021", LINK_EN10MB, true, 4},
	{"l2tp with everything", ETHER4 IP4("11") UDP_FROM("06a5") "4a02 0000 0001 0002 0000 0000 0002 0000 0057", LINK_EN10MB, true, 6},
	{"lisp", ETHER4 IP4("11") UDP("10f5") "08000000 00000900", LINK_EN10MB, true, 0},
	{"gre in udp", ETHER4 IP4("11") UDP("1292") "0000 0800", LINK_EN10MB, true, 4},
	{"mpls in udp", ETHER4 IP4("11") UDP("19eb") "000641ff", LINK_EN10MB, true, 0},
	{"ayiya", ETHER4 IP4("11") UDP("13d0") "41 52 11 29 00000000 20010db8000000000000000000000001 0000000000000000000000000000000000000000", LINK_EN10MB, true, 6},
	{"capwap, 802.3", ETHER4 IP4("11") UDP("147f") "00 10 4000 0000 0000" MACS "0800", LINK_EN10MB, true, 4},
	{"capwap, 802.11", ETHER4 IP4("11") UDP_FROM("147f") "00 10 4301 0000 0000 0801 0000 020000000001 020000000002 020000000003 1000 aaaa03 000000 86dd", LINK_EN10MB, true, 6},
	{"tzsp", ETHER4 IP4("11") UDP("9090") "0100 0001 00 0a01ff 01" MACS "0800", LINK_EN10MB, true, 4},
	/* several */
	{"vxlan in gre in mpls", MACS "8847 000641ff" IP4("2f") "0000 0800" IP4("11") UDP("12b5") "08000000 00000900" MACS "0800", LINK_EN10MB, true, 4},
	/* other link types */
	{"ppp", "ff03 0021", LINK_PPP, false, 4},
	{"ppp without address", "0057", LINK_PPP, false, 6},
	{"ppp, one byte of protocol", "21", LINK_PPP, false, 4},
	{"ppp on a serial line", "ff03 0281 000641ff", LINK_PPP_SERIAL, false, 0},
	{"cisco's framing on a ppp line", "0f00 0800", LINK_PPP_SERIAL, false, 4},
	{"pppd", "00 03 0021", LINK_PPP_PPPD, false, 4},
	{"ppp with a direction", "01 ff03 0021", LINK_PPP_WITH_DIR, false, 4},
	{"pppoe without ethernet", "1100 0007 0000 0021", LINK_PPP_ETHER, false, 4},
	{"c-hdlc", "0f00 86dd", LINK_C_HDLC, false, 6},
	{"slip", "00 000000000000000000000000000000", LINK_SLIP, false, 0},
	{"frame relay", "1841 03 cc", LINK_FRELAY, false, 4},
	{"frame relay, snap", "1841 03 00 80 000000 86dd", LINK_FRELAY, false, 6},
	{"frame relay, cisco's", "1841 0800", LINK_FRELAY, false, 4},
	{"frame relay, long address", "1800 0041 03 8e", LINK_FRELAY, false, 6},
	{"fddi", "50 020000000001 020000000002 aaaa03 000000 0800", LINK_FDDI, false, 4},
	{"token ring with a route", "1040 020000000001 820000000002 0630 0011 0012 aaaa03 000000 0800", LINK_IEEE802_5, false, 4},
	{"atm", "aaaa03 000000 86dd", LINK_ATM_RFC1483, false, 6},
	{"bridged in atm", "aaaa03 0080c2 0007 0000" MACS "0800", LINK_ATM_RFC1483_FILE, false, 4},
	{"arcnet of rfc 1201", "be 50 c000 d4 00 016b", LINK_ARCNET_LINUX, false, 0},
	{"arcnet of rfc 1051", "be 50 c300 f0", LINK_ARCNET_LINUX, false, 0},
	{"arcnet of bsd", "be 50 d4 00 016b", LINK_ARCNET_BSD, false, 0},
	{"infiniband", "0000000000000000000000000000000000000000 0000000000000000000000000000000000000000 0800 0000", LINK_IPOIB, false, 4},
	{"juniper", "4d4743 80 0004 00000000" MACS "0800", LINK_JUNIPER_ETHER, false, 4},
	{"juniper without extensions", "4d4743 00" MACS "86dd", LINK_JUNIPER_ETHER, false, 6},
	{"openbsd's ipsec", "02000000 00000001 00000000", LINK_ENC, false, 0},
	{"openbsd's log", "05 02 00 00 00 000000", LINK_PFLOG, false, 0},
	{"nflog", "02 00 002c 0800 0100 00000000 0400 0900", LINK_NFLOG, false, 0},
	{"nflog, big-endian", "0a 00 002c 0006 000a 78 00 0000 0004 0009", LINK_NFLOG, false, 0},
	{"pktap", "10000000 01000000 01000000 00000000" MACS "0800", LINK_PKTAP, false, 4},
	/* 802.11: from a station, QoS, four addresses, an aggregate, a padded header */
	{"802.11", "0801 0000 020000000001 020000000002 020000000003 1000 aaaa03 000000 0800", LINK_IEEE802_11, false, 4},
	{"802.11, qos", "8802 0000 020000000001 020000000002 020000000003 1000 0000 aaaa03 000000 0800", LINK_IEEE802_11, false, 4},
	{"802.11, qos, order", "8882 0000 020000000001 020000000002 020000000003 1000 0000 00000000 aaaa03 000000 0800", LINK_IEEE802_11, false, 4},
	{"802.11, four addresses", "8803 0000 020000000001 020000000002 020000000003 1000 020000000004 0000 aaaa03 000000 86dd", LINK_IEEE802_11, false, 6},
	{"802.11, aggregate", "8801 0000 020000000001 020000000002 020000000003 1000 8000 " MACS "0030 aaaa03 000000 0800", LINK_IEEE802_11, false, 4},
	{"radiotap", "0000 0800 00000000 0801 0000 020000000001 020000000002 020000000003 1000 aaaa03 000000 0800", LINK_RADIOTAP, false, 4},
	{"radiotap, clock and padding", "0000 1900 03000080 03000000 00000000 0000000000000000 20 8801 0000 020000000001 020000000002 020000000003 1000 0000 0000 aaaa03 000000 0800", LINK_RADIOTAP, false, 4},
	{"avs", "80211001 00000008 0801 0000 020000000001 020000000002 020000000003 1000 aaaa03 000000 0800", LINK_AVS, false, 4},
	{"avs as prism", "80211001 00000008 0801 0000 020000000001 020000000002 020000000003 1000 aaaa03 000000 86dd", LINK_PRISM, false, 6},
	{"ppi", "00 00 0800 69000000 0801 0000 020000000001 020000000002 020000000003 1000 aaaa03 000000 0800", LINK_PPI, false, 4},
	{"ppi of ethernet", "00 00 0800 01000000" MACS "0800", LINK_PPI, false, 4},
};

// clang-format on
/* A SYN behind a header: of port 1000 to 80. */
static struct wire behind(const char *before, int family)
{
	struct wire w = wire_of(before);

	if (family == 4)
		put_ip4(&w, 6, 20);
	else
		put_ip6(&w, 6, 20);
	put_tcp(&w, TCP_SYN, "");
	return w;
}

static void check_way(const struct way *way, int family)
{
	struct wire w = behind(way->before, family);
	enum decode_result result;
	struct packet p;

	result = decode_wire(&w, way->link, &p);
	if (result != DECODE_TCP)
		fail_msg("%s: %s", way->name, decode_result_name(result));
	assert_int_equal(p.family, family);
	assert_int_equal(p.src_port, 1000);
	assert_int_equal(p.dst_port, 80);
	assert_int_equal(p.payload_len, 0);
	assert_int_equal(p.is_tunneled, way->is_tunneled);
	assert_int_equal(p.src.byte[15], 1);
	assert_int_equal(p.dst.byte[15], 2);
}

static void every_way_leads_to_the_innermost_packet(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (ways[i].family != 6)
			check_way(&ways[i], 4);
		if (ways[i].family != 4)
			check_way(&ways[i], 6);
	}
}

/* However little was captured, it is refused, and never taken for something else. */
static void what_is_cut_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct wire w = behind(ways[i].before, ways[i].family == 6 ? 6 : 4);

		for (uint32_t len = 0; len < w.len; len++) {
			struct frame f = frame_of(&w, ways[i].link);
			struct packet p;

			f.captured_len = len;
			if (decode_frame(&f, &p) == DECODE_TCP)
				fail_msg("%s: %u of %u bytes", ways[i].name, len, w.len);
		}
	}
}

static enum decode_result result_of(const char *hex, int link)
{
	struct wire w = wire_of(hex);
	struct packet p;

	put_zeros(&w, 60);
	return decode_wire(&w, link, &p);
}

static void what_cannot_be_read_is_told_from_what_is_of_no_concern(void **state)
{
	static const struct {
		const char *hex;
		enum decode_result result;
		int link;
	} row[] = {
		/* it may have been TCP */
		{ETHER4 IP4("32"), DECODE_ENCRYPTED, LINK_EN10MB},
		{MACS "88e5 0c 00 00000001 0800", DECODE_ENCRYPTED, LINK_EN10MB},
		{"0841 0000 020000000001 020000000002 020000000003 1000", DECODE_ENCRYPTED, LINK_IEEE802_11},
		{ETHER4 IP4("11") UDP("147f") "01000000", DECODE_ENCRYPTED, LINK_EN10MB},
		{"ff03 0053", DECODE_ENCRYPTED, LINK_PPP},
		{"ff03 002d", DECODE_UNKNOWN_TUNNEL, LINK_PPP},
		{ETHER4 IP4("2f") "0000 9999", DECODE_UNKNOWN_TUNNEL, LINK_EN10MB},
		{ETHER4 IP4("2f") "0002 0800", DECODE_UNKNOWN_TUNNEL, LINK_EN10MB},
		{ETHER4 IP4("73"), DECODE_UNKNOWN_TUNNEL, LINK_EN10MB},
		{ETHER4 IP4("11") UDP("12b6") "0c000009 00000900", DECODE_UNKNOWN_TUNNEL, LINK_EN10MB},
		{ETHER4 IP4("11") UDP("17c1") "0000 9999 00000900", DECODE_UNKNOWN_TUNNEL, LINK_EN10MB},
		{ETHER4 IP4("04") "00", DECODE_BAD_IP, LINK_EN10MB},
		/* it was not */
		{MACS "8863 1109", DECODE_NOT_IP, LINK_EN10MB}, /* PPPoE's discovery */
		{MACS "8864 1100 0007 0000 c021", DECODE_NOT_IP, LINK_EN10MB}, /* LCP */
		{MACS "0026 424203", DECODE_NOT_IP, LINK_EN10MB}, /* spanning tree */
		{"8000 0000 020000000001 020000000002 020000000003 1000", DECODE_NOT_IP, LINK_IEEE802_11},
		{"4801 0000 020000000001 020000000002 020000000003 1000", DECODE_NOT_IP, LINK_IEEE802_11},
		{ETHER4 IP4("2f") "0000 0000", DECODE_NOT_IP, LINK_EN10MB}, /* keep-alive */
		{ETHER4 IP4("2f") "2081 880b 0000 0001 00000001", DECODE_NOT_IP, LINK_EN10MB}, /* PPTP's ACK */
		{ETHER4 IP4("11") UDP("12b5") "08000000 00000900" MACS "0806", DECODE_NOT_IP, LINK_EN10MB},
		{ETHER4 IP4("11") UDP("0868") "3001 0000 00000000", DECODE_NOT_TCP, LINK_EN10MB}, /* echo */
		{ETHER4 IP4("11") UDP("06a5") "c802", DECODE_NOT_TCP, LINK_EN10MB}, /* control */
		/* another use of the port */
		{ETHER4 IP4("11") UDP("12b5") "00000000", DECODE_NOT_TCP, LINK_EN10MB},
		{ETHER4 IP4("11") UDP("17c1") "c0000800", DECODE_NOT_TCP, LINK_EN10MB},
		{ETHER4 IP4("11") UDP("0dd8") "5a5a", DECODE_NOT_TCP, LINK_EN10MB},
		{ETHER4 IP4("11") UDP("13d0") "5a5a5a5a", DECODE_NOT_TCP, LINK_EN10MB},
		{ETHER4 IP4("11") UDP("9090") "5a5a5a5a", DECODE_NOT_TCP, LINK_EN10MB},
		{ETHER4 IP4("11") UDP_FROM("12b5") "08000000 00000900" MACS "0800", DECODE_NOT_TCP, LINK_EN10MB},
		{ETHER4 IP4("11") UDP("0035") "5a5a", DECODE_NOT_TCP, LINK_EN10MB},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (result_of(row[i].hex, row[i].link) != row[i].result)
			fail_msg("%s: %s, not %s", row[i].hex,
				 decode_result_name(result_of(row[i].hex, row[i].link)),
				 decode_result_name(row[i].result));
}

static void nesting_has_an_end(void **state)
{
	struct packet p;

	(void)state;
	for (int depth = 1; depth < 12; depth++) {
		struct wire w = wire_of(ETHER4), inner = behind("", 4);

		for (int i = 0; i < depth; i++)
			put_hex(&w, IP4("04"));
		memcpy(w.bytes + w.len, inner.bytes, inner.len);
		w.len += inner.len;
		assert_int_equal(decode_wire(&w, LINK_EN10MB, &p),
				 depth <= 8 ? DECODE_TCP : DECODE_TOO_DEEP);
	}
	for (int labels = 1; labels < 40; labels += 3) {
		struct wire w = wire_of(MACS "8847"), inner = behind("000641ff", 4);

		for (int i = 1; i < labels; i++)
			put_hex(&w, "000640ff");
		memcpy(w.bytes + w.len, inner.bytes, inner.len);
		w.len += inner.len;
		assert_int_equal(decode_wire(&w, LINK_EN10MB, &p),
				 labels <= 15 ? DECODE_TCP : DECODE_TOO_DEEP);
	}
}

/* The same addresses in two networks need not be the same. */
static void networks_are_told_apart(void **state)
{
	static const char *const same[][2] = {
		{MACS "0800", MACS "8100 e000 0800"}, /* a priority is no network */
		{MACS "8100 0005 0800", MACS "8100 2005 0800"},
		{ETHER4 IP4("2f") "0000 0800", ETHER4 IP4("04")},
	};
	static const char *const different[] = {
		MACS "0800",
		MACS "8100 0005 0800",
		MACS "8100 0006 0800",
		MACS "88a8 0005 8100 0006 0800",
		MACS "88a8 0006 8100 0005 0800",
		MACS "8847 000051ff",
		MACS "8864 1100 0005 0000 0021",
		MACS "88e7 00000005" MACS "0800",
		ETHER4 IP4("11") UDP("12b5") "08000000 00000500" MACS "0800",
		ETHER4 IP4("11") UDP("12b5") "08000000 00000600" MACS "0800",
		ETHER4 IP4("2f") "2000 0800 00000005",
		ETHER4 IP4("11") UDP("0868") "30ff 0000 00000005",
		ETHER4 IP4("11") UDP("06a5") "0002 0000 0005 ff03 0021",
	};
	struct packet a, b;

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		struct wire one = behind(same[i][0], 4), two = behind(same[i][1], 4);

		assert_int_equal(decode_wire(&one, LINK_EN10MB, &a), DECODE_TCP);
		assert_int_equal(decode_wire(&two, LINK_EN10MB, &b), DECODE_TCP);
		assert_int_equal(a.network, b.network);
	}
	for (size_t i = 0; i < sizeof(different) / sizeof(different[0]); i++)
		for (size_t k = 0; k < i; k++) {
			struct wire one = behind(different[i], 4), two = behind(different[k], 4);

			assert_int_equal(decode_wire(&one, LINK_EN10MB, &a), DECODE_TCP);
			assert_int_equal(decode_wire(&two, LINK_EN10MB, &b), DECODE_TCP);
			assert_int_not_equal(a.network, b.network);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_way_leads_to_the_innermost_packet),
		cmocka_unit_test(what_is_cut_is_refused),
		cmocka_unit_test(what_cannot_be_read_is_told_from_what_is_of_no_concern),
		cmocka_unit_test(nesting_has_an_end),
		cmocka_unit_test(networks_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
