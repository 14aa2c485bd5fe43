// SPDX-License-Identifier: BSD-2-Clause
#include "util/decimal.h"

#include <string.h>

/* Two digits at a time: half as many divisions, which wait for each other. */
static const char pairs[] =
	"00010203040506070809101112131415161718192021222324252627282930313233343536373839"
	"40414243444546474849505152535455565758596061626364656667686970717273747576777879"
	"8081828384858687888990919293949596979899";

static size_t length_of(uint64_t n)
{
	for (size_t len = 0;; len += 4, n /= 10000) {
		if (n < 10)
			return len + 1;
		if (n < 100)
			return len + 2;
		if (n < 1000)
			return len + 3;
		if (n < 10000)
			return len + 4;
	}
}

size_t decimal_put(char *to, uint64_t n)
{
	size_t len = length_of(n), at = len;

	for (; n >= 100; n /= 100)
		memcpy(to + (at -= 2), pairs + n % 100 * 2, 2);
	if (n >= 10)
		memcpy(to, pairs + n * 2, 2);
	else
		to[0] = (char)('0' + n);
	return len;
}
