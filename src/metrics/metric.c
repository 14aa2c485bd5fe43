// SPDX-License-Identifier: BSD-2-Clause
#include "metrics/metric.h"

#include "abi/event.h"
#include "metrics/verdict_cells.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define VALUES(a) .values = (a), .count = COUNT(a)

static const char *const directions[] = {"transmit", "receive"};
static const char *const roles[] = {"client", "server", "unknown"};
/* The words of the columns state and end_reason. */
static const char *const states[] = {
	"",	 "established", "syn_sent", "syn_recv", "fin_wait1", "fin_wait2",    "time_wait",
	"close", "close_wait",	"last_ack", "listen",	"closing",   "new_syn_recv",
};
_Static_assert(COUNT(states) == ST_COUNT, "one word per state");
/* OpenTelemetry's, which has no word for the last. */
static const char *const otel_states[] = {
	"",	  "established", "syn_sent", "syn_received", "fin_wait_1", "fin_wait_2",   "time_wait",
	"closed", "close_wait",	 "last_ack", "listen",	     "closing",	   "new_syn_recv",
};
_Static_assert(COUNT(otel_states) == ST_COUNT, "one word per state");
static const char *const end_reasons[] = {
	"",	   "fin",	  "reset_sent", "reset_received", "timeout",
	"refused", "unreachable", "aborted",	"no_port",	  "unknown",
};
_Static_assert(COUNT(end_reasons) == END_COUNT, "one word per end reason");
/* Those of OpenTelemetry; without an error there is no label. */
static const char *const connect_errors[] = {
	"", "refused", "reset", "timed_out", "host_unreachable", "net_unreachable", "_OTHER",
};
_Static_assert(COUNT(connect_errors) == CONNECT_COUNT, "one word per outcome");
static const char *const causes[] = {
	"timeout",     "fast",	   "tail_loss_probe", "syn", "syn_ack",
	"zero_window", "path_mtu", "other",	      "",
};
_Static_assert(COUNT(causes) == RETRANS_COUNT, "one word per cause");

/* Seconds in the text, whole microseconds in the sums: so these are exact. */
#define RTT_BOUNDS                                                                                 \
	50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, \
		2500000
#define RTT_TEXTS                                                                            \
	"5e-05", "0.0001", "0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", \
		"0.05", "0.1", "0.25", "0.5", "1.0", "2.5"
static const uint64_t rtt_us[] = {RTT_BOUNDS, UINT64_MAX};
static const char *const rtt_text[] = {RTT_TEXTS, "+Inf"};
static const uint64_t handshake_us[] = {RTT_BOUNDS, 3000000, 7000000, 15000000, UINT64_MAX};
static const char *const handshake_text[] = {RTT_TEXTS, "3.0", "7.0", "15.0", "+Inf"};
static const uint64_t duration_us[] = {1000,	 10000,	    100000,	1000000,     10000000,
				       60000000, 600000000, 3600000000, 86400000000, UINT64_MAX};
static const char *const duration_text[] = {"0.001", "0.01",  "0.1",	"1.0",	   "10.0",
					    "60.0",  "600.0", "3600.0", "86400.0", "+Inf"};
_Static_assert(COUNT(rtt_us) == COUNT(rtt_text), "a text per bound");
_Static_assert(COUNT(handshake_us) == COUNT(handshake_text), "a text per bound");
_Static_assert(COUNT(duration_us) == COUNT(duration_text), "a text per bound");

#define BOUNDS(name) .bound_us = name##_us, .bound_text = name##_text, .bounds = COUNT(name##_us)
#define ROLE                                                     \
	{                                                        \
		"role", "network.tcp.handshake.role", VALUES(roles) \
	}

// clang-format off
const struct metric metrics[METRIC_COUNT] = {
	[METRIC_IO_BYTES] = {"tcpsight_io_bytes", "system.network.io", METRIC_COUNTER, "bytes",
		"bytes that applications sent and received, without headers and retransmissions",
		{{"direction", "network.io.direction", VALUES(directions)}}, .is_host = true},
	[METRIC_CONNECTIONS] = {"tcpsight_connections", "system.network.connection.count", METRIC_GAUGE, "",
		"connections that are there, by TCP state",
		{{"state", "network.connection.state", VALUES(states), otel_states}}, .thing = "{connection}"},
	[METRIC_OPENED] = {"tcpsight_connections_opened", NULL, METRIC_COUNTER, "",
		"connections whose beginning was seen, by who began them", {ROLE}, .is_host = true, .thing = "{connection}"},
	[METRIC_CLOSED] = {"tcpsight_connections_closed", NULL, METRIC_COUNTER, "",
		"connections that ended, and how",
		{ROLE, {"reason", "tcpsight.end_reason", VALUES(end_reasons)}}, .is_host = true, .thing = "{connection}"},
	[METRIC_CONNECT] = {"tcpsight_connect", NULL, METRIC_COUNTER, "",
		"attempts to connect from here; without a type of error: those that succeeded",
		{{"error_type", "error.type", VALUES(connect_errors)}}, .thing = "{attempt}"},
	[METRIC_HANDSHAKE] = {"tcpsight_handshake_seconds", "system.network.tcp.handshake.duration",
		METRIC_HISTOGRAM, "seconds", "time from the first SYN until the connection stood", {ROLE},
		BOUNDS(handshake)},
	[METRIC_DURATION] = {"tcpsight_connection_duration_seconds",
		"system.network.tcp.connection.duration", METRIC_HISTOGRAM, "seconds",
		"how old connections were when they ended", {ROLE}, BOUNDS(duration)},
	[METRIC_RTT] = {"tcpsight_rtt_seconds", "system.network.tcp.rtt.duration", METRIC_HISTOGRAM,
		"seconds", "smoothed round-trip time, once per connection and interval in which something "
		"was acknowledged, and at its end", BOUNDS(rtt)},
	[METRIC_RETRANS_SEGMENTS] = {"tcpsight_retransmitted_segments", NULL, METRIC_COUNTER, "",
		"segments that were sent again, and why", {{"type", "network.tcp.retransmit.type", VALUES(causes)}},
		.is_host = true, .thing = "{segment}"},
	[METRIC_RETRANS_BYTES] = {"tcpsight_retransmitted_bytes", NULL, METRIC_COUNTER, "bytes",
		"payload that was sent again", .is_host = true},
	[METRIC_SEGMENTS_SENT] = {"tcpsight_segments_sent", NULL, METRIC_COUNTER, "",
		"segments sent, those that were sent again included", .is_host = true, .thing = "{segment}"},
	[METRIC_VERDICTS] = {"tcpsight_verdicts", NULL, METRIC_GAUGE, "",
		"connections and listeners with which something is wrong, or which something limits, by the "
		"verdict of why", {{"verdict", "tcpsight.verdict", verdict_codes, VERDICT_CELLS}}, .thing = "{connection}"},
	[METRIC_LISTEN_QUEUE] = {"tcpsight_listen_queue", NULL, METRIC_GAUGE, "",
		"connections that wait to be accepted", .of_listeners = true, .thing = "{connection}"},
	[METRIC_LISTEN_LIMIT] = {"tcpsight_listen_queue_limit", NULL, METRIC_GAUGE, "",
		"how many may wait to be accepted", .of_listeners = true, .thing = "{connection}"},
	[METRIC_LISTEN_DROPS] = {"tcpsight_listen_drops", NULL, METRIC_COUNTER, "",
		"requests and connections that a listener dropped, mostly since its queue was full",
		.of_listeners = true, .thing = "{request}"},
};
// clang-format on

unsigned metric_closed_cell(enum metric_role role, unsigned end_reason)
{
	return (unsigned)role * END_COUNT + end_reason;
}

unsigned metric_cells(enum metric_id id)
{
	unsigned n = 1;

	for (unsigned i = 0; i < METRIC_DIMENSIONS_MAX && metrics[id].dimension[i].count; i++)
		n *= metrics[id].dimension[i].count;
	return n;
}

/* A counter; a gauge, and what it will be after this interval; a histogram's buckets, count, sum.
 */
unsigned metric_cell_size(enum metric_id id)
{
	return metrics[id].kind == METRIC_COUNTER ? 1
	       : metrics[id].kind == METRIC_GAUGE ? 2
						  : metrics[id].bounds + 2;
}

void metric_cell_values(const struct metric *m, unsigned cell, bool is_otel,
			const char *ret[METRIC_DIMENSIONS_MAX])
{
	for (unsigned i = METRIC_DIMENSIONS_MAX; i--;) {
		const struct dimension *d = &m->dimension[i];
		const char *const *values = is_otel && d->otel_values ? d->otel_values : d->values;

		ret[i] = d->count ? values[cell % d->count] : NULL;
		cell /= d->count ? d->count : 1;
		if (!ret[i])
			ret[i] = "";
	}
}
