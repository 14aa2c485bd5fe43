// SPDX-License-Identifier: BSD-2-Clause
/*
 * Where a server listens, and for whom. A listener is opened while there are privileges; the policy
 * may be set again later.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

struct http;

struct http_listener {
	const char *text; /* as given; borrowed */
	unsigned scope;	  /* enum http_scope */
	struct sockaddr_storage address;
	socklen_t address_len;
	char name[32]; /* of one that systemd opened: "fd:NAME" */
	bool is_unix, is_inherited;
	bool is_loopback;
	bool wants_tls; /* was given as tls:... */
	bool uses_tls;
	int fd;
};

/*
 * "unix:PATH", "ADDRESS:PORT" (an IPv6 address in brackets, port 0 for any that is free),
 * "tls:ADDRESS:PORT", "fd:NAME". Returns NULL, or what is wrong, a constant, and `*ret_at`: where.
 */
const char *http_listener_parse(const char *text, struct http_listener *ret, size_t *ret_at);

/*
 * Open it. The file of a UNIX socket gets mode 0660 and the owner; one that nobody listens at any
 * more is replaced, and its folder made if it is missing. 0 or -errno, logged; but not -EADDRINUSE.
 */
int http_listener_open(struct http_listener *l, uid_t uid, gid_t gid);

/* In its place, for a trial while another process has it: TCP at any port, a UNIX socket not at all. */
int http_listener_open_beside(struct http_listener *l, uid_t uid, gid_t gid);
void http_listener_close(struct http_listener *l);

/* As it is now, "unix:/run/x", "127.0.0.1:9900": a port that was 0 is known. */
#define LISTENER_TEXT_MAX 128
void http_listener_format(const struct http_listener *l, char ret[LISTENER_TEXT_MAX]);

#define HTTP_USERS_MAX 16

/* Who may ask what. Texts are borrowed until the next http_set_policy(). */
struct http_policy {
	const char *token;	       /* NULL: there is none */
	const char *certificate, *key; /* PEM; NULL: no TLS */
	const char *client_ca;	       /* PEM; NULL: clients need no certificate */
	const char *const *host_names; /* NULL at the end; may be NULL */
	uid_t user[HTTP_USERS_MAX];    /* who may ask over loopback, besides root */
	unsigned users;
	bool insecure_anyone; /* everybody may ask everything everywhere */
	bool metrics_anyone;  /* everybody may ask for metrics where nothing else is served */
};

/* NULL if the listener may be opened under the policy, or why not. Also sets uses_tls. */
const char *http_listener_check(struct http_listener *l, const struct http_policy *p);

/*
 * Serve on a listener that is open, which is copied and closed by http_free(). 0 or -errno, logged.
 */
int http_serve(struct http *h, const struct http_listener *l);

/* Before the first http_serve(), or again; then connections under TLS are cut. 0 or -errno, logged.
 */
int http_set_policy(struct http *h, const struct http_policy *p);

struct http_counts {
	uint64_t connections, requests, refused, too_slow;
	uint64_t streams, stream_dropped;
	unsigned open;
};

struct http_counts http_get_counts(const struct http *h);
/* The ports that were asked for as 0 are known now. */
const struct http_listener *http_get_listener(const struct http *h, unsigned number);
