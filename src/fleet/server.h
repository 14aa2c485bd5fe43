// SPDX-License-Identifier: BSD-2-Clause
/* Which server, and who we are there, as users say it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct fleet_server {
	char *base;	   /* "https://db:8443/", for libcurl */
	char host[256];	   /* for messages, with its port */
	char database[64]; /* letters, digits and _ only */
	bool is_https, is_loopback;
	/* From the file of --credentials; empty: none. */
	char user[128], password[256], bearer[2048];
	const char *cacert, *cert, *key; /* paths, or NULL */
};

/* So many bytes of a message that says what is wrong. */
#define FLEET_WHY 512

/*
 * http[s]://HOST[:PORT][/DATABASE]; the port is 8123 (https: 8443) and the database tcpsight if not
 * given. 0, or -EINVAL, `why`, and the offset of what is wrong. Free with fleet_server_done().
 */
int fleet_server_parse(const char *url, struct fleet_server *ret, size_t *ret_at,
		       char why[FLEET_WHY]);
void fleet_server_done(struct fleet_server *s);

/* Letters, digits and _, not beginning with a digit: what may stand in a query as it is. */
bool fleet_is_name(const char *text);

/*
 * Lines `user = "..."`, `password = "..."` or `bearer = "..."` of a file that secret_open() opens. 0 or -errno and `why`, which never has what the file holds.
 */
int fleet_server_take_credentials(struct fleet_server *s, const char *path, char why[FLEET_WHY]);

/* Would they go over the net where everybody can read them? */
bool fleet_server_is_open(const struct fleet_server *s);
