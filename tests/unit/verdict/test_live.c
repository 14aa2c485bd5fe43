// SPDX-License-Identifier: BSD-2-Clause
/* Each rule of a live connection at its thresholds: it holds there, and not just below. */
#include "case.h"

#define CONNECTING "1 open 1 " BASE "state=syn_sent opened=1 "
#define LIVE "1 sample 1 " BASE "state=established seen=adopted mss=1448 cwnd=10 rto=200000 srtt=20000 min_rtt=20000 "
#define FLIGHT "snd_wnd=65535 unacked=1 send_q=200 notsent=0 "

static const struct expected connecting[] = {
	{{CONNECTING "segs_out=2 retransmits=1 ca_state=0", "2 sample 1"}, "blackhole_syn", "failed", "handshake"},
	{{CONNECTING "segs_out=2 retransmits=1 ca_state=0", "1.999 sample 1"}, NULL, NULL, "handshake"},
	{{CONNECTING "segs_out=1 ca_state=0", "5 sample 1"}, NULL, NULL, "handshake"},
	{{CONNECTING "segs_out=2 retransmits=1 soft_error=113", "5 sample 1"}, "rejected", "failed", "handshake"},
};

static const struct expected stalled[] = {
	/* Two timeouts in a row, of 200 and 400 ms. */
	{{LIVE FLIGHT "acked=5000", "4 sample 1 timer=1 rto=800000 backoff=2 since_ack=1000 since_rcv=1000"},
	 "peer_silent", "stalled", "network"},
	{{LIVE FLIGHT "acked=5000", "4 sample 1 timer=1 rto=400000 backoff=1 since_ack=1000"}, NULL, NULL, "network"},
	{{LIVE FLIGHT "acked=5000", "4 sample 1 timer=1 rto=800000 backoff=2 since_ack=999"}, NULL, NULL, "network"},
	{{LIVE FLIGHT "acked=5000", "4 sample 1 timer=4 rto=800000 backoff=2 since_ack=3000"}, NULL, NULL, "network"},
	{{LIVE FLIGHT "acked=5000 unacked=0 send_q=0", "4 sample 1 timer=1 rto=800000 backoff=2 since_ack=3000"}, NULL, NULL, "nothing"},
	/* A full segment that was never acknowledged, and the peer lives. */
	{{LIVE FLIGHT "send_q=14480 acked=2895", "4 sample 1 timer=1 rto=800000 backoff=2 since_ack=599 since_rcv=599"},
	 "pmtu_blackhole", "stalled", "network"},
	{{LIVE FLIGHT "send_q=14480 acked=2896", "4 sample 1 timer=1 rto=800000 backoff=2 since_ack=599 since_rcv=599"}, NULL, NULL, "network"},
	{{LIVE FLIGHT "send_q=1447 acked=0", "4 sample 1 timer=1 rto=800000 backoff=2 since_ack=599 since_rcv=599"}, NULL, NULL, "network"},
	{{LIVE FLIGHT "send_q=14480 acked=0", "4 sample 1 timer=1 rto=800000 backoff=2 since_ack=1600 since_rcv=1600"},
	 "peer_silent", "stalled", "network"},
	/* A closed window. */
	{{LIVE "timer=4 snd_wnd=0 notsent=1 send_q=1", "4 sample 1 since_snd=1000 since_ack=30"}, "zero_window", "stalled", "receiver_window"},
	{{LIVE "timer=4 snd_wnd=0 notsent=1 send_q=1", "4 sample 1 since_snd=999 since_ack=30"}, NULL, NULL, "receiver_window"},
	{{LIVE "timer=0 snd_wnd=9 notsent=1 send_q=1", "4 sample 1 timer=4 snd_wnd=0 since_snd=1000 since_ack=30"}, NULL, NULL, "application"},
	/* The timer of a sender that is paced, and of a window that takes less than a segment. */
	{{LIVE "timer=4 snd_wnd=65535 notsent=90000 send_q=90000", "4 sample 1 since_snd=1000 since_ack=30"}, NULL, NULL, "application"},
	{{LIVE "timer=4 snd_wnd=1447 notsent=9000 send_q=9000", "4 sample 1 since_snd=1000 since_ack=30"}, "zero_window", "stalled", "receiver_window"},
	{{LIVE "timer=4 snd_wnd=0 notsent=1 send_q=1 probes_out=3", "4 sample 1 since_snd=5000 since_ack=1000"}, "peer_silent", "stalled", NULL},
	{{LIVE "timer=4 snd_wnd=0 notsent=1 send_q=1 probes_out=2", "4 sample 1 since_snd=5000 since_ack=1000"}, "zero_window", "stalled", NULL},
	/* Keep-alive, and none. */
	{{LIVE "unacked=0 timer=2 probes_out=2", "4 sample 1 since_ack=5000"}, "keepalive_probing", "stalled", "nothing"},
	{{LIVE "unacked=0 timer=2 probes_out=1", "4 sample 1 since_ack=5000"}, NULL, NULL, "nothing"},
	{{LIVE "unacked=0 since_ack=7200000 since_rcv=7200000", "4 sample 1"}, "half_open", "watch", "nothing"},
	{{LIVE "unacked=0 since_ack=7199999 since_rcv=7200000", "4 sample 1"}, NULL, NULL, "nothing"},
	{{LIVE "unacked=0 since_ack=7200000 since_rcv=7200000 timer=2", "4 sample 1"}, NULL, NULL, "nothing"},
	/* Never closed. */
	{{LIVE "state=close_wait since_ack=60000 since_rcv=60000", "4 sample 1"}, "close_wait", "failed", "nothing"},
	{{LIVE "state=close_wait since_ack=59999 since_rcv=60000", "4 sample 1"}, NULL, NULL, "nothing"},
	{{LIVE "state=close_wait since_ack=60000 since_rcv=60000", "4 sample 1 tx=1"}, "application", "fine", "application"},
	{{LIVE "state=close_wait since_ack=60000 since_rcv=60000 holders=0", "4 sample 1"}, NULL, NULL, "nothing"},
	/* Closed here, and not yet told. */
	{{LIVE FLIGHT "state=fin_wait1", "4 sample 1 timer=1 rto=800000 backoff=2 since_ack=500"}, "orphan", "stalled", "network"},
	{{LIVE FLIGHT "state=fin_wait1", "4 sample 1 timer=1 rto=400000 backoff=1 since_ack=500"}, NULL, NULL, "network"},
};

static const struct expected slow[] = {
	/* More than half of what fits, and 100 ms of it. */
	{{LIVE "rcvbuf=131072 recv_q=32769", "2 sample 1 rx=327690"}, "reader_slow", "slow", "reader"},
	{{LIVE "rcvbuf=131072 recv_q=32768", "2 sample 1 rx=327690"}, "receiving", "fine", "nothing"},
	{{LIVE "rcvbuf=131072 recv_q=32769", "2 sample 1 rx=327900"}, "receiving", "fine", "reader"},
	/* It reads nothing at all. */
	{{LIVE "rcvbuf=131072 recv_q=32769 rcv_wnd=1447", "2 sample 1"}, "reader_slow", "stalled", "reader"},
	{{LIVE "rcvbuf=131072 recv_q=32769 rcv_wnd=0", "1.999 sample 1"}, "reader_slow", "slow", "reader"},
	{{LIVE "rcvbuf=131072 recv_q=32769 rcv_wnd=1448", "2 sample 1"}, "reader_slow", "slow", "reader"},
	{{LIVE "rcvbuf=131072 recv_q=32769 rcv_wnd=0", "2 sample 1 rx=9000"}, "reader_slow", "slow", "reader"},
	{{LIVE "rcvbuf=131072 recv_q=9", "2 sample 1 rx=32769 recv_q=32769"}, "receiving", "fine", "nothing"},
	/* The peer's window, by the kernel's clock. */
	{{LIVE "snd_wnd=8000", "2 sample 1 tx=100000 busy=200000 rwnd_limited=50000"}, "peer_reads_slowly", "slow", "receiver_window"},
	{{LIVE "snd_wnd=8000", "2 sample 1 tx=100000 busy=200000 rwnd_limited=49000"}, "application", "fine", "application"},
	{{LIVE "snd_wnd=8000", "2 sample 1 tx=100000 busy=199999 rwnd_limited=199999"}, "application", "fine", "application"},
	{{LIVE "snd_wnd=8000", "2 sample 1 tx=1000000 busy=200000 rwnd_limited=50000"}, "peer_reads_slowly", "watch", "receiver_window"},
	{{LIVE "snd_wnd=0 max_window=6000000", "2 sample 1 tx=1000000000 busy=200000 rwnd_limited=50000"}, "peer_reads_slowly", "watch", "receiver_window"},
	{{LIVE "snd_wnd=0 max_window=6000000", "2 sample 1 tx=500000000 busy=200000 rwnd_limited=50000"}, "peer_reads_slowly", "slow", "receiver_window"},
	{{LIVE "snd_wnd=20000000", "2 sample 1 tx=1300000000 busy=200000 rwnd_limited=50000"}, "peer_reads_slowly", "watch", "receiver_window"},
	{{LIVE "snd_wnd=20000000", "2 sample 1 tx=1200000000 busy=200000 rwnd_limited=50000"}, "peer_reads_slowly", "slow", "receiver_window"},
	{{LIVE "snd_wnd=0", "2 sample 1 tx=1000000000 busy=200000 rwnd_limited=50000"}, "peer_reads_slowly", "slow", "receiver_window"},
	/* The send buffer. */
	{{LIVE "cwnd=100 wmem=32768 sndbuf=32768 snd_wnd=65535 unacked=20 send_q=28960 notsent=0", "2 sample 1 tx=100000 busy=990000"}, "sndbuf", "slow", "send_buffer"},
	{{LIVE "cwnd=100 wmem=32767 sndbuf=32768 snd_wnd=65535 unacked=20 send_q=28960 notsent=0", "2 sample 1 tx=100000 busy=990000"}, "unclear", "fine", "network"},
	{{LIVE "cwnd=100 wmem=32768 sndbuf=32768 snd_wnd=65535 unacked=75 send_q=28960 notsent=0", "2 sample 1 tx=100000 busy=990000"}, "unclear", "fine", "network"},
	{{LIVE "cwnd=100 wmem=32768 sndbuf=32768 snd_wnd=57920 unacked=20 send_q=28960 notsent=0", "2 sample 1 tx=100000 busy=990000"}, "unclear", "fine", "network"},
	{{LIVE "cwnd=100 snd_wnd=65535", "2 sample 1 tx=100000 busy=990000 sndbuf_limited=247500"}, "sndbuf", "slow", "send_buffer"},
	{{LIVE "cwnd=100 snd_wnd=65535", "2 sample 1 tx=100000 srtt=999 busy=990000 sndbuf_limited=247500"}, "sndbuf", "watch", "send_buffer"},
	{{LIVE "cwnd=100 snd_wnd=65535", "2 sample 1 tx=100000 srtt=1050 min_rtt=999 busy=990000 sndbuf_limited=247500"}, "sndbuf", "watch", "send_buffer"},
	{{LIVE "cwnd=100 snd_wnd=65535", "2 sample 1 tx=100000 srtt=1050 min_rtt=1000 busy=990000 sndbuf_limited=247500"}, "sndbuf", "slow", "send_buffer"},
	{{LIVE "cwnd=100 snd_wnd=65535", "2 sample 1 tx=100000 busy=990000 sndbuf_limited=246000"}, "unclear", "fine", "network"},
	/* Loss, of enough segments. */
	{{LIVE "ca_state=0", "2 sample 1 tx=700000 data_segs_out=500 retrans=5 retrans_fast=5 busy=900000"}, "loss", "slow", "network"},
	{{LIVE "ca_state=0", "2 sample 1 tx=700000 data_segs_out=501 retrans=5 retrans_fast=5 busy=900000"}, "unclear", "fine", "network"},
	{{LIVE "ca_state=0", "2 sample 1 tx=70000 data_segs_out=50 retrans=4 retrans_fast=4 busy=900000"}, "unclear", "fine", "network"},
	{{LIVE "ca_state=0", "2 sample 1 tx=700000 srtt=50001 data_segs_out=5000 retrans=5 retrans_fast=5 busy=900000"}, "loss", "slow", "network"},
	{{LIVE "ca_state=0 congestion=bbr", "2 sample 1 tx=700000 data_segs_out=500 retrans=24 retrans_fast=24 busy=900000"}, "loss", "watch", "network"},
	{{LIVE "ca_state=0 congestion=bbr", "2 sample 1 tx=700000 data_segs_out=500 retrans=25 retrans_fast=25 busy=900000"}, "loss", "slow", "network"},
	{{LIVE "ca_state=0 congestion=bbr", "2 sample 1 tx=700000 data_segs_out=500 retrans=6 retrans_fast=5 retrans_rto=1 busy=900000"}, "loss", "slow", "network"},
	{{LIVE "ca_state=0", "2 sample 1 tx=700000 data_segs_out=500 retrans=9 retrans_zwp=5 retrans_fast=4 busy=900000"}, "unclear", "fine", "network"},
	/* Needless. */
	{{LIVE "ca_state=0", "2 sample 1 tx=700000 data_segs_out=300 retrans=3 retrans_fast=3 dsack_dups=3 busy=900000"}, "spurious", "slow", "network"},
	{{LIVE "ca_state=0", "2 sample 1 tx=700000 data_segs_out=301 retrans=3 retrans_fast=3 dsack_dups=3 busy=900000"}, "spurious", "watch", "network"},
	{{LIVE "ca_state=0", "2 sample 1 tx=700000 data_segs_out=1000 retrans=10 retrans_fast=10 dsack_dups=3 busy=900000"}, "spurious", "watch", "network"},
	{{LIVE "ca_state=0", "2 sample 1 tx=700000 data_segs_out=5000 retrans=11 retrans_fast=11 dsack_dups=3 busy=900000"}, "unclear", "fine", "network"},
	{{LIVE "ca_state=0", "2 sample 1 tx=700000 data_segs_out=5000 retrans=2 retrans_fast=2 dsack_dups=2 busy=900000"}, "unclear", "fine", "network"},
	{{LIVE "ca_state=0", "2 sample 1 tx=700000 data_segs_out=5000 retrans=3 retrans_fast=3 undone=3 busy=900000"}, "spurious", "watch", "network"},
	{{LIVE "ca_state=0 min_rtt=999", "2 sample 1 tx=700000 data_segs_out=9 retrans=3 retrans_tlp=3 dsack_dups=3 busy=900000"}, "spurious", "watch", "network"},
	{{LIVE "ca_state=0 min_rtt=1000", "2 sample 1 tx=700000 data_segs_out=9 retrans=3 retrans_tlp=3 dsack_dups=3 busy=900000"}, "spurious", "slow", "network"},
	{{LIVE "ca_state=0 min_rtt=999", "2 sample 1 tx=700000 data_segs_out=9 retrans=4 retrans_tlp=3 retrans_rto=1 dsack_dups=4 busy=900000"}, "spurious", "slow", "network"},
	/* A queue on the path. */
	{{LIVE "srtt=40000 unacked=4", "2 sample 1 tx=700000 busy=500000"}, "bufferbloat", "slow", "network"},
	{{LIVE "srtt=39999 unacked=4", "2 sample 1 tx=700000 busy=500000"}, "unclear", "fine", "network"},
	{{LIVE "srtt=40000 unacked=3", "2 sample 1 tx=700000 busy=500000"}, "unclear", "fine", "network"},
	{{LIVE "srtt=40000 unacked=4", "2 sample 1 tx=700000 busy=499000"}, "application", "fine", "application"},
	{{LIVE "srtt=19999 min_rtt=200 unacked=4", "2 sample 1 tx=700000 busy=500000"}, "unclear", "fine", "network"},
};

#define SMALL "snd_wnd=65535 unacked=1 send_q=300 notsent=200 "
static const struct expected nagle[] = {
	{{LIVE SMALL "srtt=30000 busy=0", "1.2 sample 1 notsent=0", "1.4 sample 1", "1.6 sample 1 notsent=200", "2 sample 1 tx=3000 busy=900000"},
	 "nagle", "slow", NULL},
	{{LIVE SMALL "srtt=29999 busy=0", "1.2 sample 1", "1.4 sample 1", "1.6 sample 1", "2 sample 1 tx=3000 busy=900000"}, "unclear", "fine", NULL},
	{{LIVE SMALL "srtt=30000 busy=0", "1.2 sample 1", "1.4 sample 1", "2 sample 1 tx=3000 busy=900000"}, "unclear", "fine", NULL},
	{{LIVE SMALL "srtt=30000 busy=0 nonagle=1", "1.2 sample 1", "1.4 sample 1", "1.6 sample 1", "2 sample 1 tx=3000 busy=900000"}, "unclear", "fine", NULL},
	{{LIVE SMALL "srtt=30000 busy=0 notsent=1448 send_q=1548", "1.2 sample 1", "1.4 sample 1", "1.6 sample 1", "2 sample 1 tx=3000 busy=900000"}, "unclear", "fine", NULL},
	{{LIVE SMALL "srtt=30000 busy=0 notsent=0", "1.2 sample 1 notsent=200", "1.4 sample 1 notsent=0", "1.6 sample 1", "2 sample 1 tx=3000 busy=900000"}, "unclear", "fine", NULL},
};

static const struct expected fine[] = {
	{{LIVE FLIGHT "cwnd_limited=1", "2 sample 1 tx=700000 busy=800000"}, "path_full", "fine", "network"},
	{{LIVE FLIGHT "cwnd_limited=1", "2 sample 1 tx=700000 busy=799000"}, "unclear", "fine", "network"},
	{{LIVE FLIGHT "cwnd=10 unacked=10", "2 sample 1 tx=700000 busy=800000"}, "path_full", "fine", "network"},
	{{LIVE "ca_state=0", "2 sample 1 tx=9999 rx=100000"}, "receiving", "fine", "application"},
	{{LIVE "ca_state=0", "2 sample 1 tx=10000 rx=100000"}, "application", "fine", "application"},
	{{LIVE "ca_state=0", "2 sample 1 tx=100 rx=100 busy=499000"}, "application", "fine", "application"},
	{{LIVE "ca_state=0", "2 sample 1 tx=100 rx=100 busy=900000 app_limited=1"}, "application", "fine", "application"},
	{{LIVE "ca_state=0", "2 sample 1 tx=100 rx=100 busy=900000 app_limited=1 notsent=5"}, "unclear", "fine", "network"},
	/* Too little time, and nothing at all. */
	{{LIVE "ca_state=0", "1.9 sample 1 tx=100 rx=100 busy=400000"}, NULL, NULL, "application"},
	{{LIVE "ca_state=0", "2 sample 1"}, NULL, NULL, "nothing"},
};

static const struct expected listeners[] = {
	{{"0 open 1 " BASE "state=listen backlog=2 backlog_max=1", "1 sample 1 ca_state=0"}, "accept_queue_full", "failed", NULL},
	{{"0 open 1 " BASE "state=listen backlog=1 backlog_max=1", "1 sample 1 ca_state=0"}, NULL, NULL, NULL},
	{{"0 sample 1 " BASE "state=listen seen=adopted backlog=1 backlog_max=1 drops=5 rmem=0", "1 sample 1 drops=6"}, "accept_queue_full", "failed", NULL},
	{{"0 sample 1 " BASE "state=listen seen=adopted backlog=0 backlog_max=1 drops=5 rmem=0", "1 sample 1 drops=6"}, "listener_drops", "watch", NULL},
	{{"0 sample 1 " BASE "state=listen seen=adopted backlog=0 backlog_max=1 drops=5 rmem=0", "1 sample 1"}, NULL, NULL, NULL},
	{{"0 sample 1 " BASE "state=listen seen=adopted retrans_syn=2", "1 sample 1 retrans_syn=7"}, "synacks_unanswered", "watch", NULL},
	{{"0 sample 1 " BASE "state=listen seen=adopted retrans_syn=2", "1 sample 1 retrans_syn=6"}, NULL, NULL, NULL},
};

#define CASES(name)                                                                                \
	static void name##_cases(void **state)                                                     \
	{                                                                                          \
		(void)state;                                                                       \
		check_cases(name, sizeof(name) / sizeof(name[0]));                                 \
	}

CASES(connecting)
CASES(stalled)
CASES(slow)
CASES(nagle)
CASES(fine)
CASES(listeners)

/* Another connection to the same peer is well: so large packets vanish, not all of them. */
static void a_peer_that_answers_others(void **state)
{
	static const char *const lines[] = {
		LIVE FLIGHT "send_q=14480 acked=0",
		"4 sample 1 timer=1 rto=800000 backoff=2 since_ack=3000 since_rcv=3000", NULL};
	struct judged j = judge_lines(lines);
	struct verdict v;

	(void)state;
	assert_string_equal(j.verdict.rule->code, "peer_silent");
	verdict_judge(&(struct subject){.kind = SUBJECT_LIVE,
					.state = case_flow.state,
					.time_ns = 4000000000,
					.ident = &case_flow.ident,
					.count = &case_flow.count,
					.extra = &case_extra,
					.history = &case_history,
					.peer_lives = true},
		      &v);
	assert_string_equal(v.rule->code, "pmtu_blackhole");
}

static void the_worst_rule_is_the_verdict_and_others_are_listed(void **state)
{
	static const char *const lines[] = {
		LIVE "snd_wnd=8000 ca_state=0",
		"2 sample 1 tx=1000000 busy=900000 rwnd_limited=500000 data_segs_out=100 retrans=9 retrans_fast=9",
		NULL};
	struct judged j = judge_lines(lines);

	(void)state;
	assert_string_equal(j.verdict.rule->code, "loss");
	assert_int_equal(j.verdict.also_count, 1);
	assert_string_equal(j.verdict.also[0]->code, "peer_reads_slowly");
}

static void every_key_and_every_field_of_a_template_exists(void **state)
{
	const struct rule_table *tables[] = {&rule_live, &rule_closed, &rule_listener,
					     &rule_handshake, &rule_host};
	static const struct ev_ident ident;
	const struct subject s = {.ident = &ident};
	struct facts f = {0};
	char text[512];

	(void)state;
	for (enum fact i = 0; i < FACT_COUNT; i++)
		fact_set(&f, i, 1);
	for (size_t t = 0; t < 5; t++)
		for (size_t i = 0; i < tables[t]->count; i++) {
			const struct rule *r = &tables[t]->rule[i];
			size_t keys = 1;

			for (const char *p = r->keys; *p; p++)
				keys += *p == ',';
			sentence_json(r->keys, &f, text, sizeof(text));
			for (const char *p = text; *p; p++)
				keys -= *p == ':';
			assert_int_equal(keys, 0);
			sentence_write(r->sentence, &s, &f, text, sizeof(text));
			assert_null(strpbrk(text, "{}[]?"));
			sentence_write(r->next, &s, &f, text, sizeof(text));
			assert_null(strpbrk(text, "{}[]"));
			assert_true(r->rule[0] && r->least[0] && r->holds);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connecting_cases),
		cmocka_unit_test(stalled_cases),
		cmocka_unit_test(slow_cases),
		cmocka_unit_test(nagle_cases),
		cmocka_unit_test(fine_cases),
		cmocka_unit_test(listeners_cases),
		cmocka_unit_test(a_peer_that_answers_others),
		cmocka_unit_test(the_worst_rule_is_the_verdict_and_others_are_listed),
		cmocka_unit_test(every_key_and_every_field_of_a_template_exists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
