// SPDX-License-Identifier: BSD-2-Clause
#include "serve/http_state.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "serve/peer_uid.h"
#include "util/gnutls.h"
#include "util/log.h"
#include "util/xalloc.h"

#define NS_PER_S 1000000000ull
/* Of a connection: what it read and is to write as headers. More than HTTP_HEADER_MAX and
 * HTTP_TARGET_MAX together, so that we are who refuses. */
#define CONNECTION_MEMORY 32768
#define BACKLOG 128
/* RFC 9325: what is older than TLS 1.2 is not spoken. */
#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static struct http_peer *peer_of(struct MHD_Connection *c)
{
	return mhd.get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* Once a second, while there is anybody who may be too slow. */
static void set_timer(struct http *h)
{
	struct itimerspec every = {.it_value.tv_sec = 1, .it_interval.tv_sec = 1};
	const struct itimerspec never = {.it_value.tv_sec = 0};
	bool is_needed = !TAILQ_EMPTY(&h->peers);

	if (is_needed == h->is_timed)
		return;
	timerfd_settime(h->timer, 0, is_needed ? &every : &never, NULL);
	h->is_timed = is_needed;
}

static void on_connection(void *context, struct MHD_Connection *c, void **socket_context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct http_daemon *d = context;
	struct http *h = d->http;
	struct http_peer *p = *socket_context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		p = xcalloc(1, sizeof(*p));
		p->daemon = d;
		p->mhd = c;
		p->fd = mhd.get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
		p->since_ns = now_ns();
		p->uid = (uid_t)-1;
		TAILQ_INSERT_TAIL(&h->peers, p, others);
		h->counts.connections++;
		h->counts.open++;
		*socket_context = p;
		return;
	}
	TAILQ_REMOVE(&h->peers, p, others);
	h->counts.open--;
	target_done(&p->request.target);
	free(p);
	*socket_context = NULL;
}

/* The first line of a request has come. */
static void *on_target(void *context, const char *target, struct MHD_Connection *c)
{
	struct http_peer *p = peer_of(c);
	struct http_request *q = &p->request;

	(void)context;
	target_done(&q->target);
	*q = (struct http_request){.peer = p};
	q->is_long = strlen(target) > HTTP_TARGET_MAX;
	q->wrong = target_parse(q->is_long ? "/" : target, &q->target);
	return q;
}

/* It was given, or cannot be given any more. */
static void on_completed(void *context, struct MHD_Connection *c, void **request_context,
			 enum MHD_RequestTerminationCode code)
{
	struct http_peer *p = peer_of(c);

	(void)context;
	(void)request_context;
	(void)code;
	if (!p)
		return;
	p->since_ns = now_ns();
	p->is_answering = p->is_stream = false;
}

static bool is_below(const char *path, const struct http_route *r)
{
	size_t len = strlen(r->path);

	return r->path[len - 1] == '/' ? !strncmp(path, r->path, len) : !strcmp(path, r->path);
}

/* The most exact one that is served on this listener. */
static const struct http_route *find_route(const struct http *h, const struct http_request *q)
{
	const struct http_route *found = NULL;

	for (unsigned i = 0; i < h->routes; i++)
		if (h->route[i].scope & q->peer->daemon->listener.scope &&
		    is_below(q->target.path, &h->route[i]) &&
		    (!found || strlen(h->route[i].path) > strlen(found->path)))
			found = &h->route[i];
	return found;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *c, const char *target,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **request_context)
{
	struct http_request *q = *request_context;
	struct http_daemon *d = context;

	(void)target;
	(void)upload;
	/* A body is refused when its headers come; of one that comes all the same nothing is kept.
	 */
	if (*upload_size) {
		*upload_size = 0;
		return MHD_YES;
	}
	if (!q->was_seen) {
		q->was_seen = true;
		q->peer->is_answering = true;
		q->peer->since_ns = now_ns();
		d->http->counts.requests++;
		q->is_head = !strcmp(method, "HEAD");
		q->route = find_route(d->http, q);
		if (q->route)
			q->rest = q->target.path + strlen(q->route->path);
		if (!http_admit_protocol(q, c, method, version))
			return q->result;
		return MHD_YES;
	}
	if (http_admit(q))
		q->route->answer(q->route->context, q);
	if (!q->is_answered)
		http_problem(q, 500, "no answer", "this endpoint gave no answer", NULL, SIZE_MAX);
	return q->result;
}

/* Nothing is decoded twice: on_target() has it. */
static size_t keep_escapes(void *context, struct MHD_Connection *c, char *text)
{
	(void)context;
	(void)c;
	return strlen(text);
}

__attribute__((format(printf, 2, 0))) static void on_message(void *context, const char *format,
							     va_list args)
{
	char text[256];

	(void)context;
	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\n")] = '\0';
	log_debug("http: %s", text);
}

static int start(struct http_daemon *d)
{
	const struct http_policy *p = &d->http->policy;
	struct epoll_event ev = {.events = EPOLLIN};
	struct MHD_OptionItem tls[5] = {{MHD_OPTION_END, 0, NULL}};
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, n = 0;

	if (d->listener.uses_tls) {
		if (p->client_ca && !gnutls_load()) {
			log_error("cannot check certificates: " GNUTLS_MISSING);
			return -ENOENT;
		}
		flags |= MHD_USE_TLS;
		tls[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0,
						   (void *)p->certificate};
		tls[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)p->key};
		tls[n++] =
			(struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)PRIORITIES};
		if (p->client_ca)
			tls[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0,
							   (void *)p->client_ca};
		tls[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	}
	d->mhd = mhd.start_daemon(
		flags, 0, NULL, NULL, on_request, d, MHD_OPTION_EXTERNAL_LOGGER, on_message, NULL,
		MHD_OPTION_LISTEN_SOCKET, d->listener.fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)HTTP_CONNECTIONS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
		(unsigned)HTTP_PER_ADDRESS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)HTTP_IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, d, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, d, MHD_OPTION_URI_LOG_CALLBACK, on_target, d,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_SIGPIPE_HANDLED_BY_APP,
		1, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
	if (!d->mhd)
		return log_errno(EINVAL, "cannot serve at %s%s", d->listener.text,
				 d->listener.uses_tls ? " (is the certificate that of the key?)"
						      : "");
	ev.data.fd = mhd.get_daemon_info(d->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	return epoll_ctl(d->http->epoll, EPOLL_CTL_ADD, ev.data.fd, &ev)
		       ? log_errno(errno, "cannot wait for requests")
		       : 0;
}

/* The listener stays open. */
static void stop(struct http_daemon *d)
{
	if (!d->mhd)
		return;
	mhd.quiesce_daemon(d->mhd);
	mhd.stop_daemon(d->mhd);
	d->mhd = NULL;
}

struct http *http_new(void)
{
	struct http *h = xcalloc(1, sizeof(*h));
	struct epoll_event ev = {.events = EPOLLIN};

	TAILQ_INIT(&h->peers);
	LIST_INIT(&h->streams);
	h->epoll = epoll_create1(EPOLL_CLOEXEC);
	h->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	h->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	h->diag = peer_uid_open();
	ev.data.fd = h->timer;
	epoll_ctl(h->epoll, EPOLL_CTL_ADD, h->timer, &ev);
	ev.data.fd = h->wake;
	epoll_ctl(h->epoll, EPOLL_CTL_ADD, h->wake, &ev);
	return h;
}

int http_serve(struct http *h, const struct http_listener *l)
{
	struct http_daemon *d = &h->daemon[h->daemons];

	if (h->daemons == HTTP_LISTENERS_MAX)
		return log_errno(ENOSPC, "cannot listen at %s: at most %d listeners", l->text,
				 HTTP_LISTENERS_MAX);
	d->http = h;
	d->listener = *l;
	h->daemons++;
	if (!mhd_load()) {
		log_error("cannot listen at %s: " MHD_MISSING, l->text);
		return -ENOENT;
	}
	/* Of a trial, whose place another process has. */
	if (l->fd < 0)
		return 0;
	if (listen(l->fd, BACKLOG))
		return log_errno(errno, "cannot listen at %s", l->text);
	return start(d);
}

int http_set_policy(struct http *h, const struct http_policy *p)
{
	int err = 0;

	h->policy = *p;
	for (unsigned i = 0; i < h->daemons && !err; i++)
		if (h->daemon[i].listener.uses_tls) {
			http_streams_end(h);
			stop(&h->daemon[i]);
			err = start(&h->daemon[i]);
		}
	return err;
}

void http_add_route(struct http *h, const struct http_route *route)
{
	if (h->routes < HTTP_ROUTES_MAX)
		h->route[h->routes++] = *route;
}

int http_fd(const struct http *h)
{
	return h->epoll;
}

/* Cut off whoever sends a request, or takes an answer, more slowly than anybody needs to. */
static void cut_slow(struct http *h)
{
	uint64_t now = now_ns();
	struct http_peer *p;

	TAILQ_FOREACH(p, &h->peers, others)
	{
		uint64_t patience = (p->is_answering ? HTTP_ANSWER_S : HTTP_IDLE_S) * NS_PER_S;

		if (p->is_stream || p->is_cut || now - p->since_ns < patience)
			continue;
		p->is_cut = true;
		h->counts.too_slow++;
		shutdown(p->fd, SHUT_RDWR);
	}
}

/* One block for each connection; if a socket takes more, others have their turn before it. */
static void run_daemon(struct http *h, struct MHD_Daemon *d)
{
	MHD_UNSIGNED_LONG_LONG left_ms;

	mhd.run(d);
	if (mhd.get_timeout(d, &left_ms) == MHD_YES && !left_ms)
		http_wake(h);
}

void http_run(struct http *h)
{
	uint64_t count;

	if (read(h->timer, &count, sizeof(count)) > 0)
		cut_slow(h);
	if (read(h->wake, &count, sizeof(count)) > 0)
		h->is_awake = false;
	for (unsigned i = 0; i < h->daemons; i++)
		if (h->daemon[i].mhd)
			run_daemon(h, h->daemon[i].mhd);
	set_timer(h);
}

struct http_counts http_get_counts(const struct http *h)
{
	return h->counts;
}

const struct http_listener *http_get_listener(const struct http *h, unsigned number)
{
	return number < h->daemons ? &h->daemon[number].listener : NULL;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	http_streams_end(h);
	for (unsigned i = 0; i < h->daemons; i++) {
		stop(&h->daemon[i]);
		http_listener_close(&h->daemon[i].listener);
	}
	close(h->epoll);
	close(h->timer);
	close(h->wake);
	if (h->diag >= 0)
		close(h->diag);
	free(h);
}
