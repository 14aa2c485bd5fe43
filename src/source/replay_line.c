// SPDX-License-Identifier: BSD-2-Clause
#include "source/replay_line.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/column.h"
#include "engine/flow_table.h"
#include "util/lines.h"
#include "util/parse.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define IN(field) offsetof(struct replay_line, field), sizeof(((struct replay_line *)0)->field)

enum word_type { WORD_UINT, WORD_SECONDS, WORD_CHARS, WORD_ENDPOINT, WORD_NAME };

struct word {
	const char *key;
	enum word_type type;
	size_t offset, size;
	const char *(*name)(unsigned); /* WORD_NAME: its words */
	unsigned names;
	unsigned known; /* enum ev_known: that it is known, once it is given */
};

static const struct word words[] = {
	{"local", WORD_ENDPOINT, IN(ident.laddr), 0, 0},
	{"remote", WORD_ENDPOINT, IN(ident.raddr), 0, 0},
	{"pid", WORD_UINT, IN(ident.pid), 0, 0},
	{"comm", WORD_CHARS, IN(ident.comm), 0, 0},
	{"thread", WORD_CHARS, IN(ident.thread), 0, 0},
	{"owner", WORD_NAME, IN(ident.owner_source), owner_source_name, OWNER_COUNT},
	{"role", WORD_NAME, IN(ident.role), role_name, ROLE_COUNT},
	{"seen", WORD_NAME, IN(ident.seen), seen_name, SEEN_COUNT},
	{"state", WORD_NAME, IN(head.state), state_name, ST_COUNT},
	{"end", WORD_NAME, IN(head.end_reason), end_reason_name, END_COUNT},
	{"error", WORD_UINT, IN(head.error), 0, 0},
	{"uid", WORD_UINT, IN(ident.uid), 0, 0},
	{"netns", WORD_UINT, IN(ident.netns), 0, 0},
	{"cgroup", WORD_UINT, IN(ident.cgroup_id), 0, 0},
	{"opened", WORD_SECONDS, IN(ident.open_ns), 0, 0},
	{"established", WORD_SECONDS, IN(ident.established_ns), 0, 0},
	{"handshake", WORD_UINT, IN(ident.handshake_us), 0, 0},
	{"tx", WORD_UINT, IN(count.tx_bytes), 0, 0},
	{"rx", WORD_UINT, IN(count.rx_bytes), 0, 0},
	{"acked", WORD_UINT, IN(count.acked_bytes), 0, 0},
	{"bytes_retrans", WORD_UINT, IN(count.retrans_bytes), 0, 0},
	{"retrans", WORD_UINT, IN(count.retrans_segs), 0, 0},
	{"started", WORD_SECONDS, IN(handshake.first_ns), 0, 0},
	{"dup_syn", WORD_UINT, IN(handshake.dup_syn), 0, 0},
	{"dup_syn_ack", WORD_UINT, IN(handshake.dup_syn_ack), 0, 0},
	{"retry", WORD_UINT, IN(handshake.retry), 0, 0},
	{"outcome", WORD_NAME, IN(handshake.outcome), outcome_name, OUTCOME_COUNT},
	{"direction", WORD_NAME, IN(handshake.directions), direction_name, 4},
	{"conn_state", WORD_CHARS, IN(handshake.conn_state), 0, 0},
	{"icmp", WORD_CHARS, IN(handshake.icmp), 0, 0},
	{"dropped", WORD_UINT, IN(handshake.dropped), 0, 0},
	{"srtt", WORD_UINT, IN(count.srtt_us), 0, 0},
	{"min_rtt", WORD_UINT, IN(count.min_rtt_us), 0, 0},
	{"segs_in", WORD_UINT, IN(extra.segs_in), 0, 0},
	{"segs_out", WORD_UINT, IN(extra.segs_out), 0, 0},
	{"writes", WORD_UINT, IN(extra.write_calls), 0, 0},
	{"reads", WORD_UINT, IN(extra.read_calls), 0, 0},
	{"packets_in", WORD_UINT, IN(extra.in_packets), 0, 0},
	{"packets_out", WORD_UINT, IN(extra.out_packets), 0, 0},
	{"delayed_acks", WORD_UINT, IN(extra.delayed_acks), 0, 0},
	{"drops", WORD_UINT, IN(extra.drops), 0, 0},
	{"backlog", WORD_UINT, IN(extra.backlog), 0, 0},
	{"backlog_max", WORD_UINT, IN(extra.backlog_max), 0, 0},
	{"recv_q", WORD_UINT, IN(extra.receive_queue), 0, 0},
	{"send_q", WORD_UINT, IN(extra.send_queue), 0, 0},
	{"cwnd", WORD_UINT, IN(extra.cwnd), 0, 0},
	{"busy", WORD_UINT, IN(extra.busy_us), 0, 0},
	{"congestion", WORD_CHARS, IN(extra.congestion), 0, 0},
	{"dsack_dups", WORD_UINT, IN(extra.dsack_dups), 0, 0},
	{"rmem", WORD_UINT, IN(extra.rmem_bytes), .known = KNOWN_MEMORY},
	{"wmem", WORD_UINT, IN(extra.wmem_bytes), .known = KNOWN_MEMORY},
	{"rcvbuf", WORD_UINT, IN(extra.rcvbuf), .known = KNOWN_MEMORY},
	{"sndbuf", WORD_UINT, IN(extra.sndbuf), .known = KNOWN_MEMORY},
	{"since_snd", WORD_UINT, IN(extra.since_snd_ms), .known = KNOWN_SINCE_SND},
	{"since_rcv", WORD_UINT, IN(extra.since_rcv_ms), .known = KNOWN_SINCE_RCV},
	{"since_ack", WORD_UINT, IN(extra.since_ack_ms), .known = KNOWN_SINCE_ACK},
	{"snd_wnd", WORD_UINT, IN(extra.snd_wnd), .known = KNOWN_SND_WND},
	{"rcv_wnd", WORD_UINT, IN(extra.rcv_wnd), .known = KNOWN_RCV_WND},
	{"unacked", WORD_UINT, IN(extra.packets_out), .known = KNOWN_FLIGHT},
	{"notsent", WORD_UINT, IN(extra.notsent), .known = KNOWN_FLIGHT},
	{"ca_state", WORD_UINT, IN(extra.ca_state), .known = KNOWN_FLIGHT},
	{"probes_out", WORD_UINT, IN(extra.probes_out), .known = KNOWN_FLIGHT},
	{"pmtu", WORD_UINT, IN(extra.pmtu), .known = KNOWN_FLIGHT},
	{"pacing_rate", WORD_UINT, IN(extra.pacing_rate), .known = KNOWN_PACING},
	{"max_window", WORD_UINT, IN(extra.max_window), .known = KNOWN_SENDER},
	{"nonagle", WORD_UINT, IN(extra.nonagle), .known = KNOWN_SENDER},
	{"cwnd_limited", WORD_UINT, IN(extra.cwnd_limited), .known = KNOWN_SENDER},
	{"soft_error", WORD_UINT, IN(extra.soft_error), .known = KNOWN_SENDER},
	{"retrans_rto", WORD_UINT, IN(extra.retrans[CAUSE_RTO]), .known = KNOWN_CAUSES},
	{"retrans_slow_start", WORD_UINT, IN(extra.retrans[CAUSE_SLOW_START]),
	 .known = KNOWN_CAUSES},
	{"retrans_fast", WORD_UINT, IN(extra.retrans[CAUSE_FAST]), .known = KNOWN_CAUSES},
	{"retrans_tlp", WORD_UINT, IN(extra.retrans[CAUSE_TLP]), .known = KNOWN_CAUSES},
	{"retrans_syn", WORD_UINT, IN(extra.retrans[CAUSE_SYN]), .known = KNOWN_CAUSES},
	{"retrans_zwp", WORD_UINT, IN(extra.retrans[CAUSE_ZERO_WINDOW]), .known = KNOWN_CAUSES},
	{"retrans_pmtu", WORD_UINT, IN(extra.retrans[CAUSE_PMTU]), .known = KNOWN_CAUSES},
	{"retrans_other", WORD_UINT, IN(extra.retrans[CAUSE_OTHER]), .known = KNOWN_CAUSES},
	{"synack_retrans", WORD_UINT, IN(extra.synack_retrans), .known = KNOWN_CAUSES},
	{"undone", WORD_UINT, IN(extra.undone), .known = KNOWN_UNDO},
	{"holders", WORD_UINT, IN(extra.holders), .known = KNOWN_HOLDERS},
	{"reset_ttl", WORD_UINT, IN(extra.reset_ttl), .known = KNOWN_PACKETS},
	{"peer_ttl", WORD_UINT, IN(extra.peer_ttl), .known = KNOWN_PACKETS},
	{"redirected", WORD_UINT, IN(extra.redirected), .known = KNOWN_REDIRECTED},
	/* What verdicts are made of. */
	{"data_segs_out", WORD_UINT, IN(extra.data_segs_out), 0, 0},
	{"rwnd_limited", WORD_UINT, IN(extra.rwnd_limited_us), 0, 0},
	{"sndbuf_limited", WORD_UINT, IN(extra.sndbuf_limited_us), 0, 0},
	{"app_limited", WORD_UINT, IN(extra.app_limited), 0, 0},
	{"delivery_rate", WORD_UINT, IN(extra.delivery_rate), 0, 0},
	{"mss", WORD_UINT, IN(extra.mss), 0, 0},
	{"rto", WORD_UINT, IN(extra.rto_us), 0, 0},
	{"backoff", WORD_UINT, IN(extra.backoff), 0, 0},
	{"retransmits", WORD_UINT, IN(extra.retransmits), 0, 0},
	{"timer", WORD_UINT, IN(extra.timer), 0, 0},
	{"timer_ms", WORD_UINT, IN(extra.timer_ms), 0, 0},
};
_Static_assert(COUNT(words) <= REPLAY_WORDS_MAX, "line.given has room for each");

/*
 * No time is later than this after a clock, and no clock later than this after 1970, so that their
 * sum is nanoseconds in 63 bits: until 2115.
 */
#define SECONDS_MAX 4600000000

/* "1.25" to nanoseconds, without going through a float. */
static int parse_seconds(const char *text, size_t len, uint64_t *ret_ns)
{
	uint64_t whole = 0, part = 0, unit = 1000000000;
	size_t i = 0;

	if (!len || !isdigit((unsigned char)text[0]))
		return -EINVAL;
	for (; i < len && isdigit((unsigned char)text[i]); i++) {
		whole = whole * 10 + (uint64_t)(text[i] - '0');
		if (whole > SECONDS_MAX)
			return -ERANGE;
	}
	if (i < len && text[i] == '.')
		for (i++; i < len && isdigit((unsigned char)text[i]) && unit > 1; i++) {
			unit /= 10;
			part += unit * (uint64_t)(text[i] - '0');
		}
	if (i != len)
		return -EINVAL;
	*ret_ns = whole * 1000000000 + part;
	return 0;
}

/* "10.0.0.1:80" or "[::1]:80". */
static int parse_endpoint(const char *text, struct addr *ret_addr, uint16_t *ret_port)
{
	char host[64];
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0, at;
	uint64_t port;
	struct in_addr v4;

	if (!colon || len >= sizeof(host) || parse_uint(colon + 1, 0, 65535, &port, &at))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	if (host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		if (inet_pton(AF_INET6, host + 1, ret_addr->byte) != 1)
			return -EINVAL;
	} else if (inet_pton(AF_INET, host, &v4) == 1) {
		addr_set_v4(ret_addr, v4.s_addr);
	} else {
		return -EINVAL;
	}
	*ret_port = (uint16_t)port;
	return 0;
}

static int parse_name(const struct word *w, const char *text, uint8_t *ret)
{
	for (unsigned i = 0; i < w->names; i++)
		if (w->name(i) && !strcmp(w->name(i), text)) {
			*ret = (uint8_t)i;
			return 0;
		}
	return -EINVAL;
}

static void put_uint(void *field, size_t size, uint64_t n)
{
	if (size == 1)
		*(uint8_t *)field = (uint8_t)n;
	else if (size == 4)
		*(uint32_t *)field = (uint32_t)n;
	else
		*(uint64_t *)field = n;
}

static int parse_value(const struct word *w, const char *text, struct replay_line *line)
{
	char *field = (char *)line + w->offset;
	uint64_t n;
	size_t at;

	switch (w->type) {
	case WORD_UINT:
		if (parse_uint(text, 0, UINT64_MAX >> (64 - 8 * w->size), &n, &at))
			return -EINVAL;
		put_uint(field, w->size, n);
		return 0;
	case WORD_SECONDS:
		return parse_seconds(text, strlen(text), (uint64_t *)field);
	case WORD_CHARS:
		if (strlen(text) >= w->size)
			return -EINVAL;
		memcpy(field, text, strlen(text));
		return 0;
	case WORD_ENDPOINT:
		if (field == (char *)&line->ident.laddr)
			return parse_endpoint(text, &line->ident.laddr, &line->ident.lport);
		return parse_endpoint(text, &line->ident.raddr, &line->ident.rport);
	case WORD_NAME:
		return parse_name(w, text, (uint8_t *)field);
	}
	return -EINVAL;
}

static int parse_pair(char *pair, struct replay_line *line, const char **ret_why)
{
	char *value = strchr(pair, '=');

	*ret_why = "expected key=value";
	if (!value)
		return -EINVAL;
	*value++ = '\0';
	*ret_why = "no such key";
	for (size_t i = 0; i < COUNT(words); i++)
		if (!strcmp(words[i].key, pair)) {
			*ret_why = "this value does not fit the key";
			line->given[i] = true;
			return parse_value(&words[i], value, line);
		}
	return -EINVAL;
}

static int parse_kind(const char *word, uint8_t *ret)
{
	static const char *const kinds[] = {NULL,	 "open", "sample", "close", "time", "reset",
					    "handshake", "look", "all",	   "lost",  "cut"};

	_Static_assert(COUNT(kinds) == EV_KIND_COUNT, "one word per kind");
	for (uint8_t i = 1; i < COUNT(kinds); i++)
		if (!strcmp(kinds[i], word)) {
			*ret = i;
			return 0;
		}
	return -EINVAL;
}

static int parse_clock(const char *text, int64_t *ret_s)
{
	struct tm tm = {0};
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

	if (!end || *end)
		return -EINVAL;
	*ret_s = timegm(&tm);
	return *ret_s < 0 || *ret_s > SECONDS_MAX ? -ERANGE : 0;
}

/* What is about no flow names none. */
static unsigned words_before_pairs(const struct replay_line *line)
{
	__u8 kind = line->head.kind;

	return kind == EV_TIME || kind == EV_LOOK || kind == EV_ALL ? 2 : 3;
}

/* The words before the pairs, by position: time, kind, id. */
static int parse_position(unsigned position, const char *word, struct replay_line *line,
			  const char **ret_why)
{
	uint64_t id = 0;
	size_t at;
	int err;

	switch (position) {
	case 0:
		*ret_why = "expected a time in seconds, such as 1.5";
		err = parse_seconds(word, strlen(word), &line->time_ns);
		if (err == -ERANGE)
			*ret_why = "this time is beyond what a clock can show";
		return err;
	case 1:
		*ret_why = "expected open, sample, close, lost, cut, handshake, reset, look, all or time";
		return parse_kind(word, &line->head.kind);
	default:
		*ret_why = "expected the number of a flow";
		err = parse_uint(word, 1, UINT64_MAX, &id, &at);
		line->head.id = id;
		return err;
	}
}

int replay_line_parse(const char *text, struct replay_line *ret, const char **ret_why,
		      size_t *ret_at)
{
	char copy[LINES_LENGTH_MAX + 1], *save = NULL, *word;
	unsigned position = 0;
	int err = 0;

	*ret = (struct replay_line){0};
	*ret_at = 0;
	*ret_why = "the line is too long";
	if (strlen(text) >= sizeof(copy))
		return -EINVAL;
	strcpy(copy, text);
	for (word = strtok_r(copy, " \t\r\n", &save); word && !err;
	     word = strtok_r(NULL, " \t\r\n", &save), position++) {
		*ret_at = (size_t)(word - copy);
		if (!position && word[0] == '#')
			return 0;
		if (!position && !strcmp(word, "clock")) {
			word = strtok_r(NULL, " \t\r\n", &save);
			*ret_why =
				"expected a time such as 2026-11-21T09:00:00Z, from 1970 to 2115";
			return word && !parse_clock(word, &ret->clock_s) ? 1 : -EINVAL;
		}
		if (position < words_before_pairs(ret))
			err = parse_position(position, word, ret, ret_why);
		else
			err = parse_pair(word, ret, ret_why);
		if (err)
			return -EINVAL;
	}
	if (!position)
		return 0;
	*ret_why = "the line ends too early";
	*ret_at = strcspn(text, "\n");
	return position < words_before_pairs(ret) ? -EINVAL : 1;
}

void replay_line_apply(const struct replay_line *line, struct flow *flow, struct ev_extra *extra)
{
	struct replay_line now = {.count = flow->count, .ident = flow->ident, .extra = *extra};

	now.head.state = flow->state;
	for (size_t i = 0; i < COUNT(words); i++) {
		const struct word *w = &words[i];

		if (!line->given[i])
			continue;
		memcpy((char *)&now + w->offset, (const char *)line + w->offset, w->size);
		now.extra.known |= w->known;
	}
	if (now.head.state == ST_TIME_WAIT || now.head.state == ST_NEW_SYN_RECV)
		now.extra.known |= KNOWN_NO_COUNTERS;
	if (line->given[0])
		now.ident.lport = line->ident.lport;
	if (line->given[1])
		now.ident.rport = line->ident.rport;
	flow->state = now.head.state;
	flow->count = now.count;
	flow->ident = now.ident;
	*extra = now.extra;
}
