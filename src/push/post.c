// SPDX-License-Identifier: BSD-2-Clause
#include "push/post.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "util/curl.h"
#include "util/xalloc.h"

#define GZIP_WINDOW (15 + 16)
#define GZIP_LEVEL 1

struct post {
	const struct curl_functions *f;
	CURL *curl;
	struct curl_slist *headers;
	struct post_settings settings;
	char error[CURL_ERROR_SIZE];
	char answer[POST_ANSWER_MAX + 1];
	size_t answer_len;
	bool has_head; /* all of the answer's */
};

/* More than there is room for is read and forgotten. */
static size_t take_answer(char *data, size_t size, size_t count, void *context)
{
	struct post *p = context;
	size_t len = size * count, room = POST_ANSWER_MAX - p->answer_len;
	size_t taken = len < room ? len : room;

	memcpy(p->answer + p->answer_len, data, taken);
	p->answer_len += taken;
	return len;
}

/* libcurl takes a head that is cut for one that is whole. */
static size_t take_head(char *line, size_t size, size_t count, void *context)
{
	struct post *p = context;

	p->has_head = line[0] == '\r' || line[0] == '\n';
	return size * count;
}

static void add_header(struct post *p, const char *name, const char *value, size_t value_len)
{
	size_t size = strlen(name) + value_len + 1;
	char *line = xmalloc(size);
	struct curl_slist *grown;

	snprintf(line, size, "%s%.*s", name, (int)value_len, value);
	grown = p->f->slist_append(p->headers, line);
	if (grown)
		p->headers = grown;
	free(line);
}

static void add_headers(struct post *p)
{
	const struct post_settings *s = &p->settings;

	add_header(p, "Content-Type: ", s->type, strlen(s->type));
	add_header(p, "Content-Encoding: gzip", "", 0);
	/* No waiting for "100 Continue". */
	add_header(p, "Expect:", "", 0);
	if (s->token[0])
		add_header(p, "Authorization: Bearer ", s->token, strlen(s->token));
	for (const char *line = s->headers; *line;) {
		size_t len = strcspn(line, "\n");

		if (len)
			add_header(p, "", line, len);
		line += len + (line[len] == '\n');
	}
}

/* Nothing, if there is no text. */
static void set_pem(struct post *p, CURLoption option, const char *text)
{
	struct curl_blob blob = {(void *)text, text ? strlen(text) : 0, CURL_BLOB_COPY};

	if (text)
		p->f->easy_setopt(p->curl, option, &blob);
}

struct post *post_new(const struct post_settings *settings)
{
	struct post *p = xcalloc(1, sizeof(*p));

	p->settings = *settings;
	p->f = curl_load();
	p->curl = p->f ? p->f->easy_init() : NULL;
	if (!p->curl) {
		free(p);
		return NULL;
	}
	add_headers(p);
	p->f->easy_setopt(p->curl, CURLOPT_HTTPHEADER, p->headers);
	p->f->easy_setopt(p->curl, CURLOPT_WRITEFUNCTION, take_answer);
	p->f->easy_setopt(p->curl, CURLOPT_WRITEDATA, p);
	p->f->easy_setopt(p->curl, CURLOPT_HEADERFUNCTION, take_head);
	p->f->easy_setopt(p->curl, CURLOPT_HEADERDATA, p);
	p->f->easy_setopt(p->curl, CURLOPT_ERRORBUFFER, p->error);
	p->f->easy_setopt(p->curl, CURLOPT_NOSIGNAL, 1L);
	p->f->easy_setopt(p->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	p->f->easy_setopt(p->curl, CURLOPT_USERAGENT, "tcpsight");
	p->f->easy_setopt(p->curl, CURLOPT_TIMEOUT, (long)settings->timeout_s);
	if (settings->is_insecure) {
		p->f->easy_setopt(p->curl, CURLOPT_SSL_VERIFYPEER, 0L);
		p->f->easy_setopt(p->curl, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	set_pem(p, CURLOPT_CAINFO_BLOB, settings->tls.authorities);
	set_pem(p, CURLOPT_SSLCERT_BLOB, settings->tls.certificate);
	set_pem(p, CURLOPT_SSLKEY_BLOB, settings->tls.key);
	return p;
}

void post_free(struct post *p)
{
	p->f->easy_cleanup(p->curl);
	p->f->slist_free_all(p->headers);
	free(p);
}

/* Gives, from malloc(). NULL if it fails. */
static void *pack(const void *body, size_t len, size_t *ret_len)
{
	z_stream z = {.next_in = (void *)body, .avail_in = (uInt)len};
	Bytef *packed;

	if (deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return NULL;
	z.avail_out = (uInt)deflateBound(&z, (uLong)len);
	z.next_out = packed = xmalloc(z.avail_out);
	*ret_len = deflate(&z, Z_FINISH) == Z_STREAM_END ? z.total_out : 0;
	deflateEnd(&z);
	if (*ret_len)
		return packed;
	free(packed);
	return NULL;
}

void post_send(struct post *p, const char *url, const void *body, size_t len,
	       struct post_result *ret)
{
	size_t packed_len = 0;
	void *packed = pack(body, len, &packed_len);
	curl_off_t after = 0;
	long status = 0;
	CURLcode code;

	p->answer_len = 0;
	p->has_head = false;
	p->error[0] = '\0';
	p->f->easy_setopt(p->curl, CURLOPT_URL, url);
	p->f->easy_setopt(p->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)packed_len);
	p->f->easy_setopt(p->curl, CURLOPT_POSTFIELDS, packed);
	code = packed ? p->f->easy_perform(p->curl) : CURLE_OUT_OF_MEMORY;
	free(packed);
	p->f->easy_setopt(p->curl, CURLOPT_POSTFIELDS, NULL);
	*ret = (struct post_result){.answer = p->answer};
	p->answer[p->answer_len] = '\0';
	if (code) {
		snprintf(ret->problem, sizeof(ret->problem), "%s",
			 p->error[0] ? p->error : p->f->easy_strerror(code));
		return;
	}
	if (!p->has_head) {
		snprintf(ret->problem, sizeof(ret->problem), "the answer was cut in its head");
		return;
	}
	p->f->easy_getinfo(p->curl, CURLINFO_RESPONSE_CODE, &status);
	p->f->easy_getinfo(p->curl, CURLINFO_RETRY_AFTER, &after);
	ret->status = (unsigned)status;
	ret->retry_after_s = after > 0 ? (uint64_t)after : 0;
}
