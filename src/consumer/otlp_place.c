// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/otlp_place.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/write_all.h"

#define BYTES_MAX 4096
#define NAME_BYTES 8

void otlp_place_name(const char *endpoint, const char *filter, char ret[OTLP_PLACE_NAME_MAX])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA2_CTX sha;
	int len;

	SHA256Init(&sha);
	SHA256Update(&sha, (const uint8_t *)endpoint, strlen(endpoint) + 1);
	SHA256Update(&sha, (const uint8_t *)filter, strlen(filter));
	SHA256Final(digest, &sha);
	len = snprintf(ret, OTLP_PLACE_NAME_MAX, "otlp-");
	for (int i = 0; i < NAME_BYTES; i++)
		len += snprintf(ret + len, OTLP_PLACE_NAME_MAX - (size_t)len, "%02x", digest[i]);
	snprintf(ret + len, OTLP_PLACE_NAME_MAX - (size_t)len, ".json");
}

static bool get_number(const json_t *from, const char *name, json_int_t *ret)
{
	const json_t *value = json_object_get(from, name);

	*ret = json_integer_value(value);
	return json_is_integer(value);
}

static int get(struct otlp_place *p, const json_t *root)
{
	const char *boot = json_string_value(json_object_get(root, "boot"));
	json_int_t time, wall, maybe, owed;

	if (!boot || strlen(boot) >= sizeof(p->boot) || !get_number(root, "time_us", &time) ||
	    !get_number(root, "wall_us", &wall) || !get_number(root, "maybe_us", &maybe) ||
	    !get_number(root, "owed", &owed) || time < 0 || maybe < 0 || owed < 0)
		return -EBADMSG;
	*p = (struct otlp_place){
		.time_us = (uint64_t)time,
		.wall_us = wall,
		.maybe_us = (uint64_t)maybe,
		.owed = (uint64_t)owed,
		.is_done = json_is_true(json_object_get(root, "is_done")),
		.is_exact = json_is_true(json_object_get(root, "is_exact")),
	};
	strcpy(p->boot, boot);
	return 0;
}

int otlp_place_load(struct otlp_place *ret, int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), err;
	char text[BYTES_MAX];
	json_t *root = NULL;
	ssize_t len;

	*ret = (struct otlp_place){.boot = ""};
	if (fd < 0)
		return -errno;
	len = read(fd, text, sizeof(text));
	err = len < 0 ? -errno : 0;
	close(fd);
	if (!err)
		root = json_loadb(text, (size_t)len, 0, NULL);
	if (!err)
		err = get(ret, root);
	json_decref(root);
	return err;
}

int otlp_place_save(const struct otlp_place *p, int dir_fd, const char *name)
{
	char temporary[OTLP_PLACE_NAME_MAX + 8], text[512];
	int fd, err, len;

	len = snprintf(
		text, sizeof(text),
		"{\"boot\": \"%s\", \"time_us\": %llu, \"wall_us\": %lld, \"maybe_us\": %llu, "
		"\"owed\": %llu, \"is_done\": %s, \"is_exact\": %s}\n",
		p->boot, (unsigned long long)p->time_us, (long long)p->wall_us,
		(unsigned long long)p->maybe_us, (unsigned long long)p->owed,
		p->is_done ? "true" : "false", p->is_exact ? "true" : "false");
	snprintf(temporary, sizeof(temporary), "%s.tmp", name);
	fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return -errno;
	err = write_all(fd, text, (size_t)len, false);
	close(fd);
	if (!err && renameat(dir_fd, temporary, dir_fd, name))
		err = -errno;
	return err;
}
