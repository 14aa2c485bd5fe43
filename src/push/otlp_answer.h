// SPDX-License-Identifier: BSD-2-Clause
/* What a server says when it took a body. */
#pragma once

/*
 * What an answer of status 200 says of records that were not taken, and why (`size` bytes, at the
 * server's own words). 0 if all were, or if the answer is none.
 */
unsigned otlp_rejected(const char *answer, char *why, unsigned size);
