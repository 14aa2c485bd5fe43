/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers as people read them, in few characters; addresses that are cut where it hurts least. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/value.h"

#define HUMAN_MAX 24

/* "0", "999", "1.2 k", "580 k", "5.8 M"; with `binary` "1.2Ki". Returns the length. */
size_t human_number(double n, bool binary, char buf[HUMAN_MAX]);

/* Microseconds as milliseconds, three digits of them: "0.02", "38.1", "201". */
size_t human_ms(double us, char buf[HUMAN_MAX]);

/* A span of time: "12 s", "3:07", "1 h 02". */
size_t human_age(uint64_t us, char buf[HUMAN_MAX]);

/* "4,981" */
size_t human_count(uint64_t n, char buf[HUMAN_MAX + 8]);

/* Bytes of `text` that fit into `room` columns, cut between words if there are any. */
size_t human_fit(const char *text, int room);

/*
 * The text of an address, or of an endpoint, in at most `width` bytes: an IPv6 address that is
 * longer loses its middle, the port never anything. `buf` has room for VALUE_TEXT_MAX + 4 bytes.
 */
size_t human_address(const struct value *v, size_t width, bool ascii, char *buf);
