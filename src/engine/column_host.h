// SPDX-License-Identifier: BSD-2-Clause
/* Which host a row is of: this machine, or one that a source tells of. */
#pragma once
#include <stdint.h>

#include "engine/row.h"
#include "engine/value.h"

/* By the id of a flow; 0 if there is one host only. */
uint32_t column_host_of(const struct row_context *context, uint64_t id);

struct value column_host(const struct row *r);
