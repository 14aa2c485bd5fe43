// SPDX-License-Identifier: BSD-2-Clause
/*
 * Small parsers that never guess: the whole text must fit. On failure they return -EINVAL (or
 * -ERANGE) and `*ret_at` is the offset of the first wrong character, for the caret of the message.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* A decimal whole number between min and max. */
int parse_uint(const char *text, uint64_t min, uint64_t max, uint64_t *ret, size_t *ret_at);

/*
 * Ports such as "22,80": sets the bit of each in `set` (65536 bits). Blanks around a number are
 * allowed; 0 and numbers above 65535 are not.
 */
int parse_ports(const char *text, uint8_t *set, size_t *ret_at);

/* How many letters of a short word are missing, too many, wrong, or in the place of their
 * neighbour. */
size_t parse_distance(const char *a, const char *b);

/*
 * The candidate that begins with `word`, or is nearest to it; NULL if none is near enough to be
 * what was meant: with one mistake, of a long word one in four letters.
 */
const char *parse_nearest(const char *word, const char *const *candidates, size_t count);
