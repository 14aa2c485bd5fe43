// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/otlp_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "consumer/otlp_json.h"
#include "engine/community_id.h"
#include "engine/names.h"
#include "util/cgroup.h"
#include "util/out.h"

/* SeverityNumber of opentelemetry/proto/logs/v1. */
#define SEVERITY_INFO 9
#define SEVERITY_WARN 13

#define US_PER_S 1e6

void otlp_log_begin(struct out *o, const struct otlp_resource *r)
{
	otlp_resource_put(o, r, "Logs");
	out_str(o, "\"logRecords\":[");
}

void otlp_log_next(struct out *o, const struct otlp_resource *r)
{
	out_char(o, ']');
	otlp_resource_next(o, r, "Logs");
	out_str(o, "\"logRecords\":[");
}

void otlp_log_end(struct out *o)
{
	out_char(o, ']');
	otlp_resource_end(o);
}

/*
 * The values of error.type that OpenTelemetry's conventions propose for TCP (semantic-conventions
 * issue 3682). NULL: it ended as it should.
 */
static const char *error_type(const struct event *ev)
{
	switch (ev->head.end_reason) {
	case END_NONE:
	case END_FIN:
	case END_UNKNOWN:
		return NULL;
	case END_REFUSED:
		return "refused";
	case END_RESET_SENT:
	case END_RESET_RECEIVED:
		return "reset";
	case END_TIMEOUT:
		return "timed_out";
	case END_UNREACHABLE:
		return ev->head.error == ENETUNREACH ? "net_unreachable" : "host_unreachable";
	}
	return "_OTHER";
}

static void put_owner(struct out *o, const struct ev_ident *id, const struct cgroup_info *workload)
{
	const char *container = workload->workload.container, *colon = strchr(container, ':');

	if (id->owner_source) {
		otlp_put_uint(o, "process.pid", id->pid);
		otlp_put_text(o, "process.executable.name", id->comm,
			      strnlen(id->comm, sizeof(id->comm)));
	}
	otlp_put_string(o, "container.id", colon ? colon + 1 : container);
	otlp_put_string(o, "k8s.pod.uid", workload->workload.pod);
	otlp_put_string(o, "tcpsight.unit", workload->workload.unit);
}

static void put_peers(struct out *o, const struct ev_ident *id)
{
	char community[COMMUNITY_ID_SIZE];

	otlp_put_string(o, "network.transport", "tcp");
	otlp_put_string(o, "network.type", addr_is_v4(&id->laddr) ? "ipv4" : "ipv6");
	otlp_put_address(o, "network.local.address", &id->laddr);
	otlp_put_uint(o, "network.local.port", id->lport);
	otlp_put_address(o, "network.peer.address", &id->raddr);
	otlp_put_uint(o, "network.peer.port", id->rport);
	community_id(&id->laddr, id->lport, &id->raddr, id->rport, community);
	otlp_put_string(o, "tcpsight.community_id", community);
}

static void put_quality(struct out *o, const struct event *ev)
{
	const struct ev_ident *id = &ev->ident;
	uint64_t begun_ns = id->established_ns ? id->established_ns : id->open_ns;

	/* The beginning of one that was there before us is not known. */
	if (id->seen == SEEN_OPEN && begun_ns && begun_ns <= ev->time_ns)
		otlp_put_seconds(o, "tcpsight.duration", (double)(ev->time_ns - begun_ns) / 1e9);
	if (id->handshake_us)
		otlp_put_seconds(o, "tcpsight.handshake", id->handshake_us / US_PER_S);
	if (ev->count.srtt_us)
		otlp_put_seconds(o, "tcpsight.rtt", ev->count.srtt_us / US_PER_S);
	if (ev->count.min_rtt_us)
		otlp_put_seconds(o, "tcpsight.rtt.min", ev->count.min_rtt_us / US_PER_S);
	otlp_put_uint(o, "tcpsight.retransmits", ev->count.retrans_segs);
}

void otlp_log_put(struct out *o, const struct otlp_record *record, bool first)
{
	const struct event *ev = record->ev;
	const char *boot = record->resource->boot, *error = error_type(ev);
	const struct ev_ident *id = &ev->ident;
	char uid[OTLP_UUID_SIZE + 32];

	out_format(o,
		   "%s{\"timeUnixNano\":\"%" PRId64 "\",\"observedTimeUnixNano\":\"%" PRId64
		   "\",\"severityNumber\":%d,\"severityText\":\"%s\",\"eventName\":"
		   "\"tcpsight.flow.close\",\"attributes\":[",
		   first ? "" : ",", record->unix_ns, record->unix_ns,
		   error ? SEVERITY_WARN : SEVERITY_INFO, error ? "WARN" : "INFO");
	/* Duplicates, as after an outage, are recognised by it. */
	snprintf(uid, sizeof(uid), "%s-%" PRIx64, boot, record->flow_id);
	otlp_put_string(o, "log.record.uid", boot[0] ? uid : "");
	put_peers(o, id);
	put_owner(o, id, record->workload);
	otlp_put_uint(o, "network.io.transmit", ev->count.tx_bytes);
	otlp_put_uint(o, "network.io.receive", ev->count.rx_bytes);
	otlp_put_string(o, "error.type", error);
	if (id->role)
		otlp_put_string(o, "network.tcp.handshake.role",
				id->role == ROLE_CONNECT ? "client" : "server");
	otlp_put_string(o, "tcpsight.end_reason", end_reason_name(ev->head.end_reason));
	otlp_put_uint(o, "tcpsight.netns", id->netns);
	put_quality(o, ev);
	if (record->is_repeated)
		otlp_put_true(o, "tcpsight.repeated");
	out_str(o, "]}");
}
