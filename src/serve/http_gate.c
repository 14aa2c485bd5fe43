// SPDX-License-Identifier: BSD-2-Clause
/* Who may ask what: checked before an endpoint sees a request. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "serve/gate.h"
#include "serve/http_state.h"
#include "serve/peer_uid.h"
#include "util/gnutls.h"
#include "util/log.h"
#include "util/parse.h"

/* What is counted of all headers of a request. */
struct headers {
	size_t size;
	unsigned hosts, lengths;
	const char *host;
	bool has_body;
};

static enum MHD_Result count_header(void *context, enum MHD_ValueKind kind, const char *name,
				    size_t name_size, const char *value, size_t value_size)
{
	struct headers *all = context;

	(void)kind;
	value = value ? value : "";
	all->size += name_size + value_size + 4;
	if (!strcasecmp(name, "Host")) {
		all->hosts++;
		all->host = value;
	}
	if (!strcasecmp(name, "Content-Length")) {
		all->lengths++;
		all->has_body |= strcmp(value, "0") != 0;
	}
	all->has_body |= !strcasecmp(name, "Transfer-Encoding");
	return MHD_YES;
}

static bool refuse(struct http_request *q, unsigned status, const char *title, const char *detail)
{
	q->peer->daemon->http->counts.refused++;
	http_problem(q, status, title, detail, NULL, SIZE_MAX);
	return false;
}

static bool admit_host(struct http_request *q, const struct headers *h, const char *version)
{
	struct sockaddr_storage local;
	socklen_t len = sizeof(local);
	struct gate_names names = {.names = q->peer->daemon->http->policy.host_names};

	if (h->hosts > 1 || (!h->hosts && strcmp(version, "HTTP/1.0")))
		return refuse(q, 400, "bad request", "a request has one Host header");
	if (!q->peer->daemon->listener.is_unix) {
		if (getsockname(q->peer->fd, (void *)&local, &len))
			return refuse(q, 500, "no address", strerror(errno));
		names.local = (const void *)&local;
	}
	if (h->host && !gate_knows_host(h->host, &names))
		return refuse(q, 421, "misdirected request",
			      "this is no name of this server; --host-names adds names");
	return true;
}

static bool admit_origin(struct http_request *q, const struct headers *h)
{
	const char *origin = http_header(q, "Origin");
	const char *site = http_header(q, "Sec-Fetch-Site");

	if (origin && (!h->host || !gate_is_own_origin(origin, h->host)))
		return refuse(q, 403, "foreign origin", "pages of other sites get no answer");
	if (site && !strcasecmp(site, "cross-site"))
		return refuse(q, 403, "foreign origin", "pages of other sites get no answer");
	return true;
}

bool http_admit_protocol(struct http_request *q, struct MHD_Connection *c, const char *method,
			 const char *version)
{
	struct headers h = {.size = 0};

	mhd.get_connection_values_n(c, MHD_HEADER_KIND, count_header, &h);
	if (strcmp(version, "HTTP/1.1") && strcmp(version, "HTTP/1.0"))
		return refuse(q, 505, "version not supported", "this server speaks HTTP/1.1");
	if (!admit_host(q, &h, version) || !admit_origin(q, &h))
		return false;
	if (strcmp(method, "GET") && !q->is_head) {
		http_add_header(q, "Allow", "GET, HEAD");
		return refuse(q, 405, "method not allowed",
			      "this server is read only: GET and HEAD");
	}
	if (q->is_long)
		return refuse(q, 414, "target too long", "a target may have 8192 bytes");
	if (h.size > HTTP_HEADER_MAX)
		return refuse(q, 431, "headers too large", "headers may have 8192 bytes");
	if (h.lengths > 1)
		return refuse(q, 400, "bad request", "a request has one Content-Length");
	if (h.has_body)
		return refuse(q, 413, "content too large", "requests have no bodies here");
	if (q->wrong)
		return refuse(q, 400, "bad target", q->wrong);
	return true;
}

/* Did it show a certificate that one of ours has signed? */
static bool has_certificate(const struct http_request *q)
{
	const union MHD_ConnectionInfo *info;
	unsigned status = 1;

	if (!q->peer->daemon->listener.uses_tls || !q->peer->daemon->http->policy.client_ca)
		return false;
	info = mhd.get_connection_info(q->peer->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	return info && info->tls_session &&
	       !gnutls.certificate_verify_peers2(info->tls_session, &status) && !status;
}

/* Of a connection within this machine; -1 if that cannot be told. */
static uid_t uid_of(struct http_peer *p)
{
	struct sockaddr_storage local, peer;
	socklen_t local_len = sizeof(local), peer_len = sizeof(peer), len;
	struct ucred who;

	if (p->knows_uid)
		return p->uid;
	p->knows_uid = true;
	len = sizeof(who);
	if (p->daemon->listener.is_unix &&
	    !getsockopt(p->fd, SOL_SOCKET, SO_PEERCRED, &who, &len)) {
		p->uid = who.uid;
		log_debug("http: asked by process %d of user %u", (int)who.pid, (unsigned)who.uid);
	} else if (!p->daemon->listener.is_unix && p->daemon->http->diag >= 0 &&
		   !getsockname(p->fd, (void *)&local, &local_len) &&
		   !getpeername(p->fd, (void *)&peer, &peer_len)) {
		if (peer_uid_ask(p->daemon->http->diag, (void *)&peer, (void *)&local, &p->uid))
			p->uid = (uid_t)-1;
	}
	return p->uid;
}

static bool is_listed(const struct http_policy *policy, uid_t uid)
{
	if (!uid)
		return true;
	for (unsigned i = 0; i < policy->users; i++)
		if (policy->user[i] == uid && uid != (uid_t)-1)
			return true;
	return false;
}

/* Is it open to whoever reaches this listener? */
static bool is_open(const struct http_request *q)
{
	const struct http_listener *l = &q->peer->daemon->listener;
	const struct http_policy *policy = &q->peer->daemon->http->policy;

	if (l->is_unix || policy->insecure_anyone)
		return true;
	/* The page is the same for all, and holds nothing: it is where a browser is given the
	 * token. */
	if (q->route->scope & HTTP_PAGE && policy->token)
		return true;
	if (q->route->scope & (HTTP_METRICS | HTTP_HEALTH))
		return l->is_loopback ||
		       (policy->metrics_anyone && !(l->scope & (HTTP_API | HTTP_PAGE)));
	return false;
}

static bool admit_asker(struct http_request *q)
{
	const struct http_policy *policy = &q->peer->daemon->http->policy;
	const char *authorization = http_header(q, "Authorization");

	if (q->peer->daemon->listener.is_unix)
		uid_of(q->peer);
	if (is_open(q) || has_certificate(q))
		return true;
	if (authorization && policy->token && gate_knows_token(authorization, policy->token))
		return true;
	if (!authorization && q->peer->daemon->listener.is_loopback &&
	    is_listed(policy, uid_of(q->peer)))
		return true;
	if (policy->token) {
		http_add_header(q, "WWW-Authenticate", "Bearer realm=\"tcpsight\"");
		return refuse(q, 401, "unauthorized", "this needs the token of --token-file");
	}
	return refuse(
		q, 403, "forbidden",
		"over TCP this tells who talks to whom only to root and the agent's own user; "
		"--allow-users adds others, --token-file lets in who has a token, and the UNIX "
		"socket its group");
}

static bool admit_parameters(struct http_request *q)
{
	const char *const *known = q->route->parameters, *nearest;
	size_t count = 0;
	char text[256];

	while (known && known[count])
		count++;
	for (size_t i = 0; i < q->target.parameters; i++) {
		const char *name = q->target.parameter[i].name;
		size_t k = 0;

		while (k < count && strcmp(known[k], name))
			k++;
		if (k < count)
			continue;
		nearest = count ? parse_nearest(name, known, count) : NULL;
		snprintf(text, sizeof(text), "no parameter '%.60s' here%s%s%s", name,
			 nearest ? " (did you mean " : "", nearest ? nearest : "",
			 nearest ? "?)" : "");
		return refuse(q, 400, "bad parameter", text);
	}
	return true;
}

bool http_admit(struct http_request *q)
{
	if (!q->route)
		return refuse(q, 404, "not found",
			      q->peer->daemon->listener.scope & HTTP_API
				      ? HTTP_NOTHING_THERE
				      : "there is nothing at this path");
	return admit_asker(q) && admit_parameters(q);
}
