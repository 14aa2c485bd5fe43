// SPDX-License-Identifier: BSD-2-Clause
#include "fleet/server.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/curl.h"
#include "util/secret.h"

#define DATABASE "tcpsight"
#define PORT "8123"
#define PORT_HTTPS "8443"
#define LINE_MAX_BYTES 4096

void fleet_server_done(struct fleet_server *s)
{
	free(s->base);
	s->base = NULL;
}

bool fleet_is_name(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (!isascii(text[i]) || (!isalnum((unsigned char)text[i]) && text[i] != '_'))
			return false;
	return len && len < 64 && !isdigit((unsigned char)text[0]);
}

static int refuse(char why[FLEET_WHY], const char *text)
{
	snprintf(why, FLEET_WHY, "%s", text);
	return -EINVAL;
}

static bool is_loopback(const char *host)
{
	return !strcmp(host, "localhost") || !strcmp(host, "[::1]") || !strncmp(host, "127.", 4);
}

static int take_database(struct fleet_server *s, CURLU *u, char why[FLEET_WHY])
{
	char *path = NULL;
	int err = 0;

	curl_load()->url_get(u, CURLUPART_PATH, &path, 0);
	snprintf(s->database, sizeof(s->database), "%s", path && path[1] ? path + 1 : DATABASE);
	if (!fleet_is_name(s->database) || (path && strlen(path) > sizeof(s->database)))
		err = refuse(why, "the name of a database has letters, digits and _ only");
	curl_load()->free(path);
	return err;
}

static int take_host(struct fleet_server *s, CURLU *u, char why[FLEET_WHY])
{
	char *host = NULL, *port = NULL;
	int err = 0;

	curl_load()->url_get(u, CURLUPART_HOST, &host, 0);
	curl_load()->url_get(u, CURLUPART_PORT, &port, 0);
	if (!host || !host[0]) {
		err = refuse(why, "expected http://HOST:PORT/DATABASE");
	} else {
		s->is_loopback = is_loopback(host);
		snprintf(s->host, sizeof(s->host), "%s:%s", host,
			 port	       ? port
			 : s->is_https ? PORT_HTTPS
				       : PORT);
		if (asprintf(&s->base, "%s://%s/", s->is_https ? "https" : "http", s->host) < 0)
			err = -ENOMEM;
	}
	curl_load()->free(host);
	curl_load()->free(port);
	return err;
}

static bool has(CURLU *u, CURLUPart part)
{
	char *text = NULL;
	bool is_there = !curl_load()->url_get(u, part, &text, 0);

	curl_load()->free(text);
	return is_there;
}

static int take_url(struct fleet_server *s, CURLU *u, const char *url, size_t *ret_at,
		    char why[FLEET_WHY])
{
	const char *at = strchr(url, '@');

	s->is_https = !strncasecmp(url, "https://", 8);
	if (!s->is_https && strncasecmp(url, "http://", 7))
		return refuse(why, "expected http://HOST:PORT/DATABASE or https://...");
	if (curl_load()->url_set(u, CURLUPART_URL, url, 0))
		return refuse(why, "this is no URL such as http://HOST:8123/DATABASE");
	if (has(u, CURLUPART_USER) || has(u, CURLUPART_PASSWORD)) {
		*ret_at = at ? (size_t)(at - url) : 0;
		return refuse(
			why,
			"a password in the URL would be seen by every user; use --credentials FILE");
	}
	if (has(u, CURLUPART_QUERY) || has(u, CURLUPART_FRAGMENT)) {
		*ret_at = strcspn(url, "?#");
		return refuse(why, "nothing follows the name of the database");
	}
	return take_database(s, u, why) ? -EINVAL : take_host(s, u, why);
}

int fleet_server_parse(const char *url, struct fleet_server *ret, size_t *ret_at,
		       char why[FLEET_WHY])
{
	const struct curl_functions *f = curl_load();
	CURLU *u;
	int err;

	*ret_at = 0;
	if (!f)
		return refuse(why, CURL_MISSING);
	u = f->url();
	if (!u)
		return -ENOMEM;
	err = take_url(ret, u, url, ret_at, why);
	f->url_cleanup(u);
	return err;
}

/* `name = "value"`; false if it is none of ours. */
static bool take_line(struct fleet_server *s, char *line)
{
	const struct {
		const char *name;
		char *value;
		size_t size;
	} known[] = {{"user", s->user, sizeof(s->user)},
		     {"password", s->password, sizeof(s->password)},
		     {"bearer", s->bearer, sizeof(s->bearer)}};
	size_t name = strspn(line, "abcdefghijklmnopqrstuvwxyz");
	char *p = line + name, *end;

	p += strspn(p, " \t");
	if (*p++ != '=')
		return false;
	p += strspn(p, " \t");
	end = strrchr(p, '"');
	/* A line break in a header would begin another one. */
	if (*p != '"' || end == p || end[1 + strspn(end + 1, " \t\r\n")] ||
	    strpbrk(p, "\r\n") < end)
		return false;
	*end = '\0';
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].name) == name && !strncmp(known[i].name, line, name) &&
		    strlen(p + 1) < known[i].size) {
			strcpy(known[i].value, p + 1);
			return true;
		}
	return false;
}

static int take_file(struct fleet_server *s, FILE *f, const char *path, char why[FLEET_WHY])
{
	char line[LINE_MAX_BYTES];
	unsigned number = 0;
	int err = 0;

	while (!err && fgets(line, sizeof(line), f)) {
		char *p = line + strspn(line, " \t\r\n");

		number++;
		if (!*p || *p == '#' || take_line(s, p))
			continue;
		snprintf(
			why, FLEET_WHY,
			"%.300s, line %u: expected user = \"...\", password = \"...\" or bearer = \"...\"",
			path, number);
		err = -EINVAL;
	}
	explicit_bzero(line, sizeof(line));
	return err;
}

int fleet_server_take_credentials(struct fleet_server *s, const char *path, char why[FLEET_WHY])
{
	int fd = secret_open(path, why, FLEET_WHY), err;
	FILE *f;

	if (fd < 0)
		return fd;
	f = fdopen(fd, "r");
	if (!f) {
		close(fd);
		return -ENOMEM;
	}
	err = take_file(s, f, path, why);
	fclose(f);
	return err;
}

bool fleet_server_is_open(const struct fleet_server *s)
{
	return (s->password[0] || s->bearer[0]) && !s->is_https && !s->is_loopback;
}
