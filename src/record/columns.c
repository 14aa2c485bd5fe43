// SPDX-License-Identifier: BSD-2-Clause
#include "record/columns.h"

#include <stddef.h>
#include <string.h>

#include "abi/event.h"
#include "record/rows.h"

#define IN(table) (1u << RECORD_##table)
/* Rows that tell who a flow is, all that was counted of it, and how it ended. */
#define FLOW (IN(CLOSE) | IN(OPEN) | IN(KEY) | IN(IDENT) | IN(HANDSHAKE) | IN(RESET))
#define WITH_EXTRA (IN(CLOSE) | IN(OPEN) | IN(KEY) | IN(IDENT) | IN(SAMPLE))

#define FIELD(s, f) .offset = offsetof(struct s, f), .size = sizeof(((struct s *)0)->f)
#define EVENT(f) FIELD(event, f)
#define NUMBER .type = TYPE_NUMBER, .form = FORM_UINT
#define SIGNED .type = TYPE_SIGNED, .form = FORM_INT
#define TIME .type = TYPE_TIME, .form = FORM_NS
#define ENUM(list) .type = TYPE_ENUM, .form = FORM_UINT, .words = list
#define FLAGS(list) .type = TYPE_FLAGS, .form = FORM_UINT, .words = list
#define CHARS .type = TYPE_TEXT, .form = FORM_CHARS
#define TEXT .type = TYPE_TEXT, .form = FORM_POINTER
#define ADDR .type = TYPE_ADDR, .form = FORM_ADDR
#define AS(e) .encoding = ENCODING_##e
#define FROM(...) AS(DIFFERENCE), .base = {__VA_ARGS__}
#define C(n, in, column_name, column_unit, ...) \
	{.number = n, .tables = in, .name = column_name, .unit = column_unit, __VA_ARGS__}
/* A field of struct ev_extra. */
#define E(n, f, column_unit, ...) \
	C(n, WITH_EXTRA, #f, column_unit, .extra = true, EVENT(extra.f), __VA_ARGS__)

/* Segments that were sent again for one of the reasons of enum ev_cause. */
#define CAUSE(n, column_name, cause) \
	C(n, WITH_EXTRA, #column_name, "segments", .extra = true, EVENT(extra.retrans[cause]), \
	  NUMBER, AS(SPARSE))

#define TYPES "number signed time enum flags text addr local bytes"
#define STATES \
	"unknown established syn_sent syn_recv fin_wait1 fin_wait2 time_wait close close_wait " \
	"last_ack listen closing new_syn_recv"
#define ENDS "none fin reset_sent reset_received timeout refused unreachable aborted no_port unknown"
#define KNOWN \
	"memory since_snd since_rcv since_ack snd_wnd rcv_wnd flight pacing sender causes undo " \
	"holders redirected no_counters packets afar"
#define OUTCOMES \
	"pending established rejected aborted unreachable timed_out superseded overflow gone " \
	"not_sent listen_drop"

// clang-format off
const struct record_column record_columns[] = {
	/* Dictionaries and column lists. */
	C(1, IN(TEXT) | IN(ADDR), "bytes", "", .type = TYPE_BYTES, .form = FORM_BYTES, AS(BYTES)),
	C(2, IN(TABLES) | IN(COLUMNS), "number", "", NUMBER, AS(VARINT), FIELD(record_schema, number)),
	C(3, IN(TABLES) | IN(COLUMNS), "name", "", TEXT, AS(VARINT), FIELD(record_schema, name)),
	C(4, IN(COLUMNS), "type", "", ENUM(TYPES), AS(VARINT), FIELD(record_schema, type)),
	C(5, IN(COLUMNS), "unit", "", TEXT, AS(VARINT), FIELD(record_schema, unit)),
	C(6, IN(COLUMNS), "words", "", TEXT, AS(VARINT), FIELD(record_schema, words)),

	C(10, IN(LOCAL), "pid", "", NUMBER, AS(DELTA), FIELD(record_local, pid)),
	C(11, IN(LOCAL), "comm", "", CHARS, AS(VARINT), FIELD(record_local, comm)),
	C(12, IN(LOCAL), "uid", "", NUMBER, AS(VARINT), FIELD(record_local, uid)),
	C(13, IN(LOCAL), "netns", "", NUMBER, AS(VARINT), FIELD(record_local, netns)),
	C(14, IN(LOCAL), "mntns", "", NUMBER, AS(VARINT), FIELD(record_local, mntns)),
	C(15, IN(LOCAL), "cgroup_id", "", NUMBER, AS(VARINT), FIELD(record_local, cgroup_id)),
	C(16, IN(LOCAL), "owner_source", "", ENUM("none listen connect accept files close"), AS(VARINT), FIELD(record_local, owner_source)),
	C(17, IN(LOCAL), "thread", "", CHARS, AS(VARINT), FIELD(record_local, thread)),
	C(18, IN(LOCAL), "role", "", ENUM("unknown connect accept listen"), AS(VARINT), FIELD(record_local, role)),
	C(19, IN(LOCAL), "laddr", "", ADDR, AS(VARINT), FIELD(record_local, laddr)),

	/* Flows. In the table `sample` the counters are those of the interval. */
	C(20, FLOW, "time", "us", TIME, AS(DELTA), EVENT(time_ns)),
	C(21, FLOW | IN(SAMPLE), "id", "", NUMBER, AS(DELTA), EVENT(head.id)),
	C(22, FLOW | IN(SAMPLE), "state", "", ENUM(STATES), AS(VARINT), EVENT(head.state)),
	C(23, FLOW | IN(SAMPLE), "flags", "", FLAGS("has_ident has_extra baseline has_handshake reset_came unsent soft_error"), AS(VARINT), EVENT(head.flags)),
	C(24, FLOW, "end_reason", "", ENUM(ENDS), AS(VARINT), EVENT(head.end_reason)),
	C(25, FLOW, "error", "errno", NUMBER, AS(VARINT), EVENT(head.error)),
	C(26, FLOW, "opened", "us", TIME, FROM(20), EVENT(ident.open_ns)),
	/* Each before those that are differences to it. */
	C(28, FLOW, "min_rtt_us", "us", NUMBER, AS(VARINT), EVENT(count.min_rtt_us)),
	C(29, FLOW, "connect_us", "us", .type = TYPE_NUMBER, .form = FORM_CONNECT, .size = 4, FROM(28)),
	C(30, FLOW, "accept_us", "us", .type = TYPE_NUMBER, .form = FORM_ACCEPT, .size = 4, FROM(28)),
	C(31, FLOW, "established", "us", TIME, FROM(26, 29), EVENT(ident.established_ns)),
	C(32, FLOW | IN(SAMPLE), "srtt_us", "us", NUMBER, FROM(28), EVENT(count.srtt_us)),
	C(33, FLOW | IN(SAMPLE), "tx_bytes", "bytes", NUMBER, AS(VARINT), EVENT(count.tx_bytes)),
	C(34, FLOW | IN(SAMPLE), "rx_bytes", "bytes", NUMBER, AS(VARINT), EVENT(count.rx_bytes)),
	C(35, FLOW | IN(SAMPLE), "acked_bytes", "bytes", NUMBER, FROM(33), EVENT(count.acked_bytes)),
	C(36, FLOW | IN(SAMPLE), "bytes_retrans", "bytes", NUMBER, AS(SPARSE), EVENT(count.retrans_bytes)),
	C(37, FLOW | IN(SAMPLE), "retrans", "", NUMBER, AS(SPARSE), EVENT(count.retrans_segs)),
	C(38, FLOW, "seen", "", ENUM("open adopted late"), AS(VARINT), EVENT(ident.seen)),
	C(39, FLOW, "family", "", NUMBER, AS(VARINT), EVENT(ident.family)),
	C(40, FLOW, "local", "", .type = TYPE_LOCAL, .form = FORM_LOCAL, AS(VARINT)),
	C(41, FLOW, "raddr", "", ADDR, AS(VARINT), EVENT(ident.raddr)),
	C(42, FLOW, "service_port", "", .type = TYPE_NUMBER, .form = FORM_SERVICE, .size = 2, AS(PALETTE)),
	C(43, FLOW, "other_port", "", .type = TYPE_NUMBER, .form = FORM_OTHER, .size = 2, AS(PLANES)),
	C(44, FLOW, "ifindex", "", NUMBER, AS(SPARSE), EVENT(ident.ifindex)),
	/* By how much it changed since the file last told it, which is nearly always not at all. */
	C(47, IN(SAMPLE), "min_rtt_change", "us", SIGNED, AS(ZIGZAG), EVENT(count.min_rtt_us)),

	C(50, IN(HANDSHAKE), "started", "us", TIME, FROM(20), EVENT(handshake.first_ns)),
	C(51, IN(HANDSHAKE), "dup_syn", "", NUMBER, AS(SPARSE), EVENT(handshake.dup_syn)),
	C(52, IN(HANDSHAKE), "dup_syn_ack", "", NUMBER, AS(SPARSE), EVENT(handshake.dup_syn_ack)),
	C(53, IN(HANDSHAKE), "outcome", "", ENUM(OUTCOMES), AS(VARINT), EVENT(handshake.outcome)),
	C(54, IN(HANDSHAKE), "direction", "", FLAGS("rx tx"), AS(VARINT), EVENT(handshake.directions)),
	C(55, IN(HANDSHAKE), "retry", "", NUMBER, AS(SPARSE), EVENT(handshake.retry)),
	C(56, IN(HANDSHAKE), "dropped", "", NUMBER, AS(SPARSE), EVENT(handshake.dropped)),
	C(57, IN(HANDSHAKE), "conn_state", "", CHARS, AS(VARINT), EVENT(handshake.conn_state)),
	C(58, IN(HANDSHAKE), "icmp", "", CHARS, AS(VARINT), EVENT(handshake.icmp)),
	C(59, IN(HANDSHAKE), "icmp_type", "", NUMBER, AS(SPARSE), EVENT(handshake.icmp_type)),
	C(60, IN(HANDSHAKE), "icmp_code", "", NUMBER, AS(SPARSE), EVENT(handshake.icmp_code)),
	C(61, IN(HANDSHAKE), "reset_ttl", "", NUMBER, AS(SPARSE), EVENT(handshake.reset_ttl)),
	C(62, IN(HANDSHAKE), "peer_ttl", "", NUMBER, AS(SPARSE), EVENT(handshake.peer_ttl)),

	E(100, delivery_rate, "bytes/s", NUMBER, AS(VARINT)),
	E(101, busy_us, "us", NUMBER, AS(VARINT)),
	E(102, rwnd_limited_us, "us", NUMBER, AS(SPARSE)),
	E(103, sndbuf_limited_us, "us", NUMBER, AS(SPARSE)),
	E(104, segs_in, "", NUMBER, AS(VARINT)),
	E(105, segs_out, "", NUMBER, FROM(104)),
	E(106, data_segs_in, "", NUMBER, FROM(104)),
	E(107, data_segs_out, "", NUMBER, FROM(105)),
	E(108, rttvar_us, "us", NUMBER, AS(VARINT)),
	E(109, cwnd, "segments", NUMBER, AS(VARINT)),
	E(110, ssthresh, "segments", NUMBER, AS(VARINT)),
	E(111, mss, "bytes", NUMBER, AS(VARINT)),
	E(112, reordering, "segments", NUMBER, AS(VARINT)),
	E(113, reord_seen, "", NUMBER, AS(SPARSE)),
	E(114, dsack_dups, "", NUMBER, AS(SPARSE)),
	E(115, ooo_packets, "", NUMBER, AS(SPARSE)),
	E(116, rto_us, "us", NUMBER, AS(VARINT)),
	E(117, rto_total, "", NUMBER, AS(SPARSE)),
	E(118, rto_time_ms, "ms", NUMBER, AS(SPARSE)),
	E(119, lost, "segments", NUMBER, AS(SPARSE)),
	E(120, delivered, "segments", NUMBER, FROM(107)),
	E(121, delivered_ce, "segments", NUMBER, AS(SPARSE)),
	E(122, send_queue, "bytes", NUMBER, AS(SPARSE)),
	E(123, receive_queue, "bytes", NUMBER, AS(SPARSE)),
	E(124, backlog, "", NUMBER, AS(SPARSE)),
	E(125, backlog_max, "", NUMBER, AS(SPARSE)),
	E(126, drops, "", NUMBER, AS(SPARSE)),
	E(127, timer_ms, "ms", NUMBER, AS(VARINT)),
	E(128, timer, "", ENUM("none on keepalive timewait persist"), AS(VARINT)),
	E(129, retransmits, "", NUMBER, AS(SPARSE)),
	E(130, backoff, "", NUMBER, AS(SPARSE)),
	E(131, app_limited, "", NUMBER, AS(VARINT)),
	E(132, ecn, "", NUMBER, AS(VARINT)),
	E(133, synack_retrans, "", NUMBER, AS(SPARSE)),
	E(134, synack_limit, "", NUMBER, AS(VARINT)),
	E(135, defer_accept, "", NUMBER, AS(VARINT)),
	E(136, congestion, "", CHARS, AS(VARINT)),
	E(137, write_calls, "", NUMBER, AS(VARINT)),
	E(138, read_calls, "", NUMBER, AS(VARINT)),
	E(139, in_packets, "", NUMBER, FROM(104)),
	E(140, out_packets, "", NUMBER, FROM(105)),
	E(141, delayed_acks, "", NUMBER, AS(SPARSE)),
	/* A bit that is not set: what it stands for is not known, and its columns are 0. */
	E(142, known, "", FLAGS(KNOWN), AS(VARINT)),
	E(143, rmem_bytes, "bytes", NUMBER, AS(SPARSE)),
	E(144, wmem_bytes, "bytes", NUMBER, AS(SPARSE)),
	E(145, forward_bytes, "bytes", NUMBER, AS(VARINT)),
	E(146, rcvbuf, "bytes", NUMBER, AS(VARINT)),
	E(147, sndbuf, "bytes", NUMBER, AS(VARINT)),
	E(148, since_snd_ms, "ms", NUMBER, AS(VARINT)),
	E(149, since_rcv_ms, "ms", NUMBER, AS(VARINT)),
	E(150, since_ack_ms, "ms", NUMBER, AS(VARINT)),
	E(151, snd_wnd, "bytes", NUMBER, AS(VARINT)),
	E(152, rcv_wnd, "bytes", NUMBER, AS(VARINT)),
	E(153, max_window, "bytes", NUMBER, FROM(151)),
	E(154, packets_out, "segments", NUMBER, AS(SPARSE)),
	E(155, sacked, "segments", NUMBER, AS(SPARSE)),
	E(156, notsent, "bytes", NUMBER, AS(SPARSE)),
	E(157, pmtu, "bytes", NUMBER, AS(VARINT)),
	E(158, rcv_rtt_us, "us", NUMBER, AS(VARINT)),
	CAUSE(159, retrans_rto, CAUSE_RTO),
	CAUSE(160, retrans_slow_start, CAUSE_SLOW_START),
	CAUSE(161, retrans_fast, CAUSE_FAST),
	CAUSE(162, retrans_tlp, CAUSE_TLP),
	CAUSE(163, retrans_syn, CAUSE_SYN),
	CAUSE(164, retrans_zwp, CAUSE_ZERO_WINDOW),
	CAUSE(165, retrans_pmtu, CAUSE_PMTU),
	CAUSE(166, retrans_other, CAUSE_OTHER),
	E(167, undone, "segments", NUMBER, AS(SPARSE)),
	E(168, holders, "", NUMBER, AS(VARINT)),
	E(169, pacing_rate, "bytes/s", NUMBER, AS(VARINT)),
	E(170, ca_state, "", ENUM("open disorder cwr recovery loss"), AS(VARINT)),
	E(171, probes_out, "", NUMBER, AS(SPARSE)),
	E(172, nonagle, "", NUMBER, AS(VARINT)),
	E(173, cwnd_limited, "", NUMBER, AS(VARINT)),
	E(174, soft_error, "errno", NUMBER, AS(SPARSE)),
	E(175, redirected, "", NUMBER, AS(SPARSE)),
	E(176, icmp_type, "", NUMBER, AS(SPARSE)),
	E(177, icmp_code, "", NUMBER, AS(SPARSE)),
	E(178, reset_ttl, "", NUMBER, AS(SPARSE)),
	E(179, peer_ttl, "", NUMBER, AS(SPARSE)),

	C(300, IN(NAME), "of", "", ENUM("cgroup netns uid"), AS(VARINT), FIELD(record_name, kind)),
	C(301, IN(NAME), "key", "", NUMBER, AS(VARINT), FIELD(record_name, key)),
	C(302, IN(NAME), "text", "", TEXT, AS(VARINT), FIELD(record_name, text)),

	C(310, IN(HOST), "counter", "", TEXT, AS(VARINT), FIELD(record_host, counter)),
	C(311, IN(HOST), "value", "", SIGNED, AS(ZIGZAG), FIELD(record_host, value)),

	C(319, IN(LOSS), "time", "us", TIME, AS(DELTA), FIELD(record_loss, time_ns)),
	C(320, IN(LOSS), "opened_flows", "", NUMBER, AS(VARINT), FIELD(record_loss, opened)),
	C(321, IN(LOSS), "adopted_flows", "", NUMBER, AS(VARINT), FIELD(record_loss, adopted)),
	C(322, IN(LOSS), "closed_flows", "", NUMBER, AS(VARINT), FIELD(record_loss, closed)),
	C(323, IN(LOSS), "live_flows", "", NUMBER, AS(VARINT), FIELD(record_loss, live)),
	C(324, IN(LOSS), "lost_flows", "", NUMBER, AS(VARINT), FIELD(record_loss, lost)),
	C(325, IN(LOSS), "lost_tx_bytes", "bytes", NUMBER, AS(VARINT), FIELD(record_loss, lost_tx_bytes)),
	C(326, IN(LOSS), "lost_rx_bytes", "bytes", NUMBER, AS(VARINT), FIELD(record_loss, lost_rx_bytes)),
	C(327, IN(LOSS), "missed", "", NUMBER, AS(VARINT), FIELD(record_loss, missed)),
	C(328, IN(LOSS), "table_full", "", NUMBER, AS(VARINT), FIELD(record_loss, table_full)),
	C(329, IN(LOSS), "undecoded", "", NUMBER, AS(VARINT), FIELD(record_loss, undecoded)),
	C(330, IN(LOSS), "received", "packets", NUMBER, AS(VARINT), FIELD(record_loss, received)),
	C(331, IN(LOSS), "dropped", "packets", NUMBER, AS(VARINT), FIELD(record_loss, dropped)),
	C(332, IN(LOSS), "interface_dropped", "packets", NUMBER, AS(VARINT), FIELD(record_loss, interface_dropped)),
	C(333, IN(LOSS), "first", "us", TIME, AS(VARINT), FIELD(record_loss, first_ns)),
	C(334, IN(LOSS), "last", "us", TIME, AS(VARINT), FIELD(record_loss, last_ns)),
	C(335, IN(LOSS), "undecoded_why", "", TEXT, AS(VARINT), FIELD(record_loss, undecoded_why)),
	C(336, IN(LOSS), "dropped_rows", "", NUMBER, AS(VARINT), FIELD(record_loss, dropped_rows)),
	C(337, IN(LOSS), "dropped_names", "", NUMBER, AS(VARINT), FIELD(record_loss, dropped_names)),

	C(338, IN(LOSS), "ignored", "segments", NUMBER, AS(VARINT), FIELD(record_loss, ignored)),
	C(339, IN(LOSS), "stray", "segments", NUMBER, AS(VARINT), FIELD(record_loss, stray)),
	C(340, IN(LOSS), "inexact", "", NUMBER, AS(VARINT), FIELD(record_loss, inexact)),

	C(349, IN(NOTE), "time", "us", TIME, AS(DELTA), FIELD(record_note, time_ns)),
	C(350, IN(NOTE), "what", "", ENUM("start stop clock_step suspend disk_full disk_free rung thinned user"), AS(VARINT), FIELD(record_note, kind)),
	C(351, IN(NOTE), "value", "", SIGNED, AS(ZIGZAG), FIELD(record_note, value)),
	C(352, IN(NOTE), "text", "", TEXT, AS(VARINT), FIELD(record_note, text)),

	C(359, IN(TICK) | IN(QUIET), "time", "us", TIME, AS(DELTA), FIELD(record_tick, time_ns)),
	C(360, IN(TICK) | IN(QUIET), "wall_offset", "us", SIGNED, AS(DELTA), FIELD(record_tick, wall_offset_us)),
};
// clang-format on
const unsigned record_column_count = sizeof(record_columns) / sizeof(record_columns[0]);

#define EDGES (1u << STREAM_EDGES)
#define VOLUME (1u << STREAM_VOLUME)

const struct record_table_info record_tables[RECORD_TABLE_END] = {
	[RECORD_TEXT] = {"text", EDGES | VOLUME, 0},
	[RECORD_ADDR] = {"addr", EDGES | VOLUME, 0},
	[RECORD_LOCAL] = {"local", EDGES | VOLUME, sizeof(struct record_local)},
	[RECORD_TABLES] = {"tables", EDGES | VOLUME, sizeof(struct record_schema)},
	[RECORD_COLUMNS] = {"columns", EDGES | VOLUME, sizeof(struct record_schema)},
	[RECORD_CLOSE] = {"close", EDGES, sizeof(struct event)},
	[RECORD_OPEN] = {"open", EDGES, sizeof(struct event)},
	[RECORD_KEY] = {"key", EDGES, sizeof(struct event)},
	[RECORD_IDENT] = {"ident", EDGES, sizeof(struct event)},
	[RECORD_HANDSHAKE] = {"handshake", EDGES, sizeof(struct event)},
	[RECORD_RESET] = {"reset", EDGES, sizeof(struct event)},
	[RECORD_NAME] = {"name", EDGES, sizeof(struct record_name)},
	[RECORD_LOSS] = {"loss", EDGES, sizeof(struct record_loss)},
	[RECORD_NOTE] = {"note", EDGES, sizeof(struct record_note)},
	[RECORD_SAMPLE] = {"sample", VOLUME, sizeof(struct event)},
	[RECORD_HOST] = {"host", VOLUME, sizeof(struct record_host)},
	[RECORD_TICK] = {"tick", EDGES | VOLUME, sizeof(struct record_tick)},
	[RECORD_QUIET] = {"quiet", EDGES | VOLUME, sizeof(struct record_tick)},
};

unsigned record_table_columns(enum record_table table, bool extra,
			      const struct record_column *ret[RECORD_TABLE_COLUMNS_MAX])
{
	unsigned n = 0;

	for (unsigned i = 0; i < record_column_count && n < RECORD_TABLE_COLUMNS_MAX; i++) {
		const struct record_column *c = &record_columns[i];

		if (c->tables & 1u << table && (extra || !c->extra))
			ret[n++] = c;
	}
	return n;
}

const struct record_column *record_column_find(unsigned number)
{
	for (unsigned i = 0; i < record_column_count; i++)
		if (record_columns[i].number == number)
			return &record_columns[i];
	return NULL;
}

const char *record_word(const char *words, unsigned i, unsigned *ret_len)
{
	const char *word = words;

	while (word && *word && i--) {
		word = strchr(word, ' ');
		if (word)
			word++;
	}
	if (!word || !*word)
		return NULL;
	*ret_len = (unsigned)strcspn(word, " ");
	return word;
}

int record_word_find(const char *words, const char *word, unsigned len)
{
	const char *own;
	unsigned own_len;

	for (unsigned i = 0; (own = record_word(words, i, &own_len)); i++)
		if (own_len == len && !memcmp(own, word, len))
			return (int)i;
	return -1;
}
