// SPDX-License-Identifier: BSD-2-Clause
/*
 * The socket filter reads packets as the decoder does: what the decoder understands it files under
 * the same tuple, and what the decoder counts as not understood gets through to be counted.
 */
#include "filter.h"
#include "packet/tuple.h"

struct capture {
	const char *name;
	enum pending_link link;
	int decoded_as;		/* enum decode_link */
	unsigned int ethertype; /* of the header that the kernel has taken off */
};

static const struct capture captures[] = {
	{"ethernet", PENDING_ETHERNET, LINK_EN10MB, 0},
	{"cooked", PENDING_COOKED, LINK_RAW, 0x0800},
	{"cooked IPv6", PENDING_COOKED, LINK_RAW, 0x86dd},
	{"raw", PENDING_RAW, LINK_RAW, 0},
};

/* In front of TCP; the lengths are those of a segment with `len` bytes behind it. */
static void put_front(struct wire *w, unsigned int kind, unsigned int len)
{
	switch (kind) {
	case 0:
		put_ip4(w, 6, len);
		break;
	case 1: /* options: a router alert, and padding */
		put_hex(w, "4700");
		put16(w, 28 + len);
		put_hex(w, "1234 2000 4006 0000 0a000001 0a000002 94040000 00000000");
		break;
	case 2:
		put_ip6(w, 6, len);
		break;
	case 3: /* hop-by-hop, destination, first fragment */
		put_ip6(w, 0, len + 24);
		put_hex(w, "3c00 010400000000 2c00 010400000000 0600 0001 00000007");
		break;
	case 4: /* authentication, then a routing header of type 0 with a segment left */
		put_ip6(w, 51, len + 24 + 24);
		put_hex(w, "2b04 0000 00000001 00000001 000000000000000000000000");
		put_hex(w, "0602 0001 00000000 20010db8000000000000000000000099");
		break;
	case 5: /* segment routing, the final destination first */
		put_ip6(w, 43, len + 40);
		put_hex(w, "0604 0401 01000000 20010db8000000000000000000000077"
			   "20010db8000000000000000000000002");
		break;
	default: /* nine headers are one too many */
		put_ip6(w, 60, len + 72);
		for (int i = 0; i < 8; i++)
			put_hex(w, "3c00 010400000000");
		put_hex(w, "0600 010400000000");
	}
}

enum { FRONTS = 7 };

static struct wire frame(const struct capture *c, unsigned int tags, unsigned int kind,
			 unsigned int flags, unsigned int payload)
{
	bool ipv6 = kind >= 2;
	struct wire w = {.len = 0};

	if (c->link == PENDING_ETHERNET) {
		put_zeros(&w, 12);
		for (unsigned int i = 0; i < tags; i++)
			put_hex(&w, i ? "8100 4005" : "88a8 6007");
		put16(&w, ipv6 ? 0x86dd : 0x0800);
	}
	put_front(&w, kind, 20 + payload);
	put_tcp(&w, flags, "");
	put_zeros(&w, payload < 100 ? payload : 100);
	return w;
}

/* Refused for a reason that is told as a loss. */
static bool must_be_seen(enum decode_result result)
{
	return result == DECODE_CUT_LINK || result == DECODE_CUT_IP || result == DECODE_CUT_TCP ||
	       result == DECODE_TOO_MANY_TAGS || result == DECODE_BAD_IP ||
	       result == DECODE_BAD_TCP || result == DECODE_TOO_MANY_EXTENSIONS ||
	       result == DECODE_ICMP_ERROR;
}

static bool is_self(const struct packet *p)
{
	struct endpoint a = packet_source(p), b = packet_destination(p);

	return endpoint_is_equal(&a, &b);
}

static void check(const struct handshake_filter *f, const struct capture *c, const struct wire *w)
{
	struct packet p;
	enum decode_result result = decode_wire(w, c->decoded_as, &p);
	bool knew = result == DECODE_TCP && filter_knows(f, &p);
	bool passes = filter_passes(f, c->ethertype, w->bytes, w->len);

	if (must_be_seen(result))
		assert_true(passes);
	if (result != DECODE_TCP)
		return;
	if (p.flags & (TCP_SYN | TCP_RST)) {
		assert_true(passes);
		if (!(p.flags & (TCP_RST | TCP_FIN)) && !is_self(&p))
			assert_true(filter_knows(f, &p));
	} else if (!knew) {
		assert_false(passes);
	}
}

static void every_header_is_read_as_the_decoder_reads_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]); i++) {
		const struct capture *c = &captures[i];
		struct handshake_filter *f = filter_begin(c->link, 1024);

		for (unsigned int kind = 0; kind < FRONTS; kind++)
			for (unsigned int tags = 0; tags < 6; tags++) {
				struct wire data = frame(c, tags, kind, TCP_ACK, 100);
				struct wire syn = frame(c, tags, kind, TCP_SYN, 0);

				check(f, c, &data);
				check(f, c, &syn);
			}
		handshake_filter_free(f);
	}
}

/* With some bytes changed, and cut short. */
static void damaged_headers_are_read_as_the_decoder_reads_them(void **state)
{
	(void)state;
	srandom(4);
	for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]); i++) {
		const struct capture *c = &captures[i];
		struct handshake_filter *f = filter_begin(c->link, 65536);

		for (int n = 0; n < 8000; n++) {
			struct wire w = frame(c, (unsigned int)random() % 6,
					      (unsigned int)random() % FRONTS,
					      random() % 2 ? TCP_SYN : TCP_ACK, 40);

			for (long changes = random() % 4; changes > 0; changes--)
				w.bytes[random() % w.len] = (uint8_t)random();
			/* The kernel's test run refuses what is shorter than the first header. */
			if (random() % 8 == 0)
				w.len = 40 + (uint32_t)random() % (w.len - 40);
			check(f, c, &w);
		}
		handshake_filter_free(f);
	}
}

static void other_packets_are_kept_back(void **state)
{
	static const char *const held[] = {
		"4500 0020 1234 4000 4011 0000 0a000001 0a000002 0035 0035 000c 0000 00000000",
		"4500 0024 1234 4000 4001 0000 0a000001 0a000002 0800 0000 00000000 00000000 00000000",
		/* not the first fragment */
		"4500 0034 1234 0010 4006 0000 0a000001 0a000002 00000000 00000000 00000000 00000000",
	};
	static const char error[] =
		"4500 0038 1234 4000 4001 0000 0a000001 0a000002 0303 0000 00000000"
		"4500 0034 1234 4000 4006 0000 0a000002 0a000001 03e8 0050 00000001";
	struct handshake_filter *f = filter_begin(PENDING_COOKED, 1024);
	struct wire w;

	(void)state;
	for (size_t i = 0; i < sizeof(held) / sizeof(held[0]); i++) {
		w = wire_of(held[i]);
		assert_false(filter_passes(f, 0x0800, w.bytes, w.len));
	}
	w = wire_of(error);
	assert_true(filter_passes(f, 0x0800, w.bytes, w.len));
	assert_false(filter_passes(f, 0x0806, w.bytes, w.len));
	handshake_filter_free(f);
}

/* The decoder looks into it, and the filter does not: so nothing in it may be held back. */
static void what_may_carry_packets_passes(void **state)
{
	static const char *const carrying[] = {"04", "29", "2f", "33", "61", "89"};
	static const char *const port[] = {"12b5", "12b6", "2118", "17c1", "10f5", "1292", "19eb",
					   "9090", "0868", "0dd8", "06a5", "13d0", "147f"};
	static const unsigned int ethertype[] = {0x8847, 0x8848, 0x8864, 0x88e5, 0x88e7, 0x8903,
						 0x8909, 0x8926, 0x892f, 0x893f, 0x894f, 0x22f3};
	struct handshake_filter *f = filter_begin(PENDING_COOKED, 1024);
	char hex[200];
	struct wire w;

	(void)state;
	for (size_t i = 0; i < sizeof(carrying) / sizeof(carrying[0]); i++) {
		snprintf(hex, sizeof(hex), "4500 0028 1234 4000 40%s 0000 0a000001 0a000002 %040d",
			 carrying[i], 0);
		w = wire_of(hex);
		assert_true(filter_passes(f, 0x0800, w.bytes, w.len));
	}
	for (size_t i = 0; i < sizeof(port) / sizeof(port[0]); i++)
		for (int version = 4; version <= 6; version += 2) {
			w = wire_of("");
			if (version == 4)
				put_ip4(&w, 17, 20);
			else
				put_ip6(&w, 17, 20);
			snprintf(hex, sizeof(hex), "c350 %s 0014 0000 %024d", port[i], 0);
			put_hex(&w, hex);
			assert_true(filter_passes(f, version == 4 ? 0x0800 : 0x86dd, w.bytes,
						  w.len));
		}
	w = wire_of("0123456789abcdef0123456789abcdef0123456789abcdef");
	for (size_t i = 0; i < sizeof(ethertype) / sizeof(ethertype[0]); i++)
		assert_true(filter_passes(f, ethertype[i], w.bytes, w.len));
	handshake_filter_free(f);
}

/* A tag that the kernel knows of may stand in a cooked packet, or not. */
static void a_cooked_packet_may_begin_behind_its_tag(void **state)
{
	static const char tcp[] = "4500 0028 1234 4000 4006 0000 0a000001 0a000002"
				  "03e8 0050 00000001 00000002 50101000 0000 0000";
	struct handshake_filter *f = filter_begin(PENDING_COOKED, 1024);
	struct wire w = wire_of(tcp);

	(void)state;
	assert_false(filter_passes(f, 0x8100, w.bytes, w.len));
	w = wire_of("0007 0800");
	put_hex(&w, tcp);
	assert_false(filter_passes(f, 0x8100, w.bytes, w.len));
	/* Priority 2 looks like the version of IPv4. */
	w = wire_of("4007 0800");
	put_hex(&w, tcp);
	assert_true(filter_passes(f, 0x8100, w.bytes, w.len));
	w = wire_of("4500 0028 1234 4000 4006 0000 0a000001 0a000002"
		    "03e8 0050 00000001 00000000 50021000 0000 0000");
	assert_true(filter_passes(f, 0x8100, w.bytes, w.len));
	w.bytes[33] = TCP_ACK;
	w.bytes[27] = 2; /* the number that follows it: the SYN was understood */
	assert_true(filter_passes(f, 0x8100, w.bytes, w.len));
	handshake_filter_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_header_is_read_as_the_decoder_reads_it),
		cmocka_unit_test(damaged_headers_are_read_as_the_decoder_reads_them),
		cmocka_unit_test(other_packets_are_kept_back),
		cmocka_unit_test(what_may_carry_packets_passes),
		cmocka_unit_test(a_cooked_packet_may_begin_behind_its_tag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
