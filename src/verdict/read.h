// SPDX-License-Identifier: BSD-2-Clause
/* From what was read to facts. */
#pragma once

struct facts;
struct subject;

/* All that can be known of `s`, by its kind. */
void facts_read(const struct subject *s, struct facts *ret);
