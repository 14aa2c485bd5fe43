// SPDX-License-Identifier: BSD-2-Clause
/* Times and spans as people write them. Local time is that of TZ. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/*
 * A time, into microseconds since 1970:
 *	03:12, 03:12:30.5		the last such time that is not after `reference_us`
 *	2026-11-24 03:12[:SS[.F]]	local time; a T between date and time is taken too
 *	2026-11-24T03:12:00Z, +01:00	RFC 3339
 *	5m ago, 2h ago			before `reference_us`
 *	@1764000000			seconds since 1970
 * An hour that exists twice is the first one. Returns 0; -EINVAL and the offset of what is wrong; or
 * -ERANGE if there is no such time on that day because clocks were set forward.
 */
int when_parse(const char *text, int64_t reference_us, int64_t *ret_us, size_t *ret_at);

/* "90", "90s", "2m", "1h", "1d", into microseconds. 0, or -EINVAL and the offset. */
int when_parse_span(const char *text, int64_t *ret_us, size_t *ret_at);
