// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/otlp_log.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "engine/community_id.h"
#include "engine/names.h"
#include "engine/value.h"
#include "util/cgroup.h"
#include "util/first_line.h"
#include "util/out.h"

/* SeverityNumber of opentelemetry/proto/logs/v1. */
#define SEVERITY_INFO 9
#define SEVERITY_WARN 13

#define ID_BYTES 16
#define US_PER_S 1e6

/* Of this program: made once, by chance. */
static const uint8_t app_id[ID_BYTES] = {0x6a, 0x3f, 0x81, 0x0d, 0x54, 0xc2, 0x4e, 0x17,
					 0x9b, 0x60, 0x2e, 0xd8, 0xf1, 0x37, 0x4a, 0xc5};

/* FIPS 198-1, with a key that is shorter than a block. */
static void hmac_sha256(const uint8_t key[ID_BYTES], const uint8_t text[ID_BYTES],
			uint8_t ret[SHA256_DIGEST_LENGTH])
{
	uint8_t inner[SHA256_BLOCK_LENGTH], outer[SHA256_BLOCK_LENGTH];
	SHA2_CTX sha;

	for (size_t i = 0; i < SHA256_BLOCK_LENGTH; i++) {
		inner[i] = (i < ID_BYTES ? key[i] : 0) ^ 0x36;
		outer[i] = (i < ID_BYTES ? key[i] : 0) ^ 0x5c;
	}
	SHA256Init(&sha);
	SHA256Update(&sha, inner, sizeof(inner));
	SHA256Update(&sha, text, ID_BYTES);
	SHA256Final(ret, &sha);
	SHA256Init(&sha);
	SHA256Update(&sha, outer, sizeof(outer));
	SHA256Update(&sha, ret, SHA256_DIGEST_LENGTH);
	SHA256Final(ret, &sha);
}

void otlp_host_id(const char *machine_id, char ret[OTLP_ID_SIZE])
{
	uint8_t key[ID_BYTES], digest[SHA256_DIGEST_LENGTH];

	ret[0] = '\0';
	if (strlen(machine_id) != OTLP_ID_SIZE - 1)
		return;
	for (size_t i = 0; i < ID_BYTES; i++) {
		const char digits[3] = {machine_id[2 * i], machine_id[2 * i + 1], '\0'};

		if (!isxdigit((unsigned char)digits[0]) || !isxdigit((unsigned char)digits[1]))
			return;
		key[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	hmac_sha256(key, app_id, digest);
	digest[6] = (digest[6] & 0x0f) | 0x40;
	digest[8] = (digest[8] & 0x3f) | 0x80;
	for (size_t i = 0; i < ID_BYTES; i++)
		snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}

void otlp_resource_find(struct otlp_resource *r)
{
	struct utsname name;
	char machine[64];

	*r = (struct otlp_resource){.node = getenv("NODE_NAME")};
	if (!uname(&name))
		snprintf(r->host, sizeof(r->host), "%.64s", name.nodename);
	first_line("/etc/machine-id", machine, sizeof(machine));
	otlp_host_id(machine, r->host_id);
	first_line("/proc/sys/kernel/random/boot_id", r->boot, sizeof(r->boot));
}

/* Attributes. Each but the first begins with a comma. */
static void put_key(struct out *o, const char *key, const char *type)
{
	if (o->used && o->buf[o->used - 1] != '[')
		out_char(o, ',');
	out_str(o, "{\"key\":\"");
	out_str(o, key);
	out_str(o, "\",\"value\":{\"");
	out_str(o, type);
	out_str(o, "\":");
}

static void put_text(struct out *o, const char *key, const char *text, size_t len)
{
	put_key(o, key, "stringValue");
	out_json_string(o, text, len);
	out_str(o, "}}");
}

static void put_string(struct out *o, const char *key, const char *text)
{
	if (text && text[0])
		put_text(o, key, text, strlen(text));
}

/* An int64 is a string in the JSON of Protobuf. */
static void put_uint(struct out *o, const char *key, uint64_t n)
{
	put_key(o, key, "intValue");
	out_char(o, '"');
	out_uint(o, n);
	out_str(o, "\"}}");
}

static void put_seconds(struct out *o, const char *key, double seconds)
{
	put_key(o, key, "doubleValue");
	out_format(o, "%.6f}}", seconds);
}

static void put_address(struct out *o, const char *key, const struct addr *addr)
{
	char text[VALUE_TEXT_MAX];
	size_t len = value_format_addr(addr, text);

	put_text(o, key, text, len);
}

void otlp_log_begin(struct out *o, const struct otlp_resource *r)
{
	out_str(o, "{\"resourceLogs\":[{\"resource\":{\"attributes\":[");
	put_string(o, "service.name", "tcpsight");
	put_string(o, "service.version", VERSION);
	put_string(o, "host.name", r->host);
	put_string(o, "host.id", r->host_id);
	put_string(o, "os.type", "linux");
	put_string(o, "k8s.node.name", r->node);
	out_str(o, "]},\"scopeLogs\":[{\"scope\":{\"name\":\"tcpsight\",\"version\":\"" VERSION
		   "\"},\"logRecords\":[");
}

void otlp_log_end(struct out *o)
{
	out_str(o, "]}]}]}");
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
		put_uint(o, "process.pid", id->pid);
		put_text(o, "process.executable.name", id->comm,
			 strnlen(id->comm, sizeof(id->comm)));
	}
	put_string(o, "container.id", colon ? colon + 1 : container);
	put_string(o, "k8s.pod.uid", workload->workload.pod);
	put_string(o, "tcpsight.unit", workload->workload.unit);
}

static void put_peers(struct out *o, const struct ev_ident *id)
{
	char community[COMMUNITY_ID_SIZE];

	put_string(o, "network.transport", "tcp");
	put_string(o, "network.type", addr_is_v4(&id->laddr) ? "ipv4" : "ipv6");
	put_address(o, "network.local.address", &id->laddr);
	put_uint(o, "network.local.port", id->lport);
	put_address(o, "network.peer.address", &id->raddr);
	put_uint(o, "network.peer.port", id->rport);
	community_id(&id->laddr, id->lport, &id->raddr, id->rport, community);
	put_string(o, "tcpsight.community_id", community);
}

static void put_quality(struct out *o, const struct event *ev)
{
	const struct ev_ident *id = &ev->ident;
	uint64_t begun_ns = id->established_ns ? id->established_ns : id->open_ns;

	/* The beginning of one that was there before us is not known. */
	if (id->seen == SEEN_OPEN && begun_ns && begun_ns <= ev->time_ns)
		put_seconds(o, "tcpsight.duration", (double)(ev->time_ns - begun_ns) / 1e9);
	if (id->handshake_us)
		put_seconds(o, "tcpsight.handshake", id->handshake_us / US_PER_S);
	if (ev->count.srtt_us)
		put_seconds(o, "tcpsight.rtt", ev->count.srtt_us / US_PER_S);
	if (ev->count.min_rtt_us)
		put_seconds(o, "tcpsight.rtt.min", ev->count.min_rtt_us / US_PER_S);
	put_uint(o, "tcpsight.retransmits", ev->count.retrans_segs);
}

void otlp_log_put(struct out *o, const struct otlp_resource *r, const struct event *ev,
		  const struct cgroup_info *workload, int64_t unix_ns, bool first)
{
	const char *error = error_type(ev);
	const struct ev_ident *id = &ev->ident;
	char uid[OTLP_UUID_SIZE + 32];

	out_format(o,
		   "%s{\"timeUnixNano\":\"%" PRId64 "\",\"observedTimeUnixNano\":\"%" PRId64
		   "\",\"severityNumber\":%d,\"severityText\":\"%s\",\"eventName\":"
		   "\"tcpsight.flow.close\",\"attributes\":[",
		   first ? "" : ",", unix_ns, unix_ns, error ? SEVERITY_WARN : SEVERITY_INFO,
		   error ? "WARN" : "INFO");
	/* Duplicates, as after an outage, are recognised by it. */
	snprintf(uid, sizeof(uid), "%s-%" PRIx64, r->boot, (uint64_t)ev->head.id);
	put_string(o, "log.record.uid", uid);
	put_peers(o, id);
	put_owner(o, id, workload);
	put_uint(o, "network.io.transmit", ev->count.tx_bytes);
	put_uint(o, "network.io.receive", ev->count.rx_bytes);
	put_string(o, "error.type", error);
	if (id->role)
		put_string(o, "network.tcp.handshake.role",
			   id->role == ROLE_CONNECT ? "client" : "server");
	put_string(o, "tcpsight.end_reason", end_reason_name(ev->head.end_reason));
	put_uint(o, "tcpsight.netns", id->netns);
	put_quality(o, ev);
	out_str(o, "]}");
}
