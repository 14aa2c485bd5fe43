// SPDX-License-Identifier: BSD-2-Clause
#include "engine/community_id.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/types.h>
#include <sha1.h>

#include "util/base64.h"

static bool comes_first(const struct addr *a, uint16_t a_port, const struct addr *b,
			uint16_t b_port)
{
	int order = memcmp(a->byte, b->byte, sizeof(a->byte));

	return order ? order < 0 : a_port <= b_port;
}

static size_t put_addr(uint8_t *at, const struct addr *a, bool is_v4)
{
	size_t skip = is_v4 ? 12 : 0;

	memcpy(at, a->byte + skip, sizeof(a->byte) - skip);
	return sizeof(a->byte) - skip;
}

static size_t put_port(uint8_t *at, uint16_t port)
{
	at[0] = (uint8_t)(port >> 8);
	at[1] = (uint8_t)port;
	return 2;
}

void community_id(const struct addr *a, uint16_t a_port, const struct addr *b, uint16_t b_port,
		  char out[COMMUNITY_ID_SIZE])
{
	bool a_first = comes_first(a, a_port, b, b_port), is_v4 = addr_is_v4(a) && addr_is_v4(b);
	uint8_t input[2 + 2 * sizeof(a->byte) + 2 + 2 * sizeof(a_port)] = {0};
	uint8_t digest[SHA1_DIGEST_LENGTH];
	size_t len = 2; /* the seed */
	SHA1_CTX sha1;

	len += put_addr(input + len, a_first ? a : b, is_v4);
	len += put_addr(input + len, a_first ? b : a, is_v4);
	input[len] = IPPROTO_TCP;
	len += 2;
	len += put_port(input + len, a_first ? a_port : b_port);
	len += put_port(input + len, a_first ? b_port : a_port);
	SHA1Init(&sha1);
	SHA1Update(&sha1, input, len);
	SHA1Final(digest, &sha1);
	memcpy(out, "1:", 2);
	base64_write(digest, sizeof(digest), out + 2);
}
