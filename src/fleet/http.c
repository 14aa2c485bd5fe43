// SPDX-License-Identifier: BSD-2-Clause
#include "fleet/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "util/curl.h"
#include "util/xalloc.h"

#define CONNECT_TIMEOUT_S 10
#define PATIENCE_S 60
#define ANSWER_MAX (1024u << 20)
#define GZIP_LEVEL 1
#define GZIP_WINDOW (15 + 16)

struct fleet_http {
	const struct fleet_server *server;
	const volatile sig_atomic_t *stop;
	CURL *curl;
	const struct curl_functions *f;
	struct curl_slist *headers, *gzip_headers;
	char error[CURL_ERROR_SIZE];
	struct rowbinary packed;
	struct fleet_reply *reply;
	unsigned patience_s;
};

static size_t take_body(char *p, size_t size, size_t count, void *context)
{
	struct fleet_http *h = context;

	if (h->reply->body.len + size * count > ANSWER_MAX)
		return 0;
	rowbinary_put_bytes(&h->reply->body, p, size * count);
	return size * count;
}

static size_t take_header(char *p, size_t size, size_t count, void *context)
{
	struct fleet_http *h = context;
	char line[128];

	snprintf(line, sizeof(line), "%.*s", (int)(size * count), p);
	if (!strncasecmp(line, "Retry-After:", 12))
		h->reply->retry_after_s = (unsigned)strtoul(line + 12, NULL, 10);
	if (!strncasecmp(line, "X-ClickHouse-Exception-Code:", 28))
		h->reply->code = atoi(line + 28);
	return size * count;
}

static int look_for_stop(void *context, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal,
			 curl_off_t ulnow)
{
	const struct fleet_http *h = context;

	(void)dltotal, (void)dlnow, (void)ultotal, (void)ulnow;
	return h->stop && *h->stop;
}

static struct curl_slist *add_header(const struct curl_functions *f, struct curl_slist *list,
				     const char *name, const char *value)
{
	char text[2200];

	if (value[0]) {
		snprintf(text, sizeof(text), "%s %s", name, value);
		list = f->slist_append(list, text);
		explicit_bzero(text, sizeof(text));
	}
	return list;
}

static struct curl_slist *make_headers(const struct curl_functions *f, const struct fleet_server *s)
{
	/* No "100 Continue" is waited for. */
	struct curl_slist *list = f->slist_append(NULL, "Expect:");

	list = add_header(f, list, "X-ClickHouse-User:", s->user);
	list = add_header(f, list, "X-ClickHouse-Key:", s->password);
	list = add_header(f, list, "Authorization: Bearer", s->bearer);
	return add_header(f, list, "Content-Type:", "application/octet-stream");
}

static void set_tls(const struct curl_functions *f, CURL *c, const struct fleet_server *s)
{
	/* Peer and name are verified: that is the default, and there is no way to change it. */
	f->easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (s->cacert)
		f->easy_setopt(c, CURLOPT_CAINFO, s->cacert);
	if (s->cert)
		f->easy_setopt(c, CURLOPT_SSLCERT, s->cert);
	if (s->key)
		f->easy_setopt(c, CURLOPT_SSLKEY, s->key);
}

struct fleet_http *fleet_http_open(const struct fleet_server *server,
				   const volatile sig_atomic_t *stop)
{
	struct fleet_http *h = xcalloc(1, sizeof(*h));
	const struct curl_functions *f = curl_load();
	CURL *c = f ? f->easy_init() : NULL;

	if (!c) {
		free(h);
		return NULL;
	}
	*h = (struct fleet_http){
		.server = server, .stop = stop, .curl = c, .f = f, .patience_s = PATIENCE_S};
	h->headers = make_headers(f, server);
	h->gzip_headers = add_header(f, make_headers(f, server), "Content-Encoding:", "gzip");
	f->easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	f->easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	/* No proxy that the environment names. */
	f->easy_setopt(c, CURLOPT_PROXY, "");
	f->easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	f->easy_setopt(c, CURLOPT_ERRORBUFFER, h->error);
	f->easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
	f->easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	f->easy_setopt(c, CURLOPT_WRITEDATA, h);
	f->easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
	f->easy_setopt(c, CURLOPT_HEADERDATA, h);
	f->easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	f->easy_setopt(c, CURLOPT_XFERINFOFUNCTION, look_for_stop);
	f->easy_setopt(c, CURLOPT_XFERINFODATA, h);
	set_tls(f, c, server);
	return h;
}

void fleet_http_close(struct fleet_http *h)
{
	if (!h)
		return;
	h->f->easy_cleanup(h->curl);
	h->f->slist_free_all(h->headers);
	h->f->slist_free_all(h->gzip_headers);
	rowbinary_done(&h->packed);
	free(h);
}

void fleet_http_set_patience(struct fleet_http *h, unsigned seconds)
{
	h->patience_s = seconds;
}

int fleet_http_code(const char *text)
{
	const char *p = strstr(text, "Code: ");

	return p ? atoi(p + 6) : 0;
}

enum fleet_outcome fleet_http_outcome(long status, int code)
{
	if (status == 200 && !code)
		return FLEET_OK;
	switch (code) {
	case 15: /* a column twice */
	case 16: /* no such column in table */
	case 46: /* unknown function */
	case 47: /* unknown identifier */
	case 60: /* unknown table */
	case 62: /* syntax */
	case 73: /* unknown format */
	case 81: /* unknown database */
		return FLEET_WRONG;
	case 192: /* unknown user */
	case 193: /* wrong password */
	case 194: /* required password */
	case 497: /* access denied */
	case 516: /* authentication failed */
		return FLEET_LOGIN;
	case 26: /* cannot parse quoted string, and so on */
	case 27:
	case 33:  /* cannot read all data */
	case 53:  /* types that differ */
	case 69:  /* a number that does not fit */
	case 70:  /* cannot convert */
	case 117: /* incorrect data */
	case 131: /* a text that is too long */
	case 691: /* no such word of an enum */
		return FLEET_BAD_ROWS;
	}
	return status == 401 || status == 403 ? FLEET_LOGIN : FLEET_BUSY;
}

/* Nothing has gone out if there was no connection, no address, or no trust. */
static enum fleet_outcome outcome_of(CURLcode result)
{
	switch (result) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
		return FLEET_NOT_SENT;
	case CURLE_ABORTED_BY_CALLBACK:
		return FLEET_STOPPED;
	default:
		return FLEET_DOUBT;
	}
}

/* One line of what the server said, without what would disturb a terminal. */
static void take_words(struct fleet_reply *r, const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < sizeof(r->why) && text[i] != '\n'; i++)
		r->why[n++] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
	r->why[n] = '\0';
}

static void judge(struct fleet_http *h, CURLcode result)
{
	struct fleet_reply *r = h->reply;
	char start[64];
	long status = 0;

	if (result) {
		r->outcome = outcome_of(result);
		snprintf(r->why, sizeof(r->why), "%s",
			 h->error[0] ? h->error : h->f->easy_strerror(result));
		return;
	}
	h->f->easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200 && !r->code) {
		snprintf(start, sizeof(start), "%.*s",
			 (int)(r->body.len < sizeof(start) ? r->body.len : sizeof(start) - 1),
			 r->body.len ? (const char *)r->body.byte : "");
		r->code = fleet_http_code(start);
	}
	r->outcome = fleet_http_outcome(status, r->code);
	if (r->outcome == FLEET_OK)
		return;
	take_words(r, r->body.len ? (const char *)r->body.byte : "", r->body.len);
	if (!r->why[0])
		snprintf(r->why, sizeof(r->why), "it answers %ld", status);
}

static const struct rowbinary *pack(struct fleet_http *h, const struct rowbinary *rows)
{
	z_stream z = {.next_in = rows->byte, .avail_in = (uInt)rows->len};
	size_t bound;

	if (rows->len > UINT32_MAX / 2 ||
	    deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY))
		return NULL;
	bound = deflateBound(&z, rows->len);
	if (h->packed.size < bound) {
		h->packed.byte = xrealloc(h->packed.byte, bound);
		h->packed.size = bound;
	}
	z.next_out = h->packed.byte;
	z.avail_out = (uInt)h->packed.size;
	deflate(&z, Z_FINISH);
	h->packed.len = z.total_out;
	deflateEnd(&z);
	return &h->packed;
}

static char *make_url(struct fleet_http *h, const char *query, const char *query_id, bool has_rows)
{
	char *escaped = has_rows ? h->f->easy_escape(h->curl, query, 0) : NULL, *url = NULL;

	/* An answer is held back until it is whole: an error in its middle would look like rows. */
	if (asprintf(&url, "%s?wait_end_of_query=1%s%s%s%s", h->server->base,
		     query_id ? "&query_id=" : "", query_id ? query_id : "",
		     escaped ? "&query=" : "", escaped ? escaped : "") < 0)
		url = NULL;
	h->f->free(escaped);
	return url;
}

void fleet_http_ask(struct fleet_http *h, const char *query, const char *query_id,
		    const struct rowbinary *rows, bool gzip, struct fleet_reply *ret)
{
	const struct rowbinary *body = rows && gzip ? pack(h, rows) : NULL;
	char *url = make_url(h, query, query_id, rows);
	bool is_packed = body;
	const struct curl_functions *f = h->f;
	CURL *c = h->curl;

	body = body ? body : rows;
	ret->body.len = 0;
	ret->code = 0;
	ret->retry_after_s = 0;
	ret->why[0] = h->error[0] = '\0';
	h->reply = ret;
	f->easy_setopt(c, CURLOPT_URL, url);
	f->easy_setopt(c, CURLOPT_HTTPHEADER, is_packed ? h->gzip_headers : h->headers);
	f->easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	f->easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)h->patience_s);
	/*
	 * On a connection that was used before and turns out to be dead, libcurl would send the
	 * rows once more by itself. Whether they have arrived is ours to ask.
	 */
	f->easy_setopt(c, CURLOPT_FRESH_CONNECT, rows ? 1L : 0L);
	f->easy_setopt(c, CURLOPT_POST, 1L);
	f->easy_setopt(c, CURLOPT_POSTFIELDS, body ? (const char *)body->byte : query);
	f->easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
		       (curl_off_t)(body ? body->len : strlen(query)));
	judge(h, url ? f->easy_perform(c) : CURLE_OUT_OF_MEMORY);
	free(url);
}
