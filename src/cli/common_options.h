// SPDX-License-Identifier: BSD-2-Clause
/* The options that every report takes; a report's option of the same name replaces one. */
#pragma once
#include <stddef.h>

#include "engine/option.h"

extern const struct option_def common_options[];
extern const size_t common_option_count;
