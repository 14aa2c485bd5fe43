// SPDX-License-Identifier: BSD-2-Clause
#include "push/ipfix.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "push/child.h"
#include "push/ipfix_encode.h"
#include "push/retry.h"
#include "util/log.h"

/* Of a datagram nobody knows whether it came, so templates are told again and again (RFC
 * 7011, 8.1). */
#define REFRESH_S 60
#define QUIET_S 60

struct work {
	const struct ipfix_settings *settings;
	int socket;
	struct transport *transport; /* NULL: not connected */
	struct ipfix_encoder *encoder;
	uint64_t exported, lost;
	int64_t refreshed_s;
	int64_t told_s; /* when trouble was told last; 0: never */
};

static int64_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void tell(struct work *w, const char *problem)
{
	const struct transport_settings *to = &w->settings->to;
	int64_t now = now_s();

	if (w->told_s && now < w->told_s + QUIET_S)
		return;
	w->told_s = now;
	log_warn("ipfix: nothing gets to %s port %s: %s; trying again", to->host, to->port,
		 problem);
}

static void disconnect(struct work *w)
{
	if (w->transport)
		transport_close(w->transport);
	if (w->encoder)
		ipfix_encoder_free(w->encoder);
	w->transport = NULL;
	w->encoder = NULL;
}

/* Send what was encoded; false if the connection is lost, told. */
static bool send_message(struct work *w)
{
	char problem[TRANSPORT_PROBLEM_MAX];
	const uint8_t *message;
	size_t len = ipfix_encode_message(w->encoder, &message);

	if (!len || transport_send(w->transport, message, len, problem))
		return true;
	/* A datagram is refused for the one before it: whoever listens later needs templates. */
	tell(w, problem);
	disconnect(w);
	return false;
}

/* With templates, and what we did so far. */
static bool refresh(struct work *w)
{
	w->refreshed_s = now_s();
	return !ipfix_encode_templates(w->encoder) && send_message(w) &&
	       !ipfix_encode_types(w->encoder) &&
	       !ipfix_encode_statistics(w->encoder, w->exported, w->lost) && send_message(w);
}

static bool connect_collector(struct work *w)
{
	const struct ipfix_settings *s = w->settings;
	bool is_udp = s->to.kind == TRANSPORT_UDP;
	char problem[TRANSPORT_PROBLEM_MAX];

	if (w->transport)
		return true;
	w->transport = transport_open(&s->to, problem);
	if (!w->transport) {
		tell(w, problem);
		return false;
	}
	/* A new transport session: its templates come first, its numbers begin with 0. */
	w->encoder = ipfix_encoder_new(s->domain, s->pen,
				       is_udp ? IPFIX_UDP_MESSAGE : IPFIX_STREAM_MESSAGE);
	if (w->encoder && refresh(w))
		return true;
	disconnect(w);
	return false;
}

/* Records from `from` on, one message; returns how many, 0 if it did not get through. */
static uint32_t send_some(struct work *w, const struct ipfix_flow *flow, uint32_t from, uint32_t to)
{
	uint32_t next = from;

	if (!connect_collector(w))
		return 0;
	while (next < to && !ipfix_encode_flow(w->encoder, &flow[next]))
		next++;
	/* One that fits into no message is no record. */
	if (next == from)
		return 1;
	return send_message(w) ? next - from : 0;
}

/* False if whoever watches has ended. */
static bool send_job(struct work *w, const struct push_taken *taken, struct push_answer *ret)
{
	int64_t end = now_s() + w->settings->give_up_s;
	uint32_t count = taken->job.records;
	unsigned attempt = 0;

	while (ret->sent < count) {
		uint32_t sent = send_some(w, taken->body, ret->sent, count), wait;

		ret->sent += sent;
		w->exported += sent;
		if (sent) {
			attempt = 0;
			continue;
		}
		wait = retry_wait_ms(++attempt, 0, drand48());
		if (now_s() + wait / 1000 >= end) {
			ret->given_up = count - ret->sent;
			w->lost += ret->given_up;
			break;
		}
		ret->retries++;
		if (!push_pause(w->socket, (int)wait))
			return false;
	}
	ret->is_connected = w->transport != NULL;
	return true;
}

int ipfix_work(int socket, const void *settings)
{
	struct work w = {.settings = settings, .socket = socket};
	struct push_taken taken;
	int taking;

	srand48(now_s() ^ getpid());
	while ((taking = push_take(socket, &taken, REFRESH_S * 1000)) >= 0) {
		struct push_answer answer = {0};

		if (w.transport && now_s() >= w.refreshed_s + REFRESH_S)
			refresh(&w);
		if (!taking)
			continue;
		if (!send_job(&w, &taken, &answer))
			break;
		push_done(socket, &taken, &answer);
	}
	if (w.transport)
		refresh(&w);
	disconnect(&w);
	return 0;
}
