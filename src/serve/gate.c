// SPDX-License-Identifier: BSD-2-Clause
#include "serve/gate.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX 256

/* Cut ":PORT" off; false if what stands there is no port. */
static bool cut_port(char *host)
{
	char *end = *host == '[' ? strchr(host, ']') : NULL, *colon;
	size_t digits;

	if (*host == '[' && !end)
		return false;
	colon = strchr(end ? end : host, ':');
	if (end && end + 1 != (colon ? colon : host + strlen(host)))
		return false;
	if (!colon)
		return true;
	digits = strspn(colon + 1, "0123456789");
	*colon = '\0';
	return digits && digits <= 5 && !colon[1 + digits];
}

static bool is_v4_address(const struct in_addr *a, const struct sockaddr *local)
{
	const struct sockaddr_in *v4 = (const void *)local;
	const struct sockaddr_in6 *v6 = (const void *)local;

	if (local->sa_family == AF_INET)
		return v4->sin_addr.s_addr == a->s_addr;
	return local->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) &&
	       !memcmp(v6->sin6_addr.s6_addr + 12, a, sizeof(*a));
}

static bool is_address(char *host, const struct sockaddr *local)
{
	const struct sockaddr_in6 *v6 = (const void *)local;
	struct in6_addr a6;
	struct in_addr a4;
	size_t len = strlen(host);

	if (inet_pton(AF_INET, host, &a4) == 1)
		return is_v4_address(&a4, local);
	if (*host != '[' || host[len - 1] != ']')
		return false;
	host[len - 1] = '\0';
	return inet_pton(AF_INET6, host + 1, &a6) == 1 && local->sa_family == AF_INET6 &&
	       !memcmp(&a6, &v6->sin6_addr, sizeof(a6));
}

bool gate_knows_host(const char *host, const struct gate_names *names)
{
	char name[HOST_MAX];

	if (!names->local)
		return true;
	if (!*host || strlen(host) >= sizeof(name))
		return false;
	strcpy(name, host);
	if (!cut_port(name) || !*name)
		return false;
	if (!strcasecmp(name, "localhost"))
		return true;
	for (const char *const *n = names->names; n && *n; n++)
		if (!strcasecmp(name, *n))
			return true;
	return is_address(name, names->local);
}

bool gate_is_own_origin(const char *origin, const char *host)
{
	size_t scheme = !strncasecmp(origin, "http://", 7)    ? 7
			: !strncasecmp(origin, "https://", 8) ? 8
							      : 0;

	return scheme && !strcasecmp(origin + scheme, host);
}

bool gate_knows_token(const char *authorization, const char *token)
{
	size_t len = strlen(token), given;
	unsigned char differs = 0;

	if (strncasecmp(authorization, "Bearer ", 7))
		return false;
	authorization += 7;
	given = strlen(authorization);
	for (size_t i = 0; i < len; i++)
		differs |= (unsigned char)(token[i] ^ (given ? authorization[i % given] : 0));
	return !differs && given == len;
}

const char *gate_check_token(const char *token)
{
	bool differs = false;

	if (strlen(token) < GATE_TOKEN_MIN)
		return "it is too short: 128 bits are 22 characters of base64, or 32 hexadecimal digits";
	for (const char *p = token; *p; p++) {
		if (*p <= 0x20 || *p >= 0x7f)
			return "it may have no blanks, and no characters beyond ASCII";
		differs |= *p != *token;
	}
	return differs ? NULL : "it is one character again and again";
}
