// SPDX-License-Identifier: BSD-2-Clause
#include "engine/column.h"

#include <ctype.h>
#include <string.h>

#include "engine/clock.h"
#include "engine/column_extra.h"
#include "engine/column_flow.h"
#include "engine/column_group.h"
#include "engine/column_handshake.h"
#include "engine/column_host.h"
#include "engine/column_past.h"
#include "engine/column_verdict.h"
#include "engine/column_workload.h"
#include "engine/counter.h"
#include "util/cgroup.h"
#include "util/parse.h"

#define COLUMN(name) static struct value get_##name(const struct row *r)
/* A value that 0 marks as not known. */
#define KNOWN(n) ((n) ? value_uint(n) : value_none())

COLUMN(time)
{
	static _Thread_local char text[32];
	size_t len = clock_format_rfc3339(r->context->clock, r->time_ns, text);

	return value_part(text, len);
}

COLUMN(clock)
{
	static _Thread_local char text[16];
	size_t len = clock_format_hms(r->context->clock, r->time_ns, text);

	return value_part(text, len);
}

COLUMN(elapsed)
{
	return value_real((double)(r->time_ns - r->context->first_ns) / 1e9, 6);
}

COLUMN(pid)
{
	const struct ev_ident *id = row_part(r, SHARE_PROCESS);

	return id && id->owner_source ? value_uint(id->pid) : value_none();
}

COLUMN(comm)
{
	const struct ev_ident *id = row_part(r, SHARE_COMM);

	if (r->is_others)
		return value_text("(others)");
	return id && id->owner_source ? value_chars(id->comm, 16) : value_none();
}

COLUMN(thread)
{
	return r->ident && r->ident->owner_source ? value_chars(r->ident->thread, 16)
						  : value_none();
}

COLUMN(owner_source)
{
	return r->ident ? value_text(owner_source_name(r->ident->owner_source)) : value_none();
}

COLUMN(uid)
{
	if (!r->ident || !r->ident->family || r->ident->uid == UID_UNKNOWN)
		return value_none();
	return value_uint(r->ident->uid);
}

/* Of the traffic, not of the socket: a v4-mapped flow is IPv4. */
COLUMN(family)
{
	return r->ident ? value_uint(addr_is_v4(&r->ident->raddr) ? 4 : 6) : value_none();
}

COLUMN(laddr)
{
	const struct ev_ident *id = row_part(r, SHARE_LADDR);

	return id ? (struct value){.type = VALUE_ADDR, .addr = &id->laddr} : value_none();
}

COLUMN(raddr)
{
	const struct ev_ident *id = row_part(r, SHARE_RADDR);

	return id ? (struct value){.type = VALUE_ADDR, .addr = &id->raddr} : value_none();
}

COLUMN(lport)
{
	const struct ev_ident *id = row_part(r, SHARE_LPORT);

	return id ? value_uint(id->lport) : value_none();
}

COLUMN(rport)
{
	const struct ev_ident *id = row_part(r, SHARE_RPORT);

	return id ? value_uint(id->rport) : value_none();
}

COLUMN(local)
{
	if (!r->ident)
		return value_none();
	return (struct value){
		.type = VALUE_ENDPOINT, .addr = &r->ident->laddr, .port = r->ident->lport};
}

COLUMN(remote)
{
	if (!r->ident)
		return value_none();
	return (struct value){
		.type = VALUE_ENDPOINT, .addr = &r->ident->raddr, .port = r->ident->rport};
}

/* A request that is no socket yet is in SYN_RECV for all but the kernel's own code. */
COLUMN(state)
{
	uint8_t state = r->state == ST_NEW_SYN_RECV ? ST_SYN_RECV : r->state;

	return r->id || r->shares & SHARE_STATE ? value_text(state_name(state)) : value_none();
}

COLUMN(role)
{
	return r->ident ? value_text(role_name(r->ident->role)) : value_none();
}

/* Of what was counted: not known of a socket that has no counters. */
static struct value moved(const struct row *r, uint64_t n)
{
	return r->extra && r->extra->known & KNOWN_NO_COUNTERS ? value_none() : value_uint(n);
}

COLUMN(tx_bytes)
{
	return moved(r, r->count.tx_bytes);
}

COLUMN(rx_bytes)
{
	return moved(r, r->count.rx_bytes);
}

COLUMN(acked_bytes)
{
	return moved(r, r->count.acked_bytes);
}

COLUMN(bytes)
{
	return moved(r, r->count.tx_bytes + r->count.rx_bytes);
}

/* In the directions and the unit that the report was asked for. */
COLUMN(amount)
{
	const struct row_context *c = r->context;
	uint64_t bytes = (c->skip_tx ? 0 : r->count.tx_bytes) + (c->skip_rx ? 0 : r->count.rx_bytes);

	return moved(r, bytes * (c->amount_times ? c->amount_times : 1) /
			  (c->amount_per ? c->amount_per : 1));
}

COLUMN(tx_kb)
{
	return moved(r, r->count.tx_bytes / 1024);
}

COLUMN(rx_kb)
{
	return moved(r, r->count.rx_bytes / 1024);
}

COLUMN(acked_kb)
{
	return moved(r, r->count.acked_bytes / 1024);
}

/*
 * From the end of the handshake on, or from the SYN if there was none; of an adopted flow not
 * known.
 */
static uint64_t age_ns(const struct row *r)
{
	uint64_t from = r->ident->established_ns ? r->ident->established_ns : r->ident->open_ns;

	return from && r->time_ns > from ? r->time_ns - from : 0;
}

/* Of one that was missed, only that it was: not when it went. */
COLUMN(duration_us)
{
	if (!r->ident || r->end_reason == END_UNKNOWN || r->ident->seen != SEEN_OPEN || !r->ident->open_ns)
		return value_none();
	return value_uint(age_ns(r) / 1000);
}

/* As the seed prints it; a flow whose beginning we missed shows how long we have seen it, and a plus. */
COLUMN(ms)
{
	static _Thread_local char text[VALUE_TEXT_MAX + 1];
	struct value ms;
	const char *formatted;
	size_t len;

	if (!r->ident || r->end_reason == END_UNKNOWN)
		return value_none();
	ms = value_real((double)(age_ns(r) / 1000) / 1000.0, 2);
	if (r->ident->seen == SEEN_OPEN)
		return ms;
	len = value_format(&ms, text, &formatted);
	text[len++] = '+';
	return value_part(text, len);
}

COLUMN(seen)
{
	if (!r->ident)
		return value_none();
	return value_text(seen_name(r->ident->seen));
}

COLUMN(handshake_us)
{
	return r->ident ? KNOWN(r->ident->handshake_us) : value_none();
}

COLUMN(srtt_us)
{
	return KNOWN(r->count.srtt_us);
}

COLUMN(min_rtt_us)
{
	return KNOWN(r->count.min_rtt_us);
}

COLUMN(retrans)
{
	return moved(r, r->count.retrans_segs);
}

COLUMN(bytes_retrans)
{
	return moved(r, r->count.retrans_bytes);
}

COLUMN(cgroup)
{
	if (!r->ident || !r->ident->cgroup_id)
		return value_none();
	return value_text(cgroup_path(r->context->cgroups, r->ident->cgroup_id));
}

COLUMN(cgroup_id)
{
	/* Above it, of recordings of several hosts, is which one. */
	return r->ident ? KNOWN(r->ident->cgroup_id & ((1ull << EV_CGROUP_HOST_SHIFT) - 1)) : value_none();
}

COLUMN(netns)
{
	return r->ident ? KNOWN(r->ident->netns) : value_none();
}

COLUMN(cookie)
{
	if (!r->id || !r->ident || !r->ident->family)
		return value_none();
	return value_uint(r->id & ((1ull << EV_ID_HOST_SHIFT) - 1));
}

COLUMN(end_reason)
{
	return value_text(end_reason_name(r->end_reason));
}

COLUMN(error)
{
	return r->error ? value_text(strerrorname_np((int)r->error)) : value_none();
}

COLUMN(subnet)
{
	return value_text(r->group);
}

COLUMN(prefix)
{
	return value_text(r->prefix);
}

COLUMN(flows)
{
	return value_uint(r->flows);
}

COLUMN(scope)
{
	return value_text(r->is_host ? "host" : r->is_others ? "others" : "sockets");
}

COLUMN(congestion)
{
	if (!r->counters || r->is_host || !r->counters->congestion[0])
		return value_none();
	return value_chars(r->counters->congestion, 16);
}

static struct value counter_value(const struct row *r, enum counter_id id)
{
	if (!r->counters || !(r->counters->known & (1ull << id)))
		return value_none();
	if (r->counters->value[id] < 0)
		return (struct value){.type = VALUE_INT, .i = r->counters->value[id]};
	return value_uint((uint64_t)r->counters->value[id]);
}

#define COUNTER(name, ...) COLUMN(name) { return counter_value(r, COUNTER_##name); }
#include "engine/counters.def"

// clang-format off
#define C(n, title, unit, width, needs, help) {#n, title, unit, help, width, needs, get_##n}
#define H(n, title, unit, width, needs, help) {#n, title, unit, help, width, needs, column_##n}
const struct column columns[] = {
	C(time,		"TIME",		"",	-27, 0,	"when, RFC 3339, UTC, microseconds"),
	C(clock,	"TIME",		"",	-8, 0,	"when, HH:MM:SS, local time"),
	C(elapsed,	"TIME(s)",	"s",	-9, 0,	"seconds since the first row"),
	C(pid,		"PID",		"",	-7, NEED_OWNER,	"process that owns the flow (initial PID namespace)"),
	C(comm,		"COMM",		"",	-16, NEED_OWNER, "name of the process"),
	C(thread,	"THREAD",	"",	-16, NEED_OWNER, "name of the thread that connected, listened or closed"),
	C(owner_source,	"OWNER",	"",	-7, NEED_OWNER,	"how the owner is known: connect accept listen files close none"),
	C(uid,		"UID",		"",	5, 0,	"user of the socket"),
	C(family,	"IP",		"",	-2, 0,	"4 or 6; a v4-mapped flow is 4"),
	C(laddr,	"LADDR",	"",	-15, 0,	"local address"),
	C(lport,	"LPORT",	"",	-5, 0,	"local port"),
	C(raddr,	"RADDR",	"",	-15, 0,	"remote address"),
	C(rport,	"RPORT",	"",	-5, 0,	"remote port"),
	C(local,	"LADDR",	"",	-21, 0,	"local address:port"),
	C(remote,	"RADDR",	"",	-21, 0,	"remote address:port"),
	C(state,	"STATE",	"",	-11, 0,	"TCP state; of a closed flow the last one before CLOSE"),
	C(role,		"ROLE",		"",	-7, 0,	"connect or accept: which side this is"),
	C(tx_bytes,	"TX",		"B",	12, 0,	"bytes that the application wrote"),
	C(rx_bytes,	"RX",		"B",	12, 0,	"bytes received in order"),
	C(acked_bytes,	"ACKED",	"B",	12, 0,	"of tx_bytes: acknowledged by the peer"),
	C(bytes,	"BYTES",	"B",	12, 0,	"tx_bytes + rx_bytes"),
	C(amount,	"AMOUNT",	"",	12, 0,	"bytes of --direction, in the unit of -f, rounded down"),
	C(tx_kb,	"TX_KB",	"KiB",	6, 0,	"tx_bytes / 1024, rounded down"),
	C(rx_kb,	"RX_KB",	"KiB",	6, 0,	"rx_bytes / 1024, rounded down"),
	C(acked_kb,	"TX_KB",	"KiB",	6, 0,	"acked_bytes / 1024, rounded down"),
	C(duration_us,	"DURATION",	"us",	10, 0,	"since the handshake, or since the SYN if there was none; not known of adopted flows and unknown ends"),
	C(ms,		"MS",		"ms",	-9, 0,	"duration; with a plus: at least this, the flow is older than the tool"),
	C(seen,		"SEEN",		"",	-7, 0,	"open: from its start; adopted: it was there before"),
	C(handshake_us,	"HANDSHAKE",	"us",	9, 0,	"SYN to SYN/ACK (connect), SYN/ACK to ACK (accept)"),
	C(srtt_us,	"SRTT",		"us",	8, 0,	"smoothed round-trip time"),
	C(min_rtt_us,	"MIN_RTT",	"us",	8, 0,	"least round-trip time"),
	C(retrans,	"RETRANS",	"seg",	7, 0,	"segments sent again, SYN included"),
	C(bytes_retrans, "RETRANS_B",	"B",	9, 0,	"bytes sent again"),
	C(cgroup,	"CGROUP",	"",	-24, NEED_CGROUPS,	"cgroup v2 of the socket, a path below the mount"),
	C(cgroup_id,	"CGROUP_ID",	"",	9, 0,	"the same as a number"),
	H(unit,		"UNIT",		"",	-24, NEED_CGROUPS,	"systemd unit of the socket, as its cgroup tells"),
	H(container,	"CONTAINER",	"",	-23, NEED_CGROUPS,	"its container, likewise: runtime, and id or name"),
	H(pod,		"POD",		"",	-36, NEED_CGROUPS,	"its Kubernetes pod, likewise: the uid"),
	C(netns,	"NETNS",	"",	10, 0,	"network namespace, its inode number"),
	C(cookie,	"COOKIE",	"",	8, 0,	"the kernel's number of the socket (SO_COOKIE)"),
	H(community_id,	"COMMUNITY_ID",	"",	-30, 0,	"Community ID, version 1 with seed 0, as Zeek and Suricata log it"),
	C(end_reason,	"END",		"",	-14, NEED_ICMP,	"fin reset_sent reset_received timeout refused unreachable aborted no_port unknown"),
	C(error,	"ERROR",	"",	-12, NEED_ICMP,	"errno that the socket ended with"),
	C(subnet,	"SUBNET",	"",	-21, 0,	"name of the subnet that the flows belong to"),
	C(prefix,	"PREFIX",	"",	-21, 0,	"its first prefix, as typed"),
#include "engine/columns_flow.def"
#include "engine/columns_past.def"
#include "engine/columns_handshake.def"
	C(flows,	"FLOWS",	"",	6, 0,	"number of flows summed up in the row"),
	H(group,	"GROUP",	"",	-21, 0,	"of flows that are summed up: what they have in common"),
	H(port,		"PORT",		"",	-7, 0,	"port of the service: the local one of accepted flows, the remote one of others"),
	H(busiest,	"BUSIEST",	"",	-21, 0,	"of a group: the peer of the flow that moved most, address:port"),
	H(busiest_pid,	"BUSY_PID",	"",	8, NEED_OWNER, "of a group: process of the flow that moved most"),
	H(busiest_comm,	"BUSY_COMM",	"",	-16, NEED_OWNER, "of a group: name of the process of the flow that moved most"),
	/* Of stat. */
	C(scope,	"SCOPE",	"",	-7, 0,	"sockets, others that found no place within --max-flows, or host for what the kernel counts for no socket"),
#include "engine/columns_extra.def"
	H(pacing_rate,	"PACING",	"B/s",	11, NEED_EXTRA,	"rate at which the kernel paces; empty if it does not"),
	H(redirected,	"REDIR",	"",	5, NEED_EXTRA,	"1: in a sockmap, which may pass payload on past TCP, in no count; of a closed one known only if seen before"),
	H(holders,	"HOLDERS",	"",	7, NEED_EXTRA | NEED_OWNER | NEED_HOLDERS, "how many processes have the socket open; pid and comm are one of them"),
	H(synack_retrans, "SYNACK_RTX",	"seg",	10, NEED_EXTRA | NEED_CAUSES, "SYN/ACKs sent again: before a connection was accepted; of a listener, to all"),
	H(pmtu,		"PMTU",		"B",	6, NEED_EXTRA,	"largest packet that the path is known to take"),
	/* What is wrong with it. */
	H(verdict,	"VERDICT",	"",	-18, NEED_VERDICT, "what is wrong with it, or what limits it, as a word: see tcpsight-why(8)"),
	H(severity,	"SEVERITY",	"",	-8, NEED_VERDICT, "of the verdict: fine watch slow stalled failed"),
	H(limited_by,	"LIMITED_BY",	"",	-15, NEED_VERDICT, "application receiver_window network send_buffer reader handshake nothing"),
	H(certainty,	"CERTAINTY",	"",	-9, NEED_VERDICT, "measured: the kernel's state says so; inferred: it fits best"),
	H(also,		"ALSO",		"",	-18, NEED_VERDICT, "verdicts that hold too, and are no worse"),
	H(basis,	"BASIS",	"",	-8, NEED_VERDICT, "what was judged: the interval, or its life"),
	H(sentence,	"SENTENCE",	"",	-60, NEED_VERDICT, "the verdict in words, with its figures"),
	H(evidence,	"EVIDENCE",	"",	-40, NEED_VERDICT, "the figures behind it, as an object of JSON"),
	H(next,		"NEXT",		"",	-40, NEED_VERDICT, "what to look at then"),
	C(congestion,	"Congestion control",	"",	-10, NEED_EXTRA, "congestion control algorithm"),
#define COUNTER(name, block, title, kind, seed, needs, hook, meaning, limit) \
	{#name, NULL, "", meaning, 12, NEED_EXTRA | (needs), get_##name},
#include "engine/counters.def"
};
// clang-format on
const size_t column_count = sizeof(columns) / sizeof(columns[0]);

const struct column *column_find(const char *name, size_t name_len)
{
	for (size_t i = 0; i < column_count; i++)
		if (strlen(columns[i].name) == name_len && !memcmp(columns[i].name, name, name_len))
			return &columns[i];
	return NULL;
}

const char *column_title(const struct column *column, char *buf)
{
	size_t i = 0;

	if (column->title)
		return column->title;
	for (; column->name[i] && i < COLUMN_TITLE_SIZE - 1; i++)
		buf[i] = (char)toupper((unsigned char)column->name[i]);
	buf[i] = '\0';
	return buf;
}

const struct column *column_nearest(const char *name)
{
	const char *names[sizeof(columns) / sizeof(columns[0])];
	const char *nearest;

	for (size_t i = 0; i < column_count; i++)
		names[i] = columns[i].name;
	nearest = parse_nearest(name, names, column_count);
	return nearest ? column_find(nearest, strlen(nearest)) : NULL;
}
