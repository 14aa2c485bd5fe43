// SPDX-License-Identifier: BSD-2-Clause
#include "fleet/questions.h"

#include <inttypes.h>

#define DAY_S 86400
/*
 * Both ends of a connection have ended within so long; longer if a side waits for the last of the
 * other. A pair of ports that was used again within it is told apart by when it ended.
 */
#define ENDS_APART_US 5000000

const char *const fleet_question_words[] = {"hosts", "map", "who", "joined", "verdicts", NULL};

static void add_span(const struct fleet_ask *a, int64_t from_s, int64_t to_s, const char *table,
		     struct sql *q)
{
	sql_add(q, " FROM %s.%s WHERE day >= toDate(%u) AND day <= toDate(%u)", a->database, table,
		(unsigned)(from_s / DAY_S), (unsigned)((to_s - 1) / DAY_S));
	sql_add(q, " AND time >= toDateTime(%u) AND time < toDateTime(%u)", (unsigned)from_s,
		(unsigned)to_s);
}

static void of_span(const struct fleet_ask *a, const char *table, struct sql *q)
{
	add_span(a, a->from_s, a->to_s, table, q);
}

static void hosts(const struct fleet_ask *a, struct sql *q)
{
	sql_add(q,
		"SELECT host, uniqExact(time) AS minutes, sum(flows) AS closed, sum(fails) AS failed,"
		" max(live) AS live_max, sum(lost) AS lost_rows, any(version) AS tcpsight, any(kernel) AS kernel");
	of_span(a, "host_minute", q);
	sql_add(q, " GROUP BY host ORDER BY host");
}

/* The same of both tables: what moved in the span, of flows that ended and of those that live. */
static void add_moved(const struct fleet_ask *a, const char *what, const char *where,
		      const struct fleet_options *o, struct sql *q)
{
	for (unsigned i = 0; i < 2; i++) {
		sql_add(q, "%sSELECT %s, ", i ? " UNION ALL " : "(", what);
		sql_add(q,
			i ? "tx AS t, rx AS r, resent AS s, materialize(toUInt8(0)) AS n, materialize(toUInt8(0)) AS f"
			  : "in_volume ? 0 : tx_bytes AS t, in_volume ? 0 : rx_bytes AS r,"
			    " in_volume ? 0 : retrans AS s, materialize(toUInt8(1)) AS n,"
			    " end_reason NOT IN ('none', 'fin', 'unknown') AS f");
		of_span(a, i ? "flow_volume" : "flow_closed", q);
		sql_add(q, "%s", where);
		if (o && o->port)
			sql_add(q,
				" AND ((role = 'connect' AND rport = %u) OR (role = 'accept' AND lport = %u))",
				o->port, o->port);
		if (!o || !o->has_addr)
			continue;
		sql_add(q, " AND ((role = 'connect' AND raddr = ");
		sql_add_addr(q, &o->addr, a->is_modern);
		sql_add(q, ") OR (role = 'accept' AND laddr = ");
		sql_add_addr(q, &o->addr, a->is_modern);
		sql_add(q, "))");
	}
	sql_add(q, ")");
}

static void map(const struct fleet_ask *a, uint64_t rows, struct sql *q)
{
	sql_add(q, "SELECT host, comm, role, IPv6NumToString(raddr) AS peer, port,"
		   " sum(n) AS closed, sum(f) AS failed,"
		   " sum(t) AS tx_bytes, sum(r) AS rx_bytes, sum(s) AS retrans FROM ");
	add_moved(a, "host, comm, role, raddr, role = 'connect' ? rport : lport AS port",
		  " AND role IN ('connect', 'accept')", NULL, q);
	sql_add(q,
		" GROUP BY host, comm, role, raddr, port ORDER BY tx_bytes + rx_bytes DESC, host, comm LIMIT %" PRIu64,
		rows);
}

/* As either side saw it: clients that report, and what servers that report say of clients. */
static void who(const struct fleet_ask *a, const struct fleet_options *o, uint64_t rows,
		struct sql *q)
{
	sql_add(q,
		"SELECT IPv6NumToString(client) AS client, IPv6NumToString(server) AS server, port, seen_by,"
		" comm, sum(n) AS closed, sum(f) AS failed,"
		" sum(t) AS tx_bytes, sum(r) AS rx_bytes, sum(s) AS retrans FROM ");
	add_moved(
		a,
		"role = 'connect' ? laddr : raddr AS client, role = 'connect' ? raddr : laddr AS server,"
		" role = 'connect' ? rport : lport AS port,"
		" concat(role = 'connect' ? 'client ' : 'server ', host) AS seen_by, comm",
		" AND role IN ('connect', 'accept')", o, q);
	sql_add(q,
		" GROUP BY client, server, port, seen_by, comm ORDER BY tx_bytes + rx_bytes DESC, client, seen_by LIMIT %" PRIu64,
		rows);
}

static void add_side(const struct fleet_ask *a, bool is_client, struct sql *q)
{
	/* The other side may have ended a little earlier or later. */
	sql_add(q,
		is_client
			? "(SELECT laddr AS ca, lport AS cp, raddr AS sa, rport AS sp, run AS c_run, id AS c_id,"
			  " host AS c_host, comm AS c_comm, pid AS c_pid, time_us AS c_us, tx_bytes AS c_sent,"
			  " rx_bytes AS c_got, retrans AS c_again, srtt_us AS c_rtt,"
			  " toString(end_reason) AS c_how"
			: "(SELECT raddr AS ca, rport AS cp, laddr AS sa, lport AS sp,"
			  " host AS s_host, comm AS s_comm, pid AS s_pid, time_us AS s_us, tx_bytes AS s_sent,"
			  " rx_bytes AS s_got, retrans AS s_again, srtt_us AS s_rtt,"
			  " toString(end_reason) AS s_how");
	if (is_client)
		of_span(a, "flow_closed", q);
	else
		add_span(a, a->from_s - ENDS_APART_US / 1000000, a->to_s + ENDS_APART_US / 1000000,
			 "flow_closed", q);
	/* Current releases want a name for each side of a JOIN. */
	sql_add(q, " AND role = '%s') AS %s", is_client ? "connect" : "accept",
		is_client ? "c" : "s");
}

/*
 * A row for each connection that a client's host saw end, with the server's side of it. If there is
 * none under these addresses, `server_host` says so: somebody on the way translates them, or the
 * server's host does not report. Which of the two, nobody can tell from here, so it is not guessed.
 */
static void joined(const struct fleet_ask *a, uint64_t rows, struct sql *q)
{
	sql_add(q,
		"SELECT c_host AS client_host, c_comm AS client, c_pid AS client_pid,"
		" IPv6NumToString(ca) AS client_addr, cp AS client_port,"
		" IPv6NumToString(sa) AS server_addr, sp AS server_port, multiIf(found, s_host, known,"
		" '(has reported, not this: translated on the way?)', '(not in the fleet, or translated)')"
		" AS server_host, found ? s_comm : '' AS server, found ? s_pid : 0 AS server_pid,"
		" c_sent AS client_tx, found ? s_got : 0 AS server_rx,"
		" found ? s_sent : 0 AS server_tx, c_got AS client_rx,"
		" c_again AS client_retrans, found ? s_again : 0 AS server_retrans,"
		" c_rtt AS client_srtt_us, found ? s_rtt : 0 AS server_srtt_us,"
		" c_how AS client_end, found ? s_how : '' AS server_end FROM"
		" (SELECT *, c_us > s_us ? c_us - s_us : s_us - c_us AS apart,"
		" s_host != '' AND apart < %u AS found FROM ",
		ENDS_APART_US);
	add_side(a, true, q);
	sql_add(q, " ALL LEFT JOIN ");
	add_side(a, false, q);
	/* Ports are used again: of several partners the one that ended with it. */
	sql_add(q,
		" USING (ca, cp, sa, sp) ORDER BY found DESC, apart LIMIT 1 BY c_run, c_id, c_us) AS j"
		" ANY LEFT JOIN (SELECT laddr AS sa, 1 AS known");
	of_span(a, "flow_closed", q);
	sql_add(q, " GROUP BY laddr) AS k USING (sa) ORDER BY c_us DESC, ca, cp LIMIT %" PRIu64,
		rows);
}

static void verdicts(const struct fleet_ask *a, uint64_t rows, struct sql *q)
{
	sql_add(q,
		"SELECT how AS severity, verdict, host, comm, role, port, count() AS rows, sum(r) AS retrans,"
		" any(IPv6NumToString(peer)) AS for_example FROM (");
	for (unsigned i = 0; i < 2; i++) {
		sql_add(q,
			"%sSELECT toString(severity) AS how, CAST(severity, 'Int8') AS rank, verdict, host, comm,"
			" toString(role) AS role, role = 'connect' ? rport : lport AS port, %s AS r, raddr AS peer",
			i ? " UNION ALL " : "", i ? "resent" : "retrans");
		of_span(a, i ? "flow_volume" : "flow_closed", q);
		sql_add(q,
			" AND severity IN ('watch', 'slow', 'stalled', 'failed') AND verdict != ''");
	}
	sql_add(q,
		") GROUP BY how, rank, verdict, host, comm, role, port"
		" ORDER BY rank DESC, rows DESC, host, comm LIMIT %" PRIu64,
		rows);
}

void fleet_question_sql(const struct fleet_ask *a, const struct fleet_options *o, uint64_t rows,
			struct sql *q)
{
	switch (o->question) {
	case FLEET_ASK_HOSTS:
		hosts(a, q);
		break;
	case FLEET_ASK_MAP:
		map(a, rows, q);
		break;
	case FLEET_ASK_WHO:
		who(a, o, rows, q);
		break;
	case FLEET_ASK_JOINED:
		joined(a, rows, q);
		break;
	case FLEET_ASK_VERDICTS:
		verdicts(a, rows, q);
		break;
	}
}
