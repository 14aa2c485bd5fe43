// SPDX-License-Identifier: BSD-2-Clause
#include "verdict/sentence.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "verdict/facts.h"
#include "verdict/subject.h"
#include "verdict/units.h"

#define NESTED_MAX 4

/* What is written, and where it would go on. */
struct writer {
	char *buf;
	size_t size, used;
};

static void put(struct writer *w, const char *text, size_t len)
{
	if (w->used + len >= w->size)
		len = w->size > w->used ? w->size - w->used - 1 : 0;
	memcpy(w->buf + w->used, text, len);
	w->used += len;
	w->buf[w->used] = '\0';
}

__attribute__((format(printf, 2, 3))) static void put_format(struct writer *w, const char *format,
							     ...)
{
	char text[128];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len > 0)
		put(w, text, (size_t)len < sizeof(text) ? (size_t)len : sizeof(text) - 1);
}

static void put_addr(struct writer *w, const struct addr *a)
{
	char text[INET6_ADDRSTRLEN];

	if (addr_is_v4(a))
		inet_ntop(AF_INET, a->byte + 12, text, sizeof(text));
	else
		inet_ntop(AF_INET6, a->byte, text, sizeof(text));
	put(w, text, strlen(text));
}

static bool put_error(struct writer *w, const struct subject *s)
{
	int error = s->error ? (int)s->error : s->extra ? s->extra->soft_error : 0;
	const char *name = error ? strerrorname_np(error) : NULL;

	if (!name)
		return false;
	put(w, name, strlen(name));
	return true;
}

static bool put_icmp(struct writer *w, const struct subject *s)
{
	if (s->handshake && s->handshake->icmp[0]) {
		put(w, s->handshake->icmp, strnlen(s->handshake->icmp, sizeof(s->handshake->icmp)));
		return true;
	}
	if (!s->extra || !s->extra->icmp_type)
		return false;
	put_format(w, "%u, code %u", s->extra->icmp_type, s->extra->icmp_code);
	return true;
}

static bool put_inferred(struct writer *w, const struct subject *s)
{
	const char *text = "inferred from packets";

	if (!s->packets)
		return false;
	if (s->packets->known & KNOWN_AFAR)
		text = "inferred from packets that were captured far from their sender: "
		       "what was lost before is not seen";
	put(w, text, strlen(text));
	return true;
}

static bool is_word(const char *name, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(name, word, len);
}

/* A word about the subject. Returns 0 if it is known, 1 if it is not, -1 if there is no such word.
 */
static int put_word(struct writer *w, const struct subject *s, const char *name, size_t len)
{
	if (is_word(name, len, "error"))
		return !put_error(w, s);
	if (is_word(name, len, "icmp"))
		return !put_icmp(w, s);
	if (is_word(name, len, "inferred"))
		return !put_inferred(w, s);
	if (is_word(name, len, "peer") && s->ident)
		put_addr(w, &s->ident->raddr);
	else if (is_word(name, len, "peer_port") && s->ident)
		put_format(w, "%u", s->ident->rport);
	else if (is_word(name, len, "local_port") && s->ident)
		put_format(w, "%u", s->ident->lport);
	else
		return -1;
	return 0;
}

/* " timeouts": the noun after a colon, or with a comma between one and many. */
static void put_noun(struct writer *w, const char *noun, size_t len, bool is_one)
{
	const char *comma = memchr(noun, ',', len);
	size_t one = comma ? (size_t)(comma - noun) : len;

	put(w, " ", 1);
	if (is_one || !comma)
		put(w, noun, one);
	else
		put(w, comma + 1, len - one - 1);
	if (!is_one && !comma)
		put(w, "s", 1);
}

/* One {...}. Returns false if what it shows is not known, or 0. */
static bool put_field(struct writer *w, const char *field, size_t len, const struct subject *s,
		      const struct facts *f)
{
	const char *colon = memchr(field, ':', len);
	bool is_plain = field[len - 1] == '#';
	size_t name = colon ? (size_t)(colon - field) : len - is_plain;
	enum fact id = fact_find(field, (unsigned)name);
	char text[UNIT_TEXT_MAX];
	int unknown;

	if (id == FACT_COUNT) {
		unknown = put_word(w, s, field, name);
		return !unknown;
	}
	if (!fact_has(f, id)) {
		put(w, "?", 1);
		return false;
	}
	if (is_plain)
		put_format(w, "%lld", (long long)f->value[id]);
	else
		put(w, text, unit_format(f->value[id], fact_info[id].unit, text));
	if (colon)
		put_noun(w, colon + 1, len - name - 1, f->value[id] == 1);
	return f->value[id] != 0;
}

size_t sentence_write(const char *template, const struct subject *s, const struct facts *f,
		      char *buf, size_t size)
{
	struct writer w = {.buf = buf, .size = size};
	size_t start[NESTED_MAX];
	bool drop[NESTED_MAX];
	int depth = 0;

	buf[0] = '\0';
	for (const char *p = template; *p; p++) {
		size_t len;

		if (*p == '[' && depth < NESTED_MAX) {
			start[depth] = w.used;
			drop[depth++] = false;
		} else if (*p == ']' && depth) {
			if (drop[--depth]) {
				w.used = start[depth];
				w.buf[w.used] = '\0';
			}
		} else if (*p == '{') {
			len = strcspn(p + 1, "}");
			if (!put_field(&w, p + 1, len, s, f) && depth)
				drop[depth - 1] = true;
			p += len + (p[len + 1] == '}');
		} else {
			put(&w, p, 1);
		}
	}
	return w.used;
}

/* The next of a list of keys that is known; FACT_COUNT at the end. */
static enum fact next_key(const char **keys, const struct facts *f)
{
	while (**keys) {
		size_t len = strcspn(*keys, ",");
		enum fact id = fact_find(*keys, (unsigned)len);

		*keys += len + ((*keys)[len] == ',');
		if (id != FACT_COUNT && fact_has(f, id))
			return id;
	}
	return FACT_COUNT;
}

/* For people a name needs no unit: the figure has one. */
static void put_name(struct writer *w, const char *name)
{
	size_t len = strlen(name);

	if (len > 3 && !strcmp(name + len - 3, "_us"))
		len -= 3;
	else if (len > 6 && !strcmp(name + len - 6, "_bytes"))
		len -= 6;
	for (size_t i = 0; i < len; i++)
		put(w, name[i] == '_' ? " " : &name[i], 1);
}

size_t sentence_evidence(const char *keys, const struct facts *f, char *buf, size_t size)
{
	struct writer w = {.buf = buf, .size = size};
	char text[UNIT_TEXT_MAX];
	enum fact id;

	buf[0] = '\0';
	while ((id = next_key(&keys, f)) != FACT_COUNT) {
		if (w.used)
			put(&w, ", ", 2);
		put_name(&w, fact_info[id].name);
		put(&w, " ", 1);
		put(&w, text, unit_format(f->value[id], fact_info[id].unit, text));
	}
	return w.used;
}

size_t sentence_json(const char *keys, const struct facts *f, char *buf, size_t size)
{
	struct writer w = {.buf = buf, .size = size};
	enum fact id;

	buf[0] = '\0';
	put(&w, "{", 1);
	while ((id = next_key(&keys, f)) != FACT_COUNT) {
		put_format(&w, "%s\"%s\":", w.used > 1 ? "," : "", fact_info[id].name);
		if (fact_info[id].unit == UNIT_SHARE)
			put_format(&w, "%.3f", (double)f->value[id] / 1000);
		else
			put_format(&w, "%lld", (long long)f->value[id]);
	}
	put(&w, "}", 1);
	return w.used;
}
