// SPDX-License-Identifier: BSD-2-Clause
/* Connections that are over, handshakes, and the host, at their thresholds. */
#include "case.h"

#define OPEN "1 open 1 " BASE "opened=1 "

static const struct expected closed[] = {
	{{"1 open 1 local=10.0.0.1:0 remote=10.0.0.2:80 state=syn_sent opened=1", "2 close 1 end=aborted"}, "ports_exhausted", "failed", "handshake"},
	{{OPEN "state=syn_sent", "1.1 close 1 end=refused error=111"}, "refused", "failed", "handshake"},
	/* Packets only: what is known of sockets is not there. */
	{{OPEN "state=syn_sent", "1.1 close 1 end=refused reset_ttl=64 peer_ttl=63"}, "firewall_reset", "failed", "handshake"},
	{{OPEN "state=syn_sent", "1.1 close 1 end=refused reset_ttl=63 peer_ttl=63"}, "refused", "failed", "handshake"},
	{{OPEN "state=syn_sent", "1.1 close 1 end=refused reset_ttl=64"}, "refused", "failed", "handshake"},
	{{OPEN, "9 close 1 end=reset_received reset_ttl=250 peer_ttl=57"}, "firewall_reset", "failed", NULL},
	{{OPEN, "9 close 1 end=reset_received reset_ttl=57 peer_ttl=57"}, "reset_by_peer", "watch", NULL},
	{{OPEN "state=syn_sent ca_state=0 segs_out=0", "1.1 close 1 end=unreachable error=101"}, "no_route", "failed", "handshake"},
	{{OPEN "state=syn_sent ca_state=0 segs_out=1", "1.1 close 1 end=unreachable error=113"}, "rejected", "failed", "handshake"},
	{{OPEN "state=established ca_state=0 segs_out=9", "1.1 close 1 end=unreachable error=113"}, "rejected", "failed", NULL},
	{{OPEN "state=syn_sent segs_out=7 ca_state=0", "132 close 1 end=timeout error=110"}, "blackhole_syn", "failed", "handshake"},
	{{OPEN "state=syn_sent segs_out=1 ca_state=0", "2 close 1 end=aborted"}, "blackhole_syn", "failed", "handshake"},
	{{OPEN "state=syn_sent segs_out=2 ca_state=0 retrans=1", "1.5 close 1 end=aborted"}, "blackhole_syn", "failed", "handshake"},
	{{OPEN "state=syn_sent segs_out=1 ca_state=0", "1.999 close 1 end=aborted"}, NULL, NULL, "handshake"},
	{{OPEN "state=syn_sent ca_state=0", "1.5 close 1"}, "connect_failed", "failed", "handshake"},
	{{OPEN "send_q=1 ca_state=0 mss=1448", "10 close 1 end=timeout error=110"}, "timed_out", "failed", NULL},
	{{OPEN "send_q=0 ca_state=0 mss=1448", "10 close 1 end=timeout error=110"}, "keepalive_dead", "failed", NULL},
	{{OPEN "recv_q=1 ca_state=0", "10 close 1 end=reset_sent"}, "reset_unread", "failed", NULL},
	{{OPEN "recv_q=1 ca_state=0 state=close_wait", "10 close 1 end=reset_sent"}, "reset_linger", "watch", NULL},
	{{OPEN "recv_q=2 ca_state=0 state=close_wait", "10 close 1 end=reset_sent"}, "reset_unread", "failed", NULL},
	{{OPEN "send_q=2 ca_state=0", "10 close 1 end=reset_received error=104"}, "reset_by_peer", "failed", NULL},
	{{OPEN "send_q=1 ca_state=0", "10 close 1 end=reset_received error=104"}, "reset_by_peer", "watch", NULL},
	/* It ended well: over its life, what limited it. */
	{{OPEN "mss=1448 ca_state=0", "3 close 1 end=fin tx=9000 busy=300000 rwnd_limited=200000"}, "peer_reads_slowly", "slow", "receiver_window"},
	{{OPEN "mss=1448 ca_state=0", "3 close 1 end=fin tx=9000 busy=300000"}, "application", "fine", "application"},
	{{OPEN "mss=1448 ca_state=0", "1.5 close 1 end=fin tx=9000 busy=100000"}, NULL, NULL, "application"},
	/* A source that sees no more than that it ended. */
	{{OPEN, "3 close 1 end=fin tx=9000"}, "unclear", "fine", NULL},
};

#define HANDSHAKE "3 handshake 1 " BASE "started=1 "
static const struct expected handshakes[] = {
	{{HANDSHAKE "outcome=established direction=tx"}, NULL, NULL, NULL},
	{{HANDSHAKE "outcome=established direction=tx dup_syn=1"}, "slow_handshake", "slow", NULL},
	{{HANDSHAKE "outcome=rejected direction=tx"}, "refused", "failed", NULL},
	{{HANDSHAKE "outcome=unreachable direction=tx icmp=host-prohibited"}, "rejected", "failed", NULL},
	{{HANDSHAKE "outcome=timed_out direction=tx conn_state=S0 dup_syn=2"}, "blackhole_syn", "failed", NULL},
	{{HANDSHAKE "outcome=timed_out direction=rx dup_syn_ack=1"}, "synack_unanswered", "failed", NULL},
	{{HANDSHAKE "outcome=gone direction=rx"}, "synack_unanswered", "failed", NULL},
	{{HANDSHAKE "outcome=overflow direction=rx"}, "accept_queue_full", "failed", NULL},
	{{HANDSHAKE "outcome=listen_drop direction=rx dropped=4"}, "accept_queue_full", "failed", NULL},
	{{HANDSHAKE "outcome=not_sent direction=tx"}, "ports_exhausted", "failed", NULL},
	{{HANDSHAKE "outcome=aborted direction=tx"}, "aborted", "watch", NULL},
	{{HANDSHAKE "outcome=pending direction=tx"}, NULL, NULL, NULL},
};

static void closed_cases(void **state)
{
	(void)state;
	check_cases(closed, sizeof(closed) / sizeof(closed[0]));
}

static void handshake_cases(void **state)
{
	(void)state;
	check_cases(handshakes, sizeof(handshakes) / sizeof(handshakes[0]));
}

static const char *of_host(const struct host_reading *now, const struct host_reading *then,
			   enum severity severity)
{
	struct verdict v;

	verdict_judge(&(struct subject){.kind = SUBJECT_HOST,
					.host = now,
					.host_then = then,
					.window_us = 2000000},
		      &v);
	if (v.rule)
		assert_int_equal(v.severity, severity);
	return v.rule ? v.rule->code : "";
}

static void host_cases(void **state)
{
	struct host_reading then = {0}, now = {0};

	(void)state;
	assert_string_equal(of_host(&now, &then, 0), "");
	now.cookies = 1;
	assert_string_equal(of_host(&now, &then, SEVERITY_WATCH), "syn_backlog");
	now.syn_queue_drops = 1;
	assert_string_equal(of_host(&now, &then, SEVERITY_FAILED), "syn_backlog");
	now = (struct host_reading){.mem_pages = 90, .mem_limit_pages = 100};
	assert_string_equal(of_host(&now, &then, SEVERITY_SLOW), "tcp_memory");
	now.mem_pages = 89;
	assert_string_equal(of_host(&now, &then, 0), "");
	now.pruned = 1;
	assert_string_equal(of_host(&now, &then, SEVERITY_WATCH), "tcp_memory");
	now = (struct host_reading){.time_wait_overflows = 1};
	assert_string_equal(of_host(&now, &then, SEVERITY_WATCH), "time_wait_overflow");
	now = (struct host_reading){.orphans = 90, .orphans_limit = 100};
	assert_string_equal(of_host(&now, &then, SEVERITY_WATCH), "orphans");
	now.orphans = 89;
	assert_string_equal(of_host(&now, &then, 0), "");
	/* What could not be read says nothing. */
	now = (struct host_reading){-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
	assert_string_equal(of_host(&now, &now, 0), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closed_cases),
		cmocka_unit_test(handshake_cases),
		cmocka_unit_test(host_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
