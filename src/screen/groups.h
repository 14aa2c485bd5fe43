/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of a table that is summed up: groups, and the flows of those that are open. */
#pragma once
#include <stdint.h>

#include "screen/lines.h"

/* Make the lines of the first `members` of list.member, in order. */
void groups_make(struct list *l, uint32_t members);
