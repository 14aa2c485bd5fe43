// SPDX-License-Identifier: BSD-2-Clause
#include "engine/prefix_text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/prefix.h"
#include "util/xalloc.h"

#define ELEMENT_MAX 255

/* In the words of tcpsubnet; scripts look for them. */
__attribute__((format(printf, 2, 3))) static int refuse(struct prefix_error *error,
							 const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return -EINVAL;
}

/* inet_aton() rules for IPv4, which the seed takes: "10" is 0.0.0.10, "0x7f.1" is 127.0.0.1. */
static int parse_addr(const char *text, struct addr *ret)
{
	struct in_addr v4;

	if (strchr(text, ':'))
		return inet_pton(AF_INET6, text, ret->byte) == 1 ? 0 : -EINVAL;
	if (!inet_aton(text, &v4))
		return -EINVAL;
	addr_set_v4(ret, v4.s_addr);
	return 0;
}

/* `text` without a name: "10.0.0.0/8". */
static int add_prefix(struct prefix_set *set, const char *text, const char *name,
		      struct prefix_error *error)
{
	const char *slash = strchr(text, '/');
	char host[ELEMENT_MAX + 1], *end, *copy;
	struct addr addr;
	unsigned max;
	long bits;

	if (!slash || strchr(slash + 1, '/'))
		return refuse(error, "Subnet [%s] is invalid, please refer to the examples.", text);
	snprintf(host, sizeof(host), "%.*s", (int)(slash - text), text);
	if (parse_addr(host, &addr))
		return refuse(error,
			      "Invalid net address in subnet [%s], please refer to the examples.",
			      text);
	max = strchr(host, ':') ? 128 : 32;
	bits = strtol(slash + 1, &end, 10);
	while (isspace((unsigned char)*end))
		end++;
	if (end == slash + 1 || *end)
		return refuse(error, "Invalid mask in subnet [%s]. Mask must be an int", text);
	if (bits < 0 || bits > max)
		return refuse(error,
			      "Invalid mask in subnet [%s]. Must be an int between 0 and %u.", text,
			      max);
	copy = xstrdup(text);
	prefix_set_add(set, &addr, (unsigned)bits + (max == 32 ? PREFIX_V4_BITS : 0), copy,
		       name ? xstrdup(name) : copy);
	return 0;
}

int prefix_text_list(struct prefix_set *set, const char *list, struct prefix_error *error)
{
	const char *p = list;

	while (*list) {
		size_t len = strcspn(p, ",");
		char element[ELEMENT_MAX + 1], *equals;
		int err;

		error->at = (size_t)(p - list);
		if (len > ELEMENT_MAX)
			return refuse(error, "an element of the list is too long");
		memcpy(element, p, len);
		element[len] = '\0';
		equals = strchr(element, '=');
		if (equals)
			*equals++ = '\0';
		err = add_prefix(set, equals ? equals : element, equals ? element : NULL, error);
		if (err)
			return err;
		p += len;
		if (!*p++)
			break;
	}
	return 0;
}

static int add_line(struct prefix_set *set, char *line, struct prefix_error *error)
{
	char *prefix, *name, *save = NULL;

	line[strcspn(line, "#\n")] = '\0';
	prefix = strtok_r(line, " \t\r", &save);
	if (!prefix)
		return 0;
	name = save ? save + strspn(save, " \t") : NULL;
	if (name) {
		size_t len = strlen(name);

		while (len && isspace((unsigned char)name[len - 1]))
			name[--len] = '\0';
	}
	return add_prefix(set, prefix, name && *name ? name : NULL, error);
}

int prefix_text_file(struct prefix_set *set, const char *path, struct prefix_error *error)
{
	FILE *file = fopen(path, "re");
	char line[ELEMENT_MAX + 2];
	int err = 0;

	if (!file)
		return -errno;
	for (error->line = 0; !err && fgets(line, sizeof(line), file);) {
		error->line++;
		if (!strchr(line, '\n') && !feof(file))
			err = refuse(error, "the line is too long");
		else
			err = add_line(set, line, error);
	}
	if (!err && ferror(file))
		err = -EIO;
	fclose(file);
	return err;
}
