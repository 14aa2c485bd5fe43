// SPDX-License-Identifier: BSD-2-Clause
/*
 * Any bytes as what a server of OTLP answers: the words that it gives fit their room, and are there only
 * if they are in the answer; whatever has no list of rejected records rejects none.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "push/otlp_answer.h"

static void require(int truth)
{
	if (!truth)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), why[24];

	memcpy(text, data, size);
	text[size] = '\0';
	memset(why, 0xa5, sizeof(why));
	if (otlp_rejected(text, why, sizeof(why)))
		require(strstr(text, "rejected") || strchr(text, '\\'));
	require(memchr(why, 0, sizeof(why)) != NULL);
	require(!why[0] || strstr(text, "errorMessage") || strchr(text, '\\'));
	free(text);
	return 0;
}
