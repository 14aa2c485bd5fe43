// SPDX-License-Identifier: BSD-2-Clause
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct api;
struct http_request;

/*
 * A parameter that is a time, or a span before now ("5m"), in microseconds since 1970; 0 if it is not
 * given. False: it makes no sense, and was answered. `name` is a constant.
 */
bool ask_time(struct api *api, struct http_request *q, const char *name, int64_t *ret_wall_us);
