// SPDX-License-Identifier: BSD-2-Clause
/* Any bytes as the name of a folder: of what is taken for a pod's the three parts make the name
 * again. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/pods.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy, whole[sizeof(struct pod) + 3];
	struct pod pod;

	if (size > 4096)
		return 0;
	copy = malloc(size ? size : 1);
	memcpy(copy, data, size);
	if (!pods_parse(copy, size, &pod)) {
		int len = snprintf(whole, sizeof(whole), "%s_%s_%s", pod.namespace, pod.name,
				   pod.uid);

		if (len != (int)size || memcmp(whole, copy, size))
			abort();
	}
	free(copy);
	return 0;
}
