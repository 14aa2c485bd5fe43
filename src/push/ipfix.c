// SPDX-License-Identifier: BSD-2-Clause
#include "push/ipfix.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "confine/sender.h"
#include "push/child.h"
#include "push/fixbuf.h"
#include "push/ipfix_encode.h"
#include "push/retry.h"
#include "util/gnutls.h"
#include "util/log.h"

/* Of a datagram nobody knows whether it came, so templates are told again and again (RFC
 * 7011, 8.1). */
#define REFRESH_MS 60000
/* So many datagrams at once, then a pause: what is faster than it is read finds a full socket. */
#define BURST 16
#define BURST_PAUSE_MS 2

struct work {
	const struct ipfix_settings *settings;
	struct retry_clock clock;
	struct transport *transport; /* NULL: not connected */
	struct ipfix_encoder *encoder;
	uint64_t exported, lost;
	int64_t refreshed_ms;
	struct seldom trouble;
	unsigned datagrams;
};

static int64_t now_ms(const struct work *w)
{
	return w->clock.now_ms(w->clock.context);
}

static void tell(struct work *w, const char *problem)
{
	const struct transport_settings *to = &w->settings->to;

	if (seldom_may_tell(&w->trouble, &w->clock))
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

	if (!len)
		return true;
	if (transport_send(w->transport, message, len, problem)) {
		if (w->settings->to.kind == TRANSPORT_UDP && !(++w->datagrams % BURST))
			w->clock.pause(w->clock.context, BURST_PAUSE_MS);
		return true;
	}
	/* A datagram is refused for the one before it: whoever listens later needs templates. */
	tell(w, problem);
	disconnect(w);
	return false;
}

/* With templates, and what we did so far. */
static bool refresh(struct work *w)
{
	w->refreshed_ms = now_ms(w);
	return !ipfix_encode_templates(w->encoder) && send_message(w) &&
	       !ipfix_encode_types(w->encoder) &&
	       !ipfix_encode_statistics(w->encoder, w->exported, w->lost) && send_message(w);
}

static bool connect_collector(struct work *w)
{
	const struct ipfix_settings *s = w->settings;
	bool is_udp = s->to.kind == TRANSPORT_UDP;
	char problem[TRANSPORT_PROBLEM_MAX];

	if (w->transport && !transport_has_ended(w->transport))
		return true;
	disconnect(w);
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

	while (next < to && !ipfix_encode_flow(w->encoder, &flow[next]))
		next++;
	/* One that fits into no message is no record. */
	if (next == from)
		return 1;
	return send_message(w) ? next - from : 0;
}

/*
 * All of a job, or none: what was written into a connection that broke before the other end
 * acknowledged all of it is sent again, so a part of it may come twice; its ids and times are the
 * same then.
 */
static bool send_all(struct work *w, const struct push_taken *taken)
{
	uint32_t count = taken->job.records, sent = 0;
	char problem[TRANSPORT_PROBLEM_MAX];

	/* Only here: what one connection has begun, no other goes on with. */
	if (!connect_collector(w))
		return false;
	while (sent < count) {
		uint32_t n = send_some(w, taken->body, sent, count);

		if (!n)
			return false;
		sent += n;
	}
	if (transport_settle(w->transport, problem))
		return true;
	tell(w, problem);
	disconnect(w);
	return false;
}

/* False if whoever watches has ended. */
static bool send_job(void *context, const struct push_taken *taken, struct push_answer *ret)
{
	struct work *w = context;
	enum retries_next next = RETRIES_AGAIN;
	struct retries retries;

	retries_begin(&retries, &w->clock, w->settings->give_up_s);
	while (next == RETRIES_AGAIN) {
		if (send_all(w, taken)) {
			ret->sent = taken->job.records;
			w->exported += ret->sent;
			ret->is_connected = w->transport != NULL;
			return true;
		}
		next = retries_failed(&retries, 0);
		ret->retries = retries.count;
	}
	ret->given_up = taken->job.records;
	w->lost += ret->given_up;
	return next == RETRIES_GIVE_UP;
}

static void look(void *context)
{
	struct work *w = context;

	if (w->transport && now_ms(w) >= w->refreshed_ms + REFRESH_MS)
		refresh(w);
}

void ipfix_serve(int socket, const struct ipfix_settings *settings, struct retry_clock clock)
{
	struct work w = {.settings = settings, .clock = clock};
	const struct push_worker worker = {
		.send = send_job, .look = look, .look_ms = REFRESH_MS, .context = &w};

	push_serve(socket, &worker);
	if (w.transport)
		refresh(&w);
	disconnect(&w);
}

bool ipfix_can_send(const struct ipfix_settings *s)
{
	const char *why = !fixbuf_load() ? FIXBUF_MISSING : NULL;

	if (!why && s->to.kind == TRANSPORT_TLS && !gnutls_load())
		why = GNUTLS_MISSING;
	if (why)
		log_error("ipfix: nothing can be sent: %s", why);
	return !why;
}

int ipfix_work(int socket, const void *settings)
{
	const struct ipfix_settings *s = settings;

	srand48(time(NULL) ^ getpid());
	/* Here, and nowhere else in a run that sends: who watches has no use for it. */
	if (!ipfix_can_send(s))
		return 1;
	confine_sender(s->to.port);
	ipfix_serve(socket, s, push_clock(&socket));
	return 0;
}
