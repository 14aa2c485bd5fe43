// SPDX-License-Identifier: BSD-2-Clause
#include "serve/http_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serve/http.h"
#include "util/log.h"

/* The first descriptor that systemd hands over: sd_listen_fds(3). */
#define LISTEN_FDS_START 3

static const char *parse_path(const char *path, struct http_listener *l)
{
	struct sockaddr_un *un = (void *)&l->address;

	l->is_unix = l->is_loopback = true;
	un->sun_family = AF_UNIX;
	if (*path != '/')
		return "the path of a socket begins with /";
	if (strlen(path) >= sizeof(un->sun_path))
		return "the path of a socket has at most 107 characters";
	strcpy(un->sun_path, path);
	l->address_len = sizeof(*un);
	return NULL;
}

static bool parse_port(const char *text, in_port_t *ret)
{
	unsigned port = 0;
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > 5 || text[digits])
		return false;
	for (; *text; text++)
		port = port * 10 + (unsigned)(*text - '0');
	*ret = htons((in_port_t)port);
	return port <= UINT16_MAX;
}

static const char *parse_v6(const char *host, const char *port, struct http_listener *l)
{
	struct sockaddr_in6 *v6 = (void *)&l->address;

	v6->sin6_family = AF_INET6;
	l->address_len = sizeof(*v6);
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1)
		return "this is no IPv6 address";
	l->is_loopback = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	return parse_port(port, &v6->sin6_port) ? NULL : "a port is a number from 0 to 65535";
}

static const char *parse_v4(const char *host, const char *port, struct http_listener *l)
{
	struct sockaddr_in *v4 = (void *)&l->address;

	v4->sin_family = AF_INET;
	l->address_len = sizeof(*v4);
	if (inet_pton(AF_INET, host, &v4->sin_addr) != 1)
		return "expected unix:PATH, ADDRESS:PORT, [IPV6]:PORT, tls:ADDRESS:PORT, or fd:NAME";
	l->is_loopback = ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	return parse_port(port, &v4->sin_port) ? NULL : "a port is a number from 0 to 65535";
}

static const char *parse_address(const char *text, struct http_listener *l)
{
	const char *colon = strrchr(text, ':'), *from = text;
	char host[INET6_ADDRSTRLEN];
	size_t len;

	if (!colon)
		return "expected unix:PATH, ADDRESS:PORT, [IPV6]:PORT, tls:ADDRESS:PORT, or fd:NAME";
	len = (size_t)(colon - text);
	if (*text == '[' && len >= 2 && colon[-1] == ']') {
		from++;
		len -= 2;
	}
	if (len >= sizeof(host))
		return "this is no address";
	memcpy(host, from, len);
	host[len] = '\0';
	return from != text ? parse_v6(host, colon + 1, l) : parse_v4(host, colon + 1, l);
}

const char *http_listener_parse(const char *text, struct http_listener *ret, size_t *ret_at)
{
	const char *why;

	*ret = (struct http_listener){.text = text, .fd = -1};
	*ret_at = 0;
	if (!strncmp(text, "unix:", 5)) {
		*ret_at = 5;
		return parse_path(text + 5, ret);
	}
	if (!strncmp(text, "fd:", 3)) {
		*ret_at = 3;
		ret->is_inherited = true;
		snprintf(ret->name, sizeof(ret->name), "%s", text + 3);
		return text[3] && strlen(text + 3) < sizeof(ret->name)
			       ? NULL
			       : "expected the name of a socket of systemd (FileDescriptorName=)";
	}
	ret->wants_tls = !strncmp(text, "tls:", 4);
	*ret_at = ret->wants_tls ? 4 : 0;
	why = parse_address(text + *ret_at, ret);
	return why;
}

/* Of what systemd has opened for us: the socket of this name. */
static int find_inherited(const char *name)
{
	const char *count = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	const char *names = getenv("LISTEN_FDNAMES");
	int n = count ? atoi(count) : 0;
	size_t len = strlen(name);

	if (!pid || atol(pid) != (long)getpid())
		return -ENOENT;
	for (int i = 0; i < n && names; i++) {
		if (!strncmp(names, name, len) && (names[len] == ':' || !names[len]))
			return LISTEN_FDS_START + i;
		names = strchr(names, ':');
		names = names ? names + 1 : NULL;
	}
	return -ENOENT;
}

static int inherit(struct http_listener *l)
{
	const struct sockaddr_in *v4 = (void *)&l->address;
	const struct sockaddr_in6 *v6 = (void *)&l->address;
	int fd = find_inherited(l->name);

	if (fd < 0) {
		log_error("there is no socket of the name %s (LISTEN_FDNAMES)", l->name);
		return fd;
	}
	l->address_len = sizeof(l->address);
	if (getsockname(fd, (void *)&l->address, &l->address_len) ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) || fcntl(fd, F_SETFL, O_NONBLOCK))
		return log_errno(errno, "cannot use the socket %s", l->name);
	l->fd = fd;
	l->is_unix = l->address.ss_family == AF_UNIX;
	l->is_loopback = l->is_unix ||
			 (l->address.ss_family == AF_INET &&
			  ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET) ||
			 (l->address.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr));
	return 0;
}

static void make_folder(const char *path, uid_t uid, gid_t gid)
{
	char copy[PATH_MAX];
	const char *folder;

	snprintf(copy, sizeof(copy), "%s", path);
	folder = dirname(copy);
	if (!mkdir(folder, 0755) && chown(folder, uid, gid))
		log_debug("cannot give %s to its user: %s", folder, strerror(errno));
}

/* A socket file whose process is gone refuses connections. Anything else is left alone. */
static bool is_stale(const struct http_listener *l, const char *path)
{
	struct stat st;
	int fd, err = 0;

	if (lstat(path, &st) || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	if (connect(fd, (const void *)&l->address, l->address_len))
		err = errno;
	close(fd);
	return err == ECONNREFUSED;
}

static int bind_unix(struct http_listener *l, uid_t uid, gid_t gid)
{
	const char *path = ((const struct sockaddr_un *)(const void *)&l->address)->sun_path;
	mode_t mask;
	int err;

	make_folder(path, uid, gid);
	/* The mode is that of the umask while binding: nobody gets in before it is right. */
	mask = umask(0117);
	err = bind(l->fd, (const void *)&l->address, l->address_len) ? errno : 0;
	if (err == EADDRINUSE && is_stale(l, path) && !unlink(path))
		err = bind(l->fd, (const void *)&l->address, l->address_len) ? errno : 0;
	umask(mask);
	if (!err && chown(path, uid, gid))
		log_debug("cannot give %s to its user: %s", path, strerror(errno));
	return -err;
}

static int bind_tcp(struct http_listener *l)
{
	const int on = 1;

	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* [::] is of IPv6 alone: who wants both names both. */
	if (l->address.ss_family == AF_INET6)
		setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(l->fd, (const void *)&l->address, l->address_len))
		return -errno;
	return getsockname(l->fd, (void *)&l->address, &l->address_len) ? -errno : 0;
}

int http_listener_open(struct http_listener *l, uid_t uid, gid_t gid)
{
	int err;

	if (l->is_inherited)
		return inherit(l);
	l->fd = socket(l->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return log_errno(errno, "cannot make a socket");
	err = l->is_unix ? bind_unix(l, uid, gid) : bind_tcp(l);
	if (err)
		http_listener_close(l);
	if (err == -EADDRINUSE)
		return err;
	return err ? log_errno(err, "cannot listen at %s", l->text) : 0;
}

int http_listener_open_beside(struct http_listener *l, uid_t uid, gid_t gid)
{
	/* At the same place for both families. */
	if (l->is_unix)
		return 0;
	((struct sockaddr_in *)(void *)&l->address)->sin_port = 0;
	return http_listener_open(l, uid, gid);
}

void http_listener_close(struct http_listener *l)
{
	struct sockaddr_un un;
	socklen_t len = sizeof(un);

	if (l->fd < 0)
		return;
	/* Only what we have bound ourselves; that may not be allowed any more. */
	if (l->is_unix && !l->is_inherited && !getsockname(l->fd, (void *)&un, &len) &&
	    len > offsetof(struct sockaddr_un, sun_path))
		unlink(un.sun_path);
	close(l->fd);
	l->fd = -1;
}

void http_listener_format(const struct http_listener *l, char ret[LISTENER_TEXT_MAX])
{
	const struct sockaddr_un *un = (const void *)&l->address;
	const struct sockaddr_in *v4 = (const void *)&l->address;
	const struct sockaddr_in6 *v6 = (const void *)&l->address;
	const char *tls = l->uses_tls ? "tls:" : "";
	char text[INET6_ADDRSTRLEN];

	if (l->is_unix)
		snprintf(ret, LISTENER_TEXT_MAX, "unix:%s", un->sun_path);
	else if (l->address.ss_family == AF_INET)
		snprintf(ret, LISTENER_TEXT_MAX, "%s%s:%u", tls,
			 inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text)),
			 ntohs(v4->sin_port));
	else
		snprintf(ret, LISTENER_TEXT_MAX, "%s[%s]:%u", tls,
			 inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text)),
			 ntohs(v6->sin6_port));
}

const char *http_listener_check(struct http_listener *l, const struct http_policy *p)
{
	bool is_metrics = !(l->scope & (HTTP_API | HTTP_PAGE));

	l->uses_tls = !l->is_unix && p->certificate && (l->wants_tls || !l->is_loopback);
#ifdef STATIC
	if (l->wants_tls || l->uses_tls)
		return "this program is linked statically, and has no TLS; that of the package has";
#endif
	if (l->wants_tls && !l->uses_tls)
		return "TLS needs --tls-certificate and --tls-key";
	if (l->is_loopback || p->insecure_anyone || (is_metrics && p->metrics_anyone))
		return NULL;
	if (!l->uses_tls || !(p->token || p->client_ca))
		return "refusing to serve process names and addresses beyond this machine without TLS "
		       "and a token (--tls-certificate, --tls-key, --token-file), or client "
		       "certificates (--client-ca)";
	return NULL;
}
