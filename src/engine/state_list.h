// SPDX-License-Identifier: BSD-2-Clause
/* TCP states as people write them: ss's words, separated by commas. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "abi/event.h"

#define STATE_LIST_ALL ((1u << ST_COUNT) - 1)

/*
 * "established,close-wait" into a bit per enum tcp_state_number. "all", "connected" (all but
 * listening and closed), "synchronized" (connected, but syn-sent), "bucket" (time-wait and syn-recv)
 * and "big" (all but those) are ss's too; "open" is what ss lists if it is not told (connected, but
 * bucket). The names that the column `state` shows are understood as well. Returns 0, or -EINVAL and the offset of the word
 * that is none.
 */
int state_list_parse(const char *list, uint32_t *ret, size_t *ret_at);

/* The word number `i` that may stand in such a list; NULL behind the last. */
const char *state_list_word(size_t i);
