// SPDX-License-Identifier: BSD-2-Clause
#pragma once

struct consumer;
struct record_meta;
struct source;

/* What a recording says of its run: host, boot, kernel, what was watched. */
void recorder_meta(struct record_meta *ret, const struct consumer *c, const struct source *s);
