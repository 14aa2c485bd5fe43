// SPDX-License-Identifier: BSD-2-Clause
/* Files that hold a secret: a token, a password, a private key. */
#pragma once
#include <stddef.h>

/*
 * Open such a file to read it. One that others than its owner and its group may read, or others
 * than its owner may write, is refused; its group may read it, as that of /etc/ssl/private, and as
 * systemd's credentials look. Devices are not asked. A descriptor, or -errno and `why` (of `size`
 * bytes), what is wrong and what helps.
 */
int secret_open(const char *path, char *why, size_t size);
