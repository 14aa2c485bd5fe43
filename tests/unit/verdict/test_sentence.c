// SPDX-License-Identifier: BSD-2-Clause
/* The sentences, word for word: from readings to what people read. */
#include "case.h"

#include "verdict/units.h"

struct said {
	const char *line[LINES_MAX];
	const char *sentence;
};

static const struct said said[] = {
	{{"1 open 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=syn_sent opened=1 ca_state=0",
	  "4.1 sample 1 segs_out=3 retransmits=2"},
	 "no answer to SYN: 3 sent in 3.1 s, nothing came back; something drops them on the way"},
	/* When it was begun is not known of one that is older than us. */
	{{"1 open 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=syn_sent seen=adopted opened=1 ca_state=0",
	  "1.1 sample 1 segs_out=3 retransmits=2"},
	 "no answer to SYN: 3 sent, nothing came back; something drops them on the way"},
	{{"1 open 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=syn_sent opened=1 ca_state=0",
	  "4.1 sample 1 segs_out=3 retransmits=2 soft_error=113"},
	 "an ICMP error answers the SYN (EHOSTUNREACH): a router or firewall rejects it, and the kernel tries on"},
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 cwnd=46 rto=200000 srtt=21000 min_rtt=20000 snd_wnd=262144 unacked=10 send_q=14480 notsent=0 acked=300",
	  "102 sample 1 timer=1 backoff=4 rto=3200000 since_ack=100 since_rcv=100"},
	 "large packets vanish: segments of 1,448 bytes were sent again for 3.0 s, none was ever acknowledged, and the peer lives; the path takes less, and no ICMP says so"},
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 cwnd=46 rto=200000 srtt=21000 min_rtt=20000 snd_wnd=262144 unacked=10 send_q=40545 notsent=0 acked=300 state=fin_wait1",
	  "102 sample 1 timer=1 backoff=4 rto=3200000 since_ack=3000"},
	 "closed here, but 40,545 bytes still wait for the peer, sent again for 3.0 s"},
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 cwnd=46 rto=200000 srtt=21000 min_rtt=20000 snd_wnd=262144 unacked=1 send_q=200 notsent=0 acked=4801",
	  "102 sample 1 timer=1 backoff=3 rto=1600000 since_ack=4100 since_rcv=4100"},
	 "peer or path is gone: 3 timeouts in a row, nothing heard for 4.1 s, 200 bytes unacknowledged"},
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 cwnd=46 rto=200000 srtt=21000 min_rtt=20000 snd_wnd=262144 unacked=10 send_q=14480 notsent=0 acked=0",
	  "102 sample 1 timer=1 backoff=3 rto=1600000 since_ack=4100 since_rcv=4100"},
	 "peer or path is gone: 3 timeouts in a row, nothing heard for 4.1 s, 14,480 bytes unacknowledged; or full-size packets do not pass: none of 1,448 bytes ever did"},
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 cwnd=46 rto=200000 srtt=21000 min_rtt=20000 snd_wnd=262144 timer=4 snd_wnd=0 notsent=57920 send_q=57920 probes_out=3",
	  "102 sample 1 since_snd=9000 since_ack=9000"},
	 "peer or path is gone: 3 probes of its closed window had no answer for 9.0 s, 57,920 bytes wait here"},
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 cwnd=46 rto=200000 srtt=21000 min_rtt=20000 snd_wnd=262144 timer=4 snd_wnd=0 notsent=57920 send_q=57920",
	  "102 sample 1 since_snd=3700 since_ack=28"},
	 "peer's window is closed: its application has read nothing for 3.7 s; 57,920 bytes wait here"},
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 cwnd=46 rto=200000 srtt=21000 min_rtt=20000 snd_wnd=262144 unacked=0 timer=2 probes_out=2",
	  "102 sample 1 since_ack=77000"},
	 "idle, and the peer does not answer: 2 keep-alive probes lost, nothing heard for 1 min 17 s"},
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 cwnd=46 rto=200000 srtt=21000 min_rtt=20000 snd_wnd=262144 state=close_wait since_ack=10800000 since_rcv=10800000",
	  "102 sample 1"},
	 "never closed, although the peer has been done for 3 h 0 min"},
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 cwnd=46 rto=200000 srtt=21000 min_rtt=20000 snd_wnd=262144 unacked=0 since_ack=93600000 since_rcv=93600000",
	  "102 sample 1"},
	 "silent for 26 h 0 min without keep-alive: whether the peer still exists cannot be told"},
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 cwnd=46 rto=200000 srtt=21000 min_rtt=20000 snd_wnd=262144 rcvbuf=131072 recv_q=74624 rcv_wnd=8192",
	  "102 sample 1 rx=163840"},
	 "reads too slowly: 74,624 bytes wait for 911 ms to be read; the peer is offered a window of 8,192 bytes"},
	/* A peer that may send more than it does is not held back; and of a window that is not known nothing is said. */
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 rcvbuf=131072 recv_q=74624 rcv_wnd=1048576",
	  "102 sample 1 rx=163840"},
	 "reads too slowly: 74,624 bytes wait for 911 ms to be read; the peer is offered a window of 1.0 MB"},
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 rcvbuf=131072 recv_q=74624",
	  "102 sample 1 rx=163840"},
	 "reads too slowly: 74,624 bytes wait for 911 ms to be read"},
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 cwnd=46 rto=200000 srtt=21000 min_rtt=20000 snd_wnd=262144 snd_wnd=8480",
	  "102 sample 1 tx=200000 acked=200000 busy=1900000 rwnd_limited=1421000"},
	 "the peer's receive window limits for 75 % of the time (1.4 s of 1.9 s); it takes 800 kbit/s"},
	/* Written before the window, and taken in it. */
	{{"100 sample 1 tx=900000 acked=500000 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 cwnd=46 rto=200000 srtt=21000 min_rtt=20000 snd_wnd=262144 snd_wnd=8480",
	  "102 sample 1 acked=750000 busy=1900000 rwnd_limited=1421000"},
	 "the peer's receive window limits for 75 % of the time (1.4 s of 1.9 s); it takes 1.0 Mbit/s"},
	/* What it takes is not known. */
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 cwnd=46 rto=200000 srtt=21000 min_rtt=20000 snd_wnd=262144 snd_wnd=8480",
	  "102 sample 1 tx=200000 busy=1900000 rwnd_limited=1421000"},
	 "the peer's receive window limits for 75 % of the time (1.4 s of 1.9 s)"},
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 cwnd=46 rto=200000 srtt=21000 min_rtt=20000 snd_wnd=262144 cwnd=1095 wmem=99000 sndbuf=32768 snd_wnd=3145728 unacked=46 send_q=66608 notsent=0",
	  "102 sample 1 tx=6700000 busy=1990000"},
	 "send buffer too small: 66,608 bytes in flight per 21 ms allow 25 Mbit/s, the windows have room for 23 times that"},
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 cwnd=46 rto=200000 srtt=21000 min_rtt=20000 snd_wnd=262144 ca_state=0",
	  "102 sample 1 tx=700000 data_segs_out=4000 retrans=52 retrans_fast=52 dsack_dups=44 busy=1900000"},
	 "44 of 52 retransmissions were needless: packets were overtaken or held up on the way, not lost"},
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 cwnd=46 rto=200000 srtt=21000 min_rtt=20000 snd_wnd=262144 ca_state=0",
	  "102 sample 1 tx=3000000 data_segs_out=2050 retrans=41 retrans_fast=38 retrans_rto=3 busy=1900000"},
	 "loss limits: 2.0 % sent again (38 fast, 3 timeouts)"},
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 cwnd=46 rto=200000 srtt=21000 min_rtt=20000 snd_wnd=262144 ca_state=0",
	  "102 sample 1 tx=3000000 data_segs_out=1000 retrans=21 retrans_fast=21 busy=1900000"},
	 "loss limits: 2.1 % sent again (21 fast)"},
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 cwnd=46 rto=200000 srtt=21000 min_rtt=20000 snd_wnd=262144 srtt=51000 min_rtt=20500 unacked=40 send_q=60000 notsent=0",
	  "102 sample 1 tx=2412500 busy=1990000"},
	 "a queue on the path is full: round trips take 51 ms, 20 ms without load, at 9.7 Mbit/s"},
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 cwnd=46 rto=200000 srtt=21000 min_rtt=20000 snd_wnd=262144 unacked=1 send_q=300 notsent=200 srtt=97000",
	  "100.5 sample 1",
	  "101 sample 1",
	  "101.5 sample 1",
	  "102 sample 1 tx=6000 busy=1900000"},
	 "small writes wait for an acknowledgement that the peer delays (Nagle): 97 ms a round trip, 20 ms without"},
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 cwnd=46 rto=200000 srtt=21000 min_rtt=20000 snd_wnd=262144 unacked=46 cwnd_limited=1",
	  "102 sample 1 tx=23500000 busy=1990000"},
	 "uses what the path gives: 94 Mbit/s, window 46 segments, 21 ms a round trip"},
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 cwnd=46 rto=200000 srtt=21000 min_rtt=20000 snd_wnd=262144 ca_state=0",
	  "102 sample 1 rx=2050000"},
	 "receives 8.2 Mbit/s; what limits it is visible at the sender"},
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 cwnd=46 rto=200000 srtt=21000 min_rtt=20000 snd_wnd=262144 ca_state=0",
	  "102 sample 1 tx=9000 rx=9000 busy=480000"},
	 "the network waits for the application: data in flight 24 % of the time"},
	{{"100 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:5432 state=established seen=adopted mss=1448 cwnd=46 rto=200000 srtt=21000 min_rtt=20000 snd_wnd=262144 ca_state=0",
	  "102 sample 1 tx=9000 rx=9000 busy=1480000"},
	 "moves 36 kbit/s out and 36 kbit/s in, and no single limit stands out: data in flight 74 % of the time"},
	{{"1 open 1 local=10.0.0.4:0 remote=10.0.0.5:5432 state=syn_sent opened=1",
	  "1.1 close 1 end=aborted"},
	 "connect() found no local port towards 10.0.0.5:5432: all are in use or in TIME_WAIT"},
	{{"1 open 1 local=10.0.0.4:41022 remote=10.0.0.5:9 state=syn_sent opened=1",
	  "1.0003 close 1 end=refused error=111"},
	 "refused: nothing listens on 10.0.0.5:9 (answer after 300 us)"},
	{{"1 open 1 local=10.0.0.4:41022 remote=10.0.0.5:9 state=syn_sent opened=1 ca_state=0 segs_out=0",
	  "1.0003 close 1 end=unreachable error=101"},
	 "no way to 10.0.0.5 from here: not one SYN was sent (ENETUNREACH)"},
	{{"1 open 1 local=10.0.0.4:41022 remote=10.0.0.5:9 state=syn_sent opened=1 ca_state=0 segs_out=1",
	  "1.3 close 1 end=unreachable error=113"},
	 "rejected: EHOSTUNREACH after 300 ms: a router or firewall says that 10.0.0.5 cannot be reached"},
	{{"1 open 1 local=10.0.0.4:41022 remote=10.0.0.5:9 state=syn_sent opened=1 ca_state=0 segs_out=7",
	  "132 close 1 end=timeout error=110"},
	 "gave up after 7 SYNs in 2 min 11 s without any answer; something drops them on the way"},
	{{"1 open 1 local=10.0.0.4:41022 remote=10.0.0.5:9 state=syn_sent opened=1 ca_state=0 segs_out=1",
	  "4 close 1 end=aborted"},
	 "the application gave up connecting after 3.0 s: 1 SYN had no answer"},
	{{"1 open 1 local=10.0.0.4:41022 remote=10.0.0.5:9 opened=1 ca_state=0 send_q=0 mss=1448",
	  "4 close 1 end=timeout error=110 since_rcv=3100"},
	 "the peer did not answer keep-alive probes: dropped after 3.1 s of silence"},
	{{"1 open 1 local=10.0.0.4:41022 remote=10.0.0.5:9 opened=1 ca_state=0 send_q=302000 mss=1448 retrans_rto=4 since_ack=3600",
	  "4.6 close 1 end=timeout error=110"},
	 "the peer stopped answering: 4 timeouts, nothing heard for 3.6 s, 302 kB unacknowledged"},
	/* One that was sending in vain before we came. */
	{{"1 sample 1 local=10.0.0.4:41022 remote=10.0.0.5:9 seen=adopted ca_state=4 send_q=200 mss=1448 backoff=3 retrans_other=3",
	  "4.6 close 1 end=timeout error=110 retrans_rto=1 backoff=4 since_ack=3600"},
	 "the peer stopped answering: 4 timeouts, nothing heard for 3.6 s, 200 bytes unacknowledged"},
	{{"1 open 1 local=10.0.0.4:41022 remote=10.0.0.5:9 opened=1 ca_state=0 recv_q=12304",
	  "1.34 close 1 end=reset_sent"},
	 "closed with 12,304 bytes unread: the peer sees its connection reset"},
	{{"1 open 1 local=10.0.0.4:41022 remote=10.0.0.5:9 opened=1 ca_state=0",
	  "1.34 close 1 end=reset_sent"},
	 "reset from here after 340 ms: SO_LINGER 0, or the process was in a hurry"},
	{{"1 open 1 local=10.0.0.4:41022 remote=10.0.0.5:9 opened=1 ca_state=0 send_q=15928",
	  "1.34 close 1 end=reset_received"},
	 "the peer reset it after 340 ms with 15,928 bytes in flight"},
	{{"1 open 1 local=10.0.0.4:41022 remote=10.0.0.5:9 opened=1 ca_state=0",
	  "1.34 close 1 end=reset_received"},
	 "the peer reset it after 340 ms, nothing was in flight"},
	{{"1 sample 1 local=0.0.0.0:8080 remote=0.0.0.0:0 state=listen seen=adopted backlog=2 backlog_max=1 drops=7 ca_state=0",
	  "3.5 sample 1 drops=20"},
	 "does not accept: queue 2 of 1, 13 SYNs and ACKs dropped in 2.5 s; clients see timeouts"},
	{{"1 sample 1 local=0.0.0.0:8080 remote=0.0.0.0:0 state=listen seen=adopted backlog=2 backlog_max=1 drops=7 ca_state=0",
	  "3.5 sample 1"},
	 "does not accept: queue 2 of 1; clients see timeouts"},
	{{"1 sample 1 local=0.0.0.0:8080 remote=0.0.0.0:0 state=listen seen=adopted backlog=0 backlog_max=128 drops=7 ca_state=0",
	  "3.5 sample 1 drops=8"},
	 "dropped 1 SYN or ACK in 2.5 s, although its queue has room (0 of 128)"},
	{{"1 sample 1 local=0.0.0.0:8080 remote=0.0.0.0:0 state=listen seen=adopted backlog=0 backlog_max=128 retrans_syn=1",
	  "3.5 sample 1 retrans_syn=10"},
	 "9 SYN/ACKs sent again in 2.5 s: clients do not answer"},
	{{"4 handshake 1 local=10.0.0.4:41022 remote=10.0.0.5:9 started=1 outcome=established dup_syn=1 direction=tx"},
	 "established, but only after 2 SYNs, 3.0 s in all: a second is lost with the first of them"},
	{{"4 handshake 1 local=10.0.0.4:41022 remote=10.0.0.5:9 started=1 outcome=unreachable icmp=host-prohibited direction=tx"},
	 "rejected by ICMP host-prohibited: a router or firewall, not the server"},
	{{"4 handshake 1 local=10.0.0.4:41022 remote=10.0.0.5:9 started=1 outcome=timed_out dup_syn_ack=5 direction=rx"},
	 "the SYN/ACK was never answered, although it was sent again 5 times: the client is gone, or the way back is broken"},
	{{"4 handshake 1 local=10.0.0.4:41022 remote=10.0.0.5:9 started=1 outcome=listen_drop dropped=4 direction=rx"},
	 "the server does not accept: no room in its queue, 4 SYNs and ACKs dropped"},
};

static void each_sentence(void **state)
{
	bool print = getenv("PRINT_SENTENCES");

	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		struct judged j = judge_lines(said[i].line);

		if (print)
			printf("%s\n", j.sentence);
		else
			assert_string_equal(j.sentence, said[i].sentence);
	}
}

static void check_unit(int64_t n, enum fact_unit unit, const char *expected)
{
	char text[UNIT_TEXT_MAX];
	size_t len = unit_format(n, unit, text);

	assert_string_equal(text, expected);
	assert_int_equal(len, strlen(expected));
}

static void numbers_for_people(void **state)
{
	(void)state;
	check_unit(0, UNIT_COUNT, "0");
	check_unit(999, UNIT_COUNT, "999");
	check_unit(1204, UNIT_COUNT, "1,204");
	check_unit(-1234567, UNIT_COUNT, "-1,234,567");
	check_unit(1, UNIT_BYTES, "1 byte");
	check_unit(57920, UNIT_BYTES, "57,920 bytes");
	check_unit(302000, UNIT_BYTES, "302 kB");
	check_unit(999499, UNIT_BYTES, "999 kB");
	check_unit(999500, UNIT_BYTES, "1.0 MB");
	check_unit(42000000, UNIT_BYTES, "42 MB");
	check_unit(1500000000, UNIT_BYTES, "1.5 GB");
	check_unit(2500000000000, UNIT_BYTES, "2.5 TB");
	check_unit(300, UNIT_US, "300 us");
	check_unit(3700, UNIT_US, "3.7 ms");
	check_unit(340000, UNIT_US, "340 ms");
	check_unit(3700000, UNIT_US, "3.7 s");
	check_unit(131000000, UNIT_US, "2 min 11 s");
	check_unit(93600000000, UNIT_US, "26 h 0 min");
	check_unit(864000000000, UNIT_US, "10 days");
	check_unit(21, UNIT_SHARE, "2.1 %");
	check_unit(748, UNIT_SHARE, "75 %");
	check_unit(1000, UNIT_SHARE, "100 %");
	check_unit(0, UNIT_RATE, "0 bit/s");
	check_unit(9650000, UNIT_RATE, "9.7 Mbit/s");
	check_unit(8500, UNIT_RATE, "8.5 kbit/s");
	check_unit(9400000000, UNIT_RATE, "9.4 Gbit/s");
}

static void what_does_not_fit_is_cut(void **state)
{
	struct facts f = {0};
	const struct subject s = {0};
	char text[8];

	(void)state;
	fact_set(&f, FACT_queue, 1234567);
	assert_int_equal(sentence_write("a {queue} b", &s, &f, text, sizeof(text)), 7);
	assert_string_equal(text, "a 1,234");
	/* Templates are ours, but one that is broken must not break us. */
	sentence_write("[[[[[[{queue", &s, &f, text, sizeof(text));
	sentence_write("]]{}{nothing}", &s, &f, text, sizeof(text));
}

static void evidence_as_text_and_as_json(void **state)
{
	struct facts f = {0};
	char text[256];

	(void)state;
	fact_set(&f, FACT_busy_us, 3820000);
	fact_set(&f, FACT_rwnd_share, 748);
	fact_set(&f, FACT_unsent_bytes, 57920);
	sentence_evidence("rwnd_share,busy_us,srtt_us,unsent_bytes", &f, text, sizeof(text));
	assert_string_equal(text, "rwnd share 75 %, busy 3.8 s, unsent 57,920 bytes");
	sentence_json("rwnd_share,busy_us,srtt_us,unsent_bytes", &f, text, sizeof(text));
	assert_string_equal(text, "{\"rwnd_share\":0.748,\"busy_us\":3820000,\"unsent_bytes\":57920}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_sentence),
		cmocka_unit_test(numbers_for_people),
		cmocka_unit_test(what_does_not_fit_is_cut),
		cmocka_unit_test(evidence_as_text_and_as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
