// SPDX-License-Identifier: BSD-2-Clause
/* The order of rows, and how many of them are wanted. */
#pragma once
#include <stddef.h>

#include "view/batch.h"

/*
 * As batch_put(), with its rank, of a row that is only wanted if it is among the `best` of the batch. What
 * is not, by what came so far, costs no memory; it has been taken all the same, and is none of the others.
 */
void rank_put(struct batch *b, const struct news *news, double rank);

/* Bring the `want` best rows of a batch to the front, in order; their `rank` is set. */
void rank_rows(struct batch *b, size_t want);
