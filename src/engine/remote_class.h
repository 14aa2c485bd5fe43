// SPDX-License-Identifier: BSD-2-Clause
/* What kind of address a peer has: few words for many addresses, so that sums by them stay few. */
#pragma once
#include "abi/addr.h"

enum remote_class {
	REMOTE_LOOPBACK,
	REMOTE_LINK_LOCAL,
	REMOTE_PRIVATE, /* RFC 1918, RFC 4193, RFC 6598 */
	REMOTE_MULTICAST,
	REMOTE_PUBLIC,
	REMOTE_NONE, /* no address at all: the peer of a listener */
	REMOTE_CLASSES
};

enum remote_class remote_class_of(const struct addr *a);

/* NULL of REMOTE_NONE. */
const char *remote_class_name(enum remote_class class);
