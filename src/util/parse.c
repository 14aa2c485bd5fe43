// SPDX-License-Identifier: BSD-2-Clause
#include "util/parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define WORD_MAX 63

/* The number at text[*at], advancing *at past its digits. */
static int digits(const char *text, uint64_t max, uint64_t *ret, size_t *at)
{
	size_t start = *at;
	uint64_t n = 0;

	if (!isdigit((unsigned char)text[*at]))
		return -EINVAL;
	for (; isdigit((unsigned char)text[*at]); (*at)++) {
		uint64_t digit = (uint64_t)(text[*at] - '0');

		if (n > (UINT64_MAX - digit) / 10 || n * 10 + digit > max) {
			*at = start;
			return -ERANGE;
		}
		n = n * 10 + digit;
	}
	*ret = n;
	return 0;
}

int parse_uint(const char *text, uint64_t min, uint64_t max, uint64_t *ret, size_t *ret_at)
{
	uint64_t n = 0;
	size_t at = 0;
	int err = digits(text, max, &n, &at);

	if (!err && text[at])
		err = -EINVAL;
	if (!err && n < min) {
		at = 0;
		err = -ERANGE;
	}
	if (err)
		*ret_at = at;
	else
		*ret = n;
	return err;
}

int parse_ports(const char *text, uint8_t *set, size_t *ret_at)
{
	size_t at = 0;

	for (;;) {
		uint64_t port;
		size_t start;
		int err;

		while (text[at] == ' ')
			at++;
		start = at;
		err = digits(text, 65535, &port, &at);
		if (!err && !port) {
			at = start;
			err = -ERANGE;
		}
		if (err) {
			*ret_at = at;
			return err;
		}
		set[port / 8] |= (uint8_t)(1u << (port % 8));
		while (text[at] == ' ')
			at++;
		if (!text[at])
			return 0;
		if (text[at] != ',') {
			*ret_at = at;
			return -EINVAL;
		}
		at++;
	}
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t parse_distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1], len_a = strlen(a), len_b = strlen(b);

	if (len_a > WORD_MAX || len_b > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= len_b; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= len_a; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= len_b; j++) {
			row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]),
				       least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], two_above[j - 2] + 1);
		}
	}
	return rows[len_a % 3][len_b];
}

const char *parse_nearest(const char *word, const char *const *candidates, size_t count)
{
	size_t len = strlen(word), best = (len < 7 ? len > 1 : (len + 1) / 4) + 1;
	const char *nearest = NULL;

	for (size_t i = 0; i < count; i++) {
		/* The beginning of a word is a better hint than any likeness. */
		bool begins = len > 1 && !strncmp(candidates[i], word, len);
		size_t d = begins ? 1 : parse_distance(word, candidates[i]);

		/* Of two letters one is half of the word: only their order may be wrong. */
		if (!begins && len == 2 && strlen(candidates[i]) == 2 &&
		    (word[0] != candidates[i][1] || word[1] != candidates[i][0]))
			continue;
		if (d < best) {
			best = d;
			nearest = candidates[i];
		}
	}
	return nearest;
}
