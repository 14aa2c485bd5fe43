// SPDX-License-Identifier: BSD-2-Clause
/* By what the two ends of TLS know each other: texts (PEM), read while privileges were there. */
#pragma once

struct push_tls {
	const char *authorities;       /* NULL: the system's */
	const char *certificate, *key; /* of ours; NULL: none */
};
