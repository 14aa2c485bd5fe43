// SPDX-License-Identifier: BSD-2-Clause
#include "engine/usage.h"

#include <errno.h>
#include <stdio.h>

int usage_refuse(struct usage_error *error, const char *argument, size_t at, const char *why)
{
	error->argument = argument;
	error->at = at;
	snprintf(error->text, sizeof(error->text), "%s", why);
	return -EINVAL;
}
