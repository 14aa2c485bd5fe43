// SPDX-License-Identifier: BSD-2-Clause
#include "push/transport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "util/gnutls.h"
#include "util/xalloc.h"

/* How often it is looked whether all was acknowledged: at first, and at most. */
#define LOOK_FIRST_MS 1
#define LOOK_LAST_MS 64

struct transport {
	int fd;
	bool is_datagram, is_stuck;
	unsigned timeout_s;
	gnutls_session_t session; /* NULL: no TLS */
	gnutls_certificate_credentials_t credentials;
};

static bool fail(char *problem, const char *what, const char *why)
{
	snprintf(problem, TRANSPORT_PROBLEM_MAX, "%s: %s", what, why);
	return false;
}

/* By which both socket and TLS say that a step took too long. */
static bool is_late(const struct transport *t, ssize_t n)
{
	return t->session ? n == GNUTLS_E_AGAIN || n == GNUTLS_E_TIMEDOUT : errno == EAGAIN;
}

static int connect_to(const struct addrinfo *to, unsigned timeout_s)
{
	const struct timeval limit = {.tv_sec = timeout_s};
	int fd = socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC, to->ai_protocol);
	int err;

	if (fd < 0)
		return -errno;
	/* SO_SNDTIMEO limits connect() too. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (!connect(fd, to->ai_addr, to->ai_addrlen))
		return fd;
	err = errno == EINPROGRESS ? -ETIMEDOUT : -errno;
	close(fd);
	return err;
}

/* The first address that answers. */
static bool find_and_connect(struct transport *t, const struct transport_settings *s, char *problem)
{
	const struct addrinfo hints = {.ai_socktype =
					       s->kind == TRANSPORT_UDP ? SOCK_DGRAM : SOCK_STREAM};
	struct addrinfo *found;
	int err = getaddrinfo(s->host, s->port, &hints, &found);

	if (err)
		return fail(problem, "its name", gai_strerror(err));
	t->fd = -ENOENT;
	for (const struct addrinfo *to = found; to && t->fd < 0; to = to->ai_next)
		t->fd = connect_to(to, s->timeout_s);
	freeaddrinfo(found);
	return t->fd >= 0 || fail(problem, "connection", strerror(-t->fd));
}

static gnutls_datum_t datum_of(const char *text)
{
	return (gnutls_datum_t){(unsigned char *)text, (unsigned)strlen(text)};
}

static int load_authorities(struct transport *t, const char *authorities)
{
	gnutls_datum_t text;

	if (!authorities)
		return gnutls.certificate_set_x509_system_trust(t->credentials);
	text = datum_of(authorities);
	return gnutls.certificate_set_x509_trust_mem(t->credentials, &text, GNUTLS_X509_FMT_PEM);
}

static bool load_credentials(struct transport *t, const struct push_tls *tls, char *problem)
{
	gnutls_datum_t certificate, key;
	int done;

	if (gnutls.certificate_allocate_credentials(&t->credentials))
		return fail(problem, "TLS", "out of memory");
	done = load_authorities(t, tls->authorities);
	if (done < 0)
		return fail(problem, "authorities", gnutls.strerror(done));
	if (!tls->certificate || !tls->key)
		return true;
	certificate = datum_of(tls->certificate);
	key = datum_of(tls->key);
	done = gnutls.certificate_set_x509_key_mem(t->credentials, &certificate, &key,
						   GNUTLS_X509_FMT_PEM);
	return done >= 0 || fail(problem, "our certificate", gnutls.strerror(done));
}

/* RFC 6066: an address is no server's name. */
static bool is_address(const char *host)
{
	struct in6_addr address;

	return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

/*
 * With TLS 1.3 a client is done before the server has looked at its certificate (RFC 8446, section
 * 2), and what it sends then is acknowledged all the same. What the server says first, a ticket or
 * an alert, is its answer; one that says nothing in time gives no tickets, and has refused nothing.
 */
static bool wait_for_consent(struct transport *t, char *problem)
{
	struct pollfd words = {.fd = t->fd, .events = POLLIN};
	int flags = fcntl(t->fd, F_GETFL);
	ssize_t n;
	char byte;

	if (gnutls.protocol_get_version(t->session) < GNUTLS_TLS1_3 ||
	    !gnutls.certificate_client_get_request_status(t->session) ||
	    poll(&words, 1, (int)t->timeout_s * 1000) <= 0)
		return true;
	fcntl(t->fd, F_SETFL, flags | O_NONBLOCK);
	n = gnutls.record_recv(t->session, &byte, sizeof(byte));
	fcntl(t->fd, F_SETFL, flags);
	if (!n)
		return fail(problem, "TLS", "the other end closed it");
	if (n == GNUTLS_E_FATAL_ALERT_RECEIVED)
		return fail(problem, "TLS", gnutls.alert_get_name(gnutls.alert_get(t->session)));
	return n > 0 || !gnutls.error_is_fatal((int)n) ||
	       fail(problem, "TLS", gnutls.strerror((int)n));
}

static bool shake_hands(struct transport *t, const struct transport_settings *s, char *problem)
{
	int done;

	if (!gnutls_load())
		return fail(problem, "TLS", GNUTLS_MISSING);
	if (!load_credentials(t, &s->tls, problem))
		return false;
	if (gnutls.init(&t->session, GNUTLS_CLIENT))
		return fail(problem, "TLS", "out of memory");
	gnutls.set_default_priority(t->session);
	gnutls.credentials_set(t->session, GNUTLS_CRD_CERTIFICATE, t->credentials);
	if (!is_address(s->host))
		gnutls.server_name_set(t->session, GNUTLS_NAME_DNS, s->host, strlen(s->host));
	gnutls.session_set_verify_cert(t->session, s->host, 0);
	gnutls.transport_set_int2(t->session, t->fd, t->fd);
	gnutls.handshake_set_timeout(t->session, s->timeout_s * 1000);
	do
		done = gnutls.handshake(t->session);
	while (done < 0 && !gnutls.error_is_fatal(done) && done != GNUTLS_E_AGAIN);
	if (done) {
		t->is_stuck = is_late(t, done);
		return fail(problem, "TLS",
			    t->is_stuck ? "no answer in time" : gnutls.strerror(done));
	}
	return wait_for_consent(t, problem);
}

struct transport *transport_open(const struct transport_settings *s, char *problem)
{
	struct transport *t = xcalloc(1, sizeof(*t));

	t->fd = -1;
	t->is_datagram = s->kind == TRANSPORT_UDP;
	t->timeout_s = s->timeout_s;
	if (find_and_connect(t, s, problem) &&
	    (s->kind != TRANSPORT_TLS || shake_hands(t, s, problem)))
		return t;
	transport_close(t);
	return NULL;
}

void transport_close(struct transport *t)
{
	if (t->session) {
		/* Who takes nothing takes no farewell either: it would be waited for. */
		if (!t->is_stuck)
			gnutls.bye(t->session, GNUTLS_SHUT_WR);
		gnutls.deinit(t->session);
	}
	if (t->credentials)
		gnutls.certificate_free_credentials(t->credentials);
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}

bool transport_send(struct transport *t, const void *data, size_t len, char *problem)
{
	const char *at = data, *end = at + len;

	while (at < end) {
		ssize_t n = t->session ? gnutls.record_send(t->session, at, (size_t)(end - at))
				       : send(t->fd, at, (size_t)(end - at), MSG_NOSIGNAL);

		if (n < 0 && (t->session ? n == GNUTLS_E_INTERRUPTED : errno == EINTR))
			continue;
		if (n < 0 && is_late(t, n)) {
			t->is_stuck = true;
			return fail(problem, "writing", "the other end takes nothing");
		}
		if (n < 0)
			return fail(problem, "writing",
				    t->session ? gnutls.strerror((int)n) : strerror(errno));
		at += n;
	}
	return true;
}

/* What there is besides what we send: a collector says nothing, so it is the end. */
static short watch(const struct transport *t, int timeout_ms)
{
	struct pollfd end = {.fd = t->fd, .events = POLLRDHUP};

	return poll(&end, 1, timeout_ms) > 0 ? end.revents : 0;
}

bool transport_has_ended(const struct transport *t)
{
	return !t->is_datagram && watch(t, 0);
}

bool transport_settle(struct transport *t, char *problem)
{
	unsigned wait_ms = LOOK_FIRST_MS;
	int unsettled = 0;

	for (unsigned waited_ms = 0; !t->is_datagram; waited_ms += wait_ms) {
		if (ioctl(t->fd, SIOCOUTQ, &unsettled))
			return fail(problem, "connection", strerror(errno));
		if (!unsettled)
			break;
		if (waited_ms >= t->timeout_s * 1000) {
			t->is_stuck = true;
			return fail(problem, "connection", "nothing is acknowledged");
		}
		if (watch(t, (int)wait_ms))
			return fail(problem, "connection", "the other end closed it");
		if (wait_ms < LOOK_LAST_MS)
			wait_ms *= 2;
	}
	/* One that closes after all came is no failure; one that had not read all resets. */
	if (!(watch(t, 0) & POLLERR))
		return true;
	return fail(problem, "connection",
		    t->is_datagram ? "nobody listens there" : "the other end reset it");
}
