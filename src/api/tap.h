// SPDX-License-Identifier: BSD-2-Clause
/*
 * /api/v1/stream: the events of this run for another tcpsight, which makes its own rows of them
 * (source/connect.c). Each client is a consumer that comes late: it is told of what is there, then of
 * what moves, at a pace of its own.
 */
#pragma once

struct api;
struct http_request;
struct out;

void tap_answer(void *api, struct http_request *q);

/* The run ends: all clients are let go. */
void tap_end(struct api *api);
