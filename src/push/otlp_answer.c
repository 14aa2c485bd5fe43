// SPDX-License-Identifier: BSD-2-Clause
#include "push/otlp_answer.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

unsigned otlp_rejected(const char *answer, char *why, unsigned size)
{
	json_t *root = json_loads(answer, 0, NULL), *partial, *count, *message;
	unsigned rejected = 0;

	partial = json_object_get(root, "partialSuccess");
	count = json_object_get(partial, "rejectedLogRecords");
	if (!count)
		count = json_object_get(partial, "rejectedDataPoints");
	message = json_object_get(partial, "errorMessage");
	/* An int64 is a string in OTLP's JSON, and servers write a number all the same. */
	if (json_is_string(count))
		rejected = (unsigned)strtoul(json_string_value(count), NULL, 10);
	else if (json_is_integer(count) && json_integer_value(count) > 0)
		rejected = (unsigned)json_integer_value(count);
	snprintf(why, size, "%s", json_is_string(message) ? json_string_value(message) : "");
	json_decref(root);
	return rejected;
}
