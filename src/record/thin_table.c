// SPDX-License-Identifier: BSD-2-Clause
#include "record/thin_table.h"

#include <stdlib.h>
#include <string.h>

#include "record/record.h"
#include "util/xalloc.h"

#define ENTRIES_MAX 16384

/* Room for one more in an array that grows in powers of two. */
static void *grow(void *array, size_t count, size_t size)
{
	return count & (count + 1) ? array : xrealloc(array, (count + 1) * 2 * size);
}

static struct thin_name *find_name(const struct thin_names *t, uint8_t kind, uint64_t key)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->name[i].key == key && t->name[i].kind == kind)
			return &t->name[i];
	return NULL;
}

void thin_names_put(struct thin_names *t, const struct record_name *name)
{
	struct thin_name *n = find_name(t, name->kind, name->key);

	if (!n) {
		if (t->count == ENTRIES_MAX)
			return;
		t->name = grow(t->name, t->count, sizeof(*t->name));
		n = &t->name[t->count++];
		*n = (struct thin_name){.key = name->key, .kind = name->kind};
	} else if (!strcmp(n->text, name->text)) {
		return;
	}
	free(n->text);
	n->text = xstrdup(name->text);
}

const char *thin_names_get(void *context, enum record_name_kind kind, uint64_t key)
{
	const struct thin_name *n = find_name(context, (uint8_t)kind, key);

	return n ? n->text : NULL;
}

void thin_names_done(struct thin_names *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->name[i].text);
	free(t->name);
	*t = (struct thin_names){0};
}

void thin_hosts_add(struct thin_hosts *t, const struct record_host *host)
{
	size_t i = 0;

	while (i < t->count && strcmp(t->host[i].counter, host->counter) != 0)
		i++;
	if (i == t->count) {
		if (i == ENTRIES_MAX)
			return;
		t->host = grow(t->host, t->count, sizeof(*t->host));
		t->host[t->count++] = (struct thin_host){.counter = xstrdup(host->counter),
							 .is_level = record_is_level(host->counter)};
	}
	t->host[i].value = host->value + (t->host[i].is_level ? 0 : t->host[i].value);
	t->host[i].is_news = true;
}

void thin_hosts_give(struct thin_hosts *t, struct record *out)
{
	for (size_t i = 0; i < t->count; i++) {
		struct thin_host *h = &t->host[i];

		if (h->is_news && (h->value || h->is_level))
			record_host(out, h->counter, h->value);
		h->is_news = false;
		if (!h->is_level)
			h->value = 0;
	}
}

void thin_hosts_again(struct thin_hosts *t)
{
	for (size_t i = 0; i < t->count; i++)
		t->host[i].is_news |= t->host[i].is_level;
}

void thin_hosts_done(struct thin_hosts *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->host[i].counter);
	free(t->host);
	*t = (struct thin_hosts){0};
}
