// SPDX-License-Identifier: BSD-2-Clause
/*
 * Answers of sock_diag as kernels of different age give them: struct tcp_info as long as it was
 * then, attributes that are there or not. Each message lies at the end of an allocation of its size,
 * so that a sanitizer sees a look beyond it.
 */
#include "source/netlink_diag.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include "source/netlink_extra.h"

/* struct tcp_info of Linux 4.19, 5.4, 5.10, 6.2, 6.7 and 6.18. */
static const size_t info_lengths[] = {224, 232, 232, 240, 248, 280};
#define INFO_MAX 280

static char space[8192];

static struct nlmsghdr *begin(uint8_t state)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(space);
	struct inet_diag_msg *m = mnl_nlmsg_put_extra_header(message, sizeof(*m));

	message->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	*m = (struct inet_diag_msg){.idiag_family = AF_INET, .idiag_state = state};
	m->id.idiag_sport = htons(80);
	m->id.idiag_dport = htons(4000);
	m->idiag_rqueue = 11;
	m->idiag_wqueue = 22;
	m->idiag_timer = 1;
	m->idiag_expires = 204;
	return message;
}

/* Each byte of it is 1, so each 32-bit field is 0x01010101. */
static void put_info(struct nlmsghdr *message, size_t len)
{
	char info[INFO_MAX];

	memset(info, 1, sizeof(info));
	mnl_attr_put(message, INET_DIAG_INFO, len, info);
}

static bool parse(const struct nlmsghdr *message, struct diag *ret)
{
	void *copy = malloc(message->nlmsg_len);
	bool ok;

	memcpy(copy, message, message->nlmsg_len);
	ok = diag_parse(copy, ret);
	free(copy);
	return ok;
}

static struct ev_extra extra_of(const struct diag *d)
{
	struct ev_extra extra = {0};

	extra_read(d, &extra);
	return extra;
}

static void a_short_tcp_info_gives_what_it_has(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(info_lengths) / sizeof(info_lengths[0]); i++) {
		struct nlmsghdr *message = begin(ST_ESTABLISHED);
		size_t len = info_lengths[i];
		struct ev_extra extra;
		struct diag d;

		put_info(message, len);
		assert_true(parse(message, &d));
		assert_true(d.has_info);
		extra = extra_of(&d);
		assert_int_equal(extra.dsack_dups, 0x01010101);
		assert_int_equal(extra.ooo_packets, len >= DIAG_INFO_OOO_BYTES ? 0x01010101 : 0);
		assert_int_equal(extra.rto_total, len >= DIAG_INFO_RTO_BYTES ? 0x0101 : 0);
		assert_int_equal(extra.rto_time_ms, len >= DIAG_INFO_RTO_BYTES ? 0x01010101 : 0);
		assert_int_equal(extra.known & KNOWN_SND_WND, len >= 232 ? KNOWN_SND_WND : 0);
		assert_int_equal(extra.known & KNOWN_RCV_WND, len >= 236 ? KNOWN_RCV_WND : 0);
		assert_int_equal(extra.rcv_wnd, len >= 236 ? 0x01010101 : 0);
	}
}

static void counters_that_are_too_old_are_none(void **state)
{
	struct nlmsghdr *message = begin(ST_ESTABLISHED);
	struct diag d;

	(void)state;
	/* Linux 4.9. */
	put_info(message, 168);
	assert_true(parse(message, &d));
	assert_false(d.has_info);
}

static void every_attribute_is_taken(void **state)
{
	struct nlmsghdr *message = begin(ST_ESTABLISHED);
	uint32_t memory[SK_MEMINFO_VARS] = {[SK_MEMINFO_RMEM_ALLOC] = 1,
					    [SK_MEMINFO_RCVBUF] = 2,
					    [SK_MEMINFO_SNDBUF] = 3,
					    [SK_MEMINFO_FWD_ALLOC] = 4,
					    [SK_MEMINFO_WMEM_QUEUED] = 5,
					    [SK_MEMINFO_DROPS] = 7};
	uint64_t cgroup = 1234567890123;
	struct ev_extra extra;
	struct diag d;

	(void)state;
	mnl_attr_put(message, INET_DIAG_SKMEMINFO, sizeof(memory), memory);
	put_info(message, 280);
	mnl_attr_put_strz(message, INET_DIAG_CONG, "cubic");
	mnl_attr_put(message, 21, sizeof(cgroup), &cgroup);
	assert_true(parse(message, &d));
	assert_true(d.cgroup_id == cgroup);
	assert_int_equal(d.drops, 7);
	extra = extra_of(&d);
	assert_string_equal(extra.congestion, "cubic");
	assert_int_equal(extra.receive_queue, 11);
	assert_int_equal(extra.send_queue, 22);
	assert_int_equal(extra.timer, 1);
	assert_int_equal(extra.timer_ms, 204);
	assert_true(extra.known & KNOWN_MEMORY);
	assert_int_equal(extra.rmem_bytes, 1);
	assert_int_equal(extra.rcvbuf, 2);
	assert_int_equal(extra.sndbuf, 3);
	assert_int_equal(extra.forward_bytes, 4);
	assert_int_equal(extra.wmem_bytes, 5);
	assert_int_equal(extra.packets_out, 0x01010101);
	assert_int_equal(extra.since_ack_ms, 0x01010101);
	/* What no field of it tells. */
	assert_false(extra.known & (KNOWN_SENDER | KNOWN_CAUSES | KNOWN_UNDO | KNOWN_HOLDERS |
				    KNOWN_REDIRECTED));
}

static void times_before_the_handshake_are_none(void **state)
{
	struct diag d = {.state = ST_SYN_SENT, .info.tcpi_last_ack_recv = 123456};

	(void)state;
	assert_false(extra_of(&d).known & KNOWN_SINCE_ACK);
	d.state = ST_CLOSE;
	assert_false(extra_of(&d).known & KNOWN_SINCE_ACK);
	d.info.tcpi_rtt = 100;
	assert_true(extra_of(&d).known & KNOWN_SINCE_ACK);
	assert_int_equal(extra_of(&d).since_ack_ms, 123456);
	d.info.tcpi_pacing_rate = ~0ull;
	assert_false(extra_of(&d).known & KNOWN_PACING);
}

static void attributes_that_are_cut_or_not_terminated_do_no_harm(void **state)
{
	struct nlmsghdr *message = begin(ST_ESTABLISHED);
	uint32_t memory[SK_MEMINFO_DROPS] = {0};
	struct diag d;

	(void)state;
	mnl_attr_put(message, INET_DIAG_SKMEMINFO, sizeof(memory), memory);
	mnl_attr_put(message, INET_DIAG_INFO, 0, memory);
	mnl_attr_put(message, INET_DIAG_CONG, 20, "a_name_without_end__");
	assert_true(parse(message, &d));
	assert_false(d.has_info);
	assert_int_equal(d.drops, 0);
	assert_string_equal(d.congestion, "a_name_without_");
}

static void queues_of_a_listener_are_of_connections(void **state)
{
	struct nlmsghdr *message = begin(ST_LISTEN);
	uint32_t memory[SK_MEMINFO_VARS] = {[SK_MEMINFO_DROPS] = 3};
	struct ev_extra extra;
	struct diag d;

	(void)state;
	mnl_attr_put(message, INET_DIAG_SKMEMINFO, sizeof(memory), memory);
	put_info(message, 280);
	assert_true(parse(message, &d));
	extra = extra_of(&d);
	assert_int_equal(extra.backlog, 11);
	assert_int_equal(extra.backlog_max, 22);
	assert_int_equal(extra.drops, 3);
	assert_int_equal(extra.receive_queue + extra.send_queue + extra.segs_in, 0);
}

static void a_notice_keeps_what_only_a_dump_tells(void **state)
{
	struct nlmsghdr *message = begin(ST_CLOSE);
	struct ev_extra extra = {.congestion = "reno", .segs_in = 5};
	struct diag d;

	(void)state;
	mnl_attr_put_u8(message, INET_DIAG_PROTOCOL, 6);
	put_info(message, 280);
	assert_true(parse(message, &d));
	extra_read(&d, &extra);
	assert_string_equal(extra.congestion, "reno");
	assert_int_equal(extra.segs_in, 0x01010101);
	/* But not memory, which it has given back. */
	assert_false(extra.known & KNOWN_MEMORY);
}

static void other_protocols_are_not_taken(void **state)
{
	struct nlmsghdr *message = begin(ST_CLOSE);
	struct diag d;

	(void)state;
	mnl_attr_put_u8(message, INET_DIAG_PROTOCOL, 17);
	put_info(message, 280);
	assert_false(parse(message, &d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_short_tcp_info_gives_what_it_has),
		cmocka_unit_test(counters_that_are_too_old_are_none),
		cmocka_unit_test(every_attribute_is_taken),
		cmocka_unit_test(times_before_the_handshake_are_none),
		cmocka_unit_test(attributes_that_are_cut_or_not_terminated_do_no_harm),
		cmocka_unit_test(queues_of_a_listener_are_of_connections),
		cmocka_unit_test(a_notice_keeps_what_only_a_dump_tells),
		cmocka_unit_test(other_protocols_are_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
