// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/agent_status.h"

#include <string.h>

#include "consumer/agent.h"
#include "engine/account.h"
#include "engine/clock.h"
#include "engine/engine.h"
#include "engine/source.h"
#include "serve/http.h"
#include "serve/http_listen.h"
#include "util/out.h"

static const char *const steps[AGENT_STEPS] = {"all", "no_closed", "short_history", "no_new_flows"};

static void put_text(struct out *out, const char *key, const char *text)
{
	out_format(out, ",\"%s\":", key);
	out_json_string(out, text, strlen(text));
}

static void put_time(const struct agent *a, struct out *out, const char *key, uint64_t time_ns)
{
	char text[32];

	clock_format_rfc3339(a->clock, time_ns, text);
	out_format(out, "\"%s\":\"%s\"", key, text);
}

static void put_account(const struct agent *a, struct out *out)
{
	struct account account = {0};
	uint64_t came;

	source_losses(a->source, &account);
	came = account.opened + account.adopted;
	account.live = came > account.closed + account.lost ? came - account.closed - account.lost : 0;
	account.table_full += a->engine->flows.refused;
	out_format(out,
		   ",\"account\":{\"opened\":%llu,\"adopted\":%llu,\"closed\":%llu,\"live\":%llu,"
		   "\"lost\":%llu,\"lost_tx_bytes\":%llu,\"lost_rx_bytes\":%llu,\"missed\":%llu,"
		   "\"table_full\":%llu,\"undecoded\":%llu}",
		   (unsigned long long)account.opened, (unsigned long long)account.adopted,
		   (unsigned long long)account.closed, (unsigned long long)account.live,
		   (unsigned long long)account.lost, (unsigned long long)account.lost_tx_bytes,
		   (unsigned long long)account.lost_rx_bytes, (unsigned long long)account.missed,
		   (unsigned long long)account.table_full, (unsigned long long)account.undecoded);
}

static void put_listeners(const struct agent *a, struct out *out)
{
	const struct http_counts n = http_get_counts(a->http);
	const struct http_listener *l;

	out_str(out, ",\"http\":{\"listeners\":[");
	for (unsigned i = 0; (l = http_get_listener(a->http, i)); i++) {
		char at[LISTENER_TEXT_MAX];

		http_listener_format(l, at);
		out_str(out, i ? "," : "");
		out_json_string(out, at, strlen(at));
	}
	out_format(out,
		   "],\"open\":%u,\"connections\":%llu,\"requests\":%llu,\"refused\":%llu,"
		   "\"too_slow\":%llu,\"streams\":%llu,\"stream_dropped\":%llu}",
		   n.open, (unsigned long long)n.connections, (unsigned long long)n.requests,
		   (unsigned long long)n.refused, (unsigned long long)n.too_slow,
		   (unsigned long long)n.streams, (unsigned long long)n.stream_dropped);
}

static void put_consumers(const struct agent *a, struct out *out)
{
	uint64_t bits = a->engine->all_wanted;
	const char *comma = "";

	out_str(out, ",\"consumers\":[");
	while (bits) {
		const struct consumer *c = engine_next_of(a->engine, &bits);

		out_format(out,
			   "%s{\"name\":\"%s\",\"ticks\":%llu,\"dropped\":%llu,\"overflow\":%llu}",
			   comma, c->ops->name, (unsigned long long)c->ticks,
			   (unsigned long long)(c->out ? c->out->dropped : 0),
			   (unsigned long long)(c->ops->overflow ? c->ops->overflow(c) : 0));
		comma = ",";
	}
	out_char(out, ']');
}

void agent_put_status(const struct agent *a, struct out *out)
{
	uint64_t now_ns = clock_now_ns();

	out_char(out, '{');
	put_time(a, out, "moment", now_ns);
	put_text(out, "version", VERSION);
	put_text(out, "source", a->source->ops->name);
	out_char(out, ',');
	put_time(a, out, "started", a->started_ns);
	out_format(out, ",\"uptime_seconds\":%.3f,\"ready\":%s",
		   (double)(now_ns - a->started_ns) / 1e9, a->is_ready ? "true" : "false");
	out_format(out, ",\"flows\":{\"live\":%u,\"limit\":%u}", a->engine->flows.count,
		   a->engine->max_flows);
	put_account(a, out);
	out_format(out, ",\"step\":\"%s\"", steps[a->step]);
	put_consumers(a, out);
	out_format(out, ",\"sandbox\":{\"landlock\":%d}", a->landlock);
	put_listeners(a, out);
	for (unsigned i = 0; i < a->parts; i++) {
		if (!a->part[i].status)
			continue;
		out_format(out, ",\"%s\":{", a->part[i].name);
		a->part[i].status(a->part[i].context, out);
		out_char(out, '}');
	}
	out_str(out, "}\n");
}
