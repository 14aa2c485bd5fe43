// SPDX-License-Identifier: BSD-2-Clause
/* The order of rows, and how many of them are wanted. */
#pragma once
#include <stddef.h>

#include "view/batch.h"

/* Bring the `want` best rows of a batch to the front, in order; their `rank` is set. */
void rank_rows(struct batch *b, size_t want);
