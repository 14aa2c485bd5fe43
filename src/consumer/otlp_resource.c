// SPDX-License-Identifier: BSD-2-Clause
#include "consumer/otlp_resource.h"

#include <ctype.h>
#include <sha1.h>
#include <sha2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "consumer/otlp_json.h"
#include "engine/source.h"
#include "util/first_line.h"
#include "util/out.h"

#define ID_BYTES 16

/* Of this program: made once, by chance. */
static const uint8_t app_id[ID_BYTES] = {0x6a, 0x3f, 0x81, 0x0d, 0x54, 0xc2, 0x4e, 0x17,
					 0x9b, 0x60, 0x2e, 0xd8, 0xf1, 0x37, 0x4a, 0xc5};

/* FIPS 198-1, with a key that is shorter than a block. */
static void hmac_sha256(const uint8_t key[ID_BYTES], const uint8_t text[ID_BYTES],
			uint8_t ret[SHA256_DIGEST_LENGTH])
{
	uint8_t inner[SHA256_BLOCK_LENGTH], outer[SHA256_BLOCK_LENGTH];
	SHA2_CTX sha;

	for (size_t i = 0; i < SHA256_BLOCK_LENGTH; i++) {
		inner[i] = (i < ID_BYTES ? key[i] : 0) ^ 0x36;
		outer[i] = (i < ID_BYTES ? key[i] : 0) ^ 0x5c;
	}
	SHA256Init(&sha);
	SHA256Update(&sha, inner, sizeof(inner));
	SHA256Update(&sha, text, ID_BYTES);
	SHA256Final(ret, &sha);
	SHA256Init(&sha);
	SHA256Update(&sha, outer, sizeof(outer));
	SHA256Update(&sha, ret, SHA256_DIGEST_LENGTH);
	SHA256Final(ret, &sha);
}

void otlp_host_id(const char *machine_id, char ret[OTLP_ID_SIZE])
{
	uint8_t key[ID_BYTES], digest[SHA256_DIGEST_LENGTH];

	ret[0] = '\0';
	if (strlen(machine_id) != OTLP_ID_SIZE - 1)
		return;
	for (size_t i = 0; i < ID_BYTES; i++) {
		const char digits[3] = {machine_id[2 * i], machine_id[2 * i + 1], '\0'};

		if (!isxdigit((unsigned char)digits[0]) || !isxdigit((unsigned char)digits[1]))
			return;
		key[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	hmac_sha256(key, app_id, digest);
	digest[6] = (digest[6] & 0x0f) | 0x40;
	digest[8] = (digest[8] & 0x3f) | 0x80;
	for (size_t i = 0; i < ID_BYTES; i++)
		snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}

void otlp_instance_id(const struct otlp_resource *r, const char *sender, char ret[OTLP_UUID_SIZE])
{
	static const uint8_t namespace[ID_BYTES] = {0x4d, 0x63, 0x00, 0x9a, 0x8d, 0x0f, 0x11, 0xee,
						    0xaa, 0xd7, 0x4c, 0x79, 0x6e, 0xd8, 0xe3, 0x20};
	const char *host = r->host_id[0] ? r->host_id : r->host;
	uint8_t digest[SHA1_DIGEST_LENGTH];
	SHA1_CTX sha;
	int len = 0;

	SHA1Init(&sha);
	SHA1Update(&sha, namespace, ID_BYTES);
	SHA1Update(&sha, (const uint8_t *)host, strlen(host));
	SHA1Update(&sha, (const uint8_t *)"/", 1);
	SHA1Update(&sha, (const uint8_t *)sender, strlen(sender));
	SHA1Final(digest, &sha);
	digest[6] = (digest[6] & 0x0f) | 0x50;
	digest[8] = (digest[8] & 0x3f) | 0x80;
	for (int i = 0; i < ID_BYTES; i++)
		len += snprintf(ret + len, OTLP_UUID_SIZE - (size_t)len, "%s%02x",
				i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", digest[i]);
}

static void find_here(struct otlp_resource *r)
{
	struct utsname name;
	char machine[64];

	r->node = getenv("NODE_NAME");
	if (!uname(&name))
		snprintf(r->host, sizeof(r->host), "%.64s", name.nodename);
	first_line("/etc/machine-id", machine, sizeof(machine));
	otlp_host_id(machine, r->host_id);
	first_line("/proc/sys/kernel/random/boot_id", r->boot, sizeof(r->boot));
}

static void find_host(struct otlp_resource *r, const struct source *s, unsigned host)
{
	const char *name = s->ops->host_name ? s->ops->host_name(s, host) : NULL;
	struct source_machine machine;

	*r = (struct otlp_resource){.node = NULL};
	if (!name) {
		find_here(r);
		return;
	}
	snprintf(r->host, sizeof(r->host), "%s", name);
	if (!s->ops->machine_of)
		return;
	s->ops->machine_of(s, host, &machine);
	otlp_host_id(machine.machine_id, r->host_id);
	snprintf(r->boot, sizeof(r->boot), "%s", machine.boot_id);
}

void otlp_resource_find(struct otlp_resource *r, const struct source *s, unsigned host,
			const char *sender)
{
	find_host(r, s, host);
	otlp_instance_id(r, sender, r->instance);
}

static void put_one(struct out *o, const struct otlp_resource *r, const char *what)
{
	out_str(o, "{\"resource\":{\"attributes\":[");
	otlp_put_string(o, "service.name", "tcpsight");
	otlp_put_string(o, "service.version", VERSION);
	otlp_put_string(o, "service.instance.id", r->instance);
	otlp_put_string(o, "host.name", r->host);
	otlp_put_string(o, "host.id", r->host_id);
	otlp_put_string(o, "os.type", "linux");
	otlp_put_string(o, "k8s.node.name", r->node);
	out_format(o,
		   "]},\"scope%s\":[{\"scope\":{\"name\":\"tcpsight\",\"version\":\"" VERSION
		   "\"},",
		   what);
}

void otlp_resource_put(struct out *o, const struct otlp_resource *r, const char *what)
{
	out_format(o, "{\"resource%s\":[", what);
	put_one(o, r, what);
}

void otlp_resource_next(struct out *o, const struct otlp_resource *r, const char *what)
{
	out_str(o, "}]},");
	put_one(o, r, what);
}

void otlp_resource_end(struct out *o)
{
	out_str(o, "}]}]}");
}
