// SPDX-License-Identifier: BSD-2-Clause
/* Who tells: what all bodies of OTLP begin with. */
#pragma once

struct out;
struct source;

#define OTLP_HOST_SIZE 65
#define OTLP_ID_SIZE 33
#define OTLP_UUID_SIZE 37

struct otlp_resource {
	char host[OTLP_HOST_SIZE];
	char host_id[OTLP_ID_SIZE]; /* "" if it is not known */
	char boot[OTLP_UUID_SIZE];
	char instance[OTLP_UUID_SIZE];
	const char *node; /* of Kubernetes; NULL: none */
};

/*
 * Of a source's host: of this machine, or of the one that a file or a store is of; what it does not
 * tell is empty. `sender` tells those apart that send of one host at a time.
 */
void otlp_resource_find(struct otlp_resource *r, const struct source *source, unsigned host,
			const char *sender);

/*
 * service.instance.id: a UUID of version 5 (RFC 4122) of the host's id, or its name, and `sender`,
 * in the namespace that OpenTelemetry's conventions give. The same again after the next start.
 */
void otlp_instance_id(const struct otlp_resource *r, const char *sender, char ret[OTLP_UUID_SIZE]);

/*
 * `machine_id` (32 hexadecimal digits) as others may know it: an id of this machine and program
 * alone, made as sd_id128_get_machine_app_specific() does: HMAC-SHA256 of the program's id with the
 * machine's as key, cut to 128 bits, marked as a UUID of version 4. "" if it is no machine id.
 */
void otlp_host_id(const char *machine_id, char ret[OTLP_ID_SIZE]);

/*
 * The beginning of a body of "Logs" or "Metrics", up to the list of the scope, which the caller
 * names; and the end behind that list.
 */
void otlp_resource_put(struct out *out, const struct otlp_resource *r, const char *what);
/* Behind that list: another one, of another resource. */
void otlp_resource_next(struct out *out, const struct otlp_resource *r, const char *what);
void otlp_resource_end(struct out *out);
