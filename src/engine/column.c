// SPDX-License-Identifier: BSD-2-Clause
#include "engine/column.h"

#include <string.h>

#include "engine/clock.h"
#include "engine/column_extra.h"
#include "engine/column_handshake.h"
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

	return value_chars(text, len);
}

COLUMN(clock)
{
	static _Thread_local char text[16];
	size_t len = clock_format_hms(r->context->clock, r->time_ns, text);

	return value_chars(text, len);
}

COLUMN(elapsed)
{
	return value_real((double)(r->time_ns - r->context->first_ns) / 1e9, 6);
}

COLUMN(pid)
{
	return r->ident && r->ident->owner_source ? value_uint(r->ident->pid) : value_none();
}

COLUMN(comm)
{
	return r->ident && r->ident->owner_source ? value_chars(r->ident->comm, 16) : value_none();
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
	if (!r->ident)
		return value_none();
	return (struct value){.type = VALUE_ADDR, .addr = &r->ident->laddr};
}

COLUMN(raddr)
{
	if (!r->ident)
		return value_none();
	return (struct value){.type = VALUE_ADDR, .addr = &r->ident->raddr};
}

COLUMN(lport)
{
	return r->ident ? value_uint(r->ident->lport) : value_none();
}

COLUMN(rport)
{
	return r->ident ? value_uint(r->ident->rport) : value_none();
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

COLUMN(state)
{
	return r->id ? value_text(state_name(r->state)) : value_none();
}

COLUMN(role)
{
	return r->ident ? value_text(role_name(r->ident->role)) : value_none();
}

COLUMN(tx_bytes)
{
	return value_uint(r->count.tx_bytes);
}

COLUMN(rx_bytes)
{
	return value_uint(r->count.rx_bytes);
}

COLUMN(acked_bytes)
{
	return value_uint(r->count.acked_bytes);
}

COLUMN(bytes)
{
	return value_uint(r->count.tx_bytes + r->count.rx_bytes);
}

/* In the directions and the unit that the report was asked for. */
COLUMN(amount)
{
	const struct row_context *c = r->context;
	uint64_t bytes = (c->skip_tx ? 0 : r->count.tx_bytes) + (c->skip_rx ? 0 : r->count.rx_bytes);

	return value_uint(bytes * (c->amount_times ? c->amount_times : 1) /
			  (c->amount_per ? c->amount_per : 1));
}

COLUMN(tx_kb)
{
	return value_uint(r->count.tx_bytes / 1024);
}

COLUMN(rx_kb)
{
	return value_uint(r->count.rx_bytes / 1024);
}

COLUMN(acked_kb)
{
	return value_uint(r->count.acked_bytes / 1024);
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

COLUMN(duration_us)
{
	if (!r->ident || r->ident->seen != SEEN_OPEN || !r->ident->open_ns)
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

	if (!r->ident)
		return value_none();
	ms = value_real((double)(age_ns(r) / 1000) / 1000.0, 2);
	if (r->ident->seen == SEEN_OPEN)
		return ms;
	len = value_format(&ms, text, &formatted);
	text[len++] = '+';
	return value_chars(text, len);
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
	return r->ident ? KNOWN(r->count.srtt_us) : value_none();
}

COLUMN(min_rtt_us)
{
	return r->ident ? KNOWN(r->count.min_rtt_us) : value_none();
}

COLUMN(retrans)
{
	return value_uint(r->count.retrans_segs);
}

COLUMN(bytes_retrans)
{
	return value_uint(r->count.retrans_bytes);
}

COLUMN(cgroup)
{
	if (!r->ident || !r->ident->cgroup_id)
		return value_none();
	return value_text(cgroup_path(r->context->cgroups, r->ident->cgroup_id));
}

COLUMN(cgroup_id)
{
	return r->ident ? KNOWN(r->ident->cgroup_id) : value_none();
}

COLUMN(netns)
{
	return r->ident ? KNOWN(r->ident->netns) : value_none();
}

COLUMN(cookie)
{
	if (!r->id || !r->ident || !r->ident->family)
		return value_none();
	return value_uint(r->id & ((1ull << EV_ID_COOKIE_BITS) - 1));
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
	return value_text(r->group && !r->ident ? r->group : "sockets");
}

COLUMN(congestion)
{
	if (!r->counters || !r->ident || !r->counters->congestion[0])
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
	C(duration_us,	"DURATION",	"us",	10, 0,	"since the handshake, or since the SYN if there was none; unknown for adopted flows"),
	C(ms,		"MS",		"ms",	-9, 0,	"duration; with a plus: at least this, the flow is older than the tool"),
	C(seen,		"SEEN",		"",	-7, 0,	"open: from its start; adopted: it was there before"),
	C(handshake_us,	"HANDSHAKE",	"us",	9, 0,	"SYN to SYN/ACK (connect), SYN/ACK to ACK (accept)"),
	C(srtt_us,	"SRTT",		"us",	8, 0,	"smoothed round-trip time"),
	C(min_rtt_us,	"MIN_RTT",	"us",	8, 0,	"least round-trip time"),
	C(retrans,	"RETRANS",	"seg",	7, 0,	"segments sent again, SYN included"),
	C(bytes_retrans, "RETRANS_B",	"B",	9, 0,	"bytes sent again"),
	C(cgroup,	"CGROUP",	"",	-24, NEED_CGROUPS,	"cgroup v2 of the socket, a path below the mount"),
	C(cgroup_id,	"CGROUP_ID",	"",	9, 0,	"the same as a number"),
	C(netns,	"NETNS",	"",	10, 0,	"network namespace, its inode number"),
	C(cookie,	"COOKIE",	"",	8, 0,	"the kernel's number of the socket (SO_COOKIE)"),
	C(end_reason,	"END",		"",	-14, NEED_ICMP,	"fin reset_sent reset_received timeout refused unreachable aborted no_port unknown"),
	C(error,	"ERROR",	"",	-12, NEED_ICMP,	"errno that the socket ended with"),
	C(subnet,	"SUBNET",	"",	-21, 0,	"name of the subnet that the flows belong to"),
	C(prefix,	"PREFIX",	"",	-21, 0,	"its first prefix, as typed"),
	H(started,	"STARTED",	"",	-27, 0,	"of a handshake: its first SYN, RFC 3339, UTC, microseconds"),
	H(direction,	"DIR",		"",	-4, 0,	"of a handshake: rx to this host, tx from it, both"),
	H(client_addr,	"CLIENT",	"",	-15, 0,	"of a handshake: who sent the SYN"),
	H(client_port,	"CPORT",	"",	-5, 0,	"of a handshake: port of the client"),
	H(server_addr,	"SERVER",	"",	-15, 0,	"of a handshake: whom it was sent to"),
	H(server_port,	"SPORT",	"",	-5, 0,	"of a handshake: port of the server"),
	H(outcome,	"OUTCOME",	"",	-11, 0,	"of a handshake: established rejected aborted unreachable timed_out pending superseded; of source bpf also overflow gone not_sent listen_drop"),
	H(dup_syn,	"DUP_SYN",	"seg",	7, 0,	"of a handshake: SYNs sent again"),
	H(dup_syn_ack,	"DUP_SA",	"seg",	6, 0,	"of a handshake: SYN/ACKs sent again"),
	H(retry,	"RETRY",	"",	5, 0,	"of a handshake: 1 if its SYN was there before, in one that failed"),
	H(conn_state,	"STATE",	"",	-6, 0,	"of a handshake: conn_state in Zeek's words"),
	H(dropped,	"DROPPED",	"",	7, 0,	"of a listen_drop: how many SYNs and ACKs the listener dropped since its last row"),
	H(icmp,		"ICMP",		"",	-20, 0,	"of a handshake: the ICMP error that was met"),
	C(flows,	"FLOWS",	"",	6, 0,	"number of flows summed up in the row"),
	/* Of stat. */
	C(scope,	"SCOPE",	"",	-7, 0,	"sockets, or host for what the kernel counts for no socket"),
	H(timer,	"TIMER",	"",	-9, NEED_EXTRA, "on (retransmission), keepalive, persist (zero window), or empty"),
	H(timer_ms,	"TIMER_MS",	"ms",	8, NEED_EXTRA, "until the timer runs out"),
	H(retransmits,	"RETRANSMITS",	"",	11, NEED_EXTRA,	"timeouts of the same data in a row"),
	H(rmem_bytes,	"RMEM",		"B",	9, NEED_EXTRA,	"memory of the receive queue, overhead included"),
	H(wmem_bytes,	"WMEM",		"B",	9, NEED_EXTRA,	"memory of the send queue, overhead included"),
	H(since_snd_ms,	"SINCE_SND",	"ms",	9, NEED_EXTRA,	"since payload was sent; before any, since the handshake"),
	H(since_rcv_ms,	"SINCE_RCV",	"ms",	9, NEED_EXTRA,	"since payload was received; before any, since the handshake"),
	H(since_ack_ms,	"SINCE_ACK",	"ms",	9, NEED_EXTRA,	"since an acknowledgement was received"),
	H(ca_state,	"CA_STATE",	"",	-8, NEED_EXTRA,	"of the congestion control: open disorder cwr recovery loss"),
	H(snd_wnd,	"SND_WND",	"B",	8, NEED_EXTRA,	"window that the peer offers"),
	H(rcv_wnd,	"RCV_WND",	"B",	8, NEED_EXTRA,	"window that is offered to the peer"),
	H(notsent,	"NOTSENT",	"B",	8, NEED_EXTRA,	"bytes written that were never sent yet"),
	H(unacked,	"UNACKED",	"seg",	7, NEED_EXTRA,	"segments sent that are not acknowledged"),
	H(pacing_rate,	"PACING",	"B/s",	11, NEED_EXTRA,	"rate at which the kernel paces; empty if it does not"),
	H(redirected,	"REDIR",	"",	5, NEED_EXTRA,	"1: in a sockmap, which may pass payload on past TCP, in no count; of a closed one known only if seen before"),
	H(holders,	"HOLDERS",	"",	7, NEED_EXTRA | NEED_OWNER | NEED_HOLDERS, "how many processes have the socket open; pid and comm are one of them"),
	H(synack_retrans, "SYNACK_RTX",	"seg",	10, NEED_EXTRA | NEED_CAUSES, "SYN/ACKs sent again: before a connection was accepted; of a listener, to all"),
	H(pmtu,		"PMTU",		"B",	6, NEED_EXTRA,	"largest packet that the path is known to take"),
	C(congestion,	"Congestion control",	"",	-10, NEED_EXTRA, "congestion control algorithm"),
#define COUNTER(name, block, title, kind, seed, needs, hook, meaning, limit) \
	{#name, title, "", meaning, 12, NEED_EXTRA | (needs), get_##name},
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

const struct column *column_nearest(const char *name)
{
	const char *names[sizeof(columns) / sizeof(columns[0])];
	const char *nearest;

	for (size_t i = 0; i < column_count; i++)
		names[i] = columns[i].name;
	nearest = parse_nearest(name, names, column_count);
	return nearest ? column_find(nearest, strlen(nearest)) : NULL;
}
