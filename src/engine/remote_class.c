// SPDX-License-Identifier: BSD-2-Clause
#include "engine/remote_class.h"

#include <string.h>

static enum remote_class of_v4(const __u8 *b)
{
	if (b[0] == 127)
		return REMOTE_LOOPBACK;
	if (b[0] == 169 && b[1] == 254)
		return REMOTE_LINK_LOCAL;
	if (b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
	    (b[0] == 100 && (b[1] & 0xc0) == 64))
		return REMOTE_PRIVATE;
	if ((b[0] & 0xf0) == 224)
		return REMOTE_MULTICAST;
	return b[0] || b[1] || b[2] || b[3] ? REMOTE_PUBLIC : REMOTE_NONE;
}

static enum remote_class of_v6(const struct addr *a)
{
	static const struct addr none, loopback = {.byte = {[15] = 1}};
	const __u8 *b = a->byte;

	if (!memcmp(a, &none, sizeof(none)))
		return REMOTE_NONE;
	if (!memcmp(a, &loopback, sizeof(loopback)))
		return REMOTE_LOOPBACK;
	if (b[0] == 0xfe && (b[1] & 0xc0) == 0x80)
		return REMOTE_LINK_LOCAL;
	if ((b[0] & 0xfe) == 0xfc)
		return REMOTE_PRIVATE;
	return b[0] == 0xff ? REMOTE_MULTICAST : REMOTE_PUBLIC;
}

enum remote_class remote_class_of(const struct addr *a)
{
	return addr_is_v4(a) ? of_v4(a->byte + 12) : of_v6(a);
}

const char *remote_class_name(enum remote_class class)
{
	static const char *const names[REMOTE_CLASSES] = {
		[REMOTE_LOOPBACK] = "loopback",   [REMOTE_LINK_LOCAL] = "link_local",
		[REMOTE_PRIVATE] = "private",     [REMOTE_MULTICAST] = "multicast",
		[REMOTE_PUBLIC] = "public",
	};

	return class < REMOTE_CLASSES ? names[class] : NULL;
}
