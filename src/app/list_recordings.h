// SPDX-License-Identifier: BSD-2-Clause
/* `tcpsight history --list`: what recordings there are. */
#pragma once
#include <stdbool.h>

struct watch;

/* List those of `watch` on stdout, as JSON if `json`. Returns enum run_status. */
int list_recordings(const struct watch *watch, bool json);
