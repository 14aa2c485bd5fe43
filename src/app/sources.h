// SPDX-License-Identifier: BSD-2-Clause
#pragma once
#include <stddef.h>

struct watch;
struct sink;
struct source_ops;

/* The source called `name`, or if that is NULL the first that suits; NULL if there is none. */
const struct source_ops *sources_choose(const struct watch *watch, const char *name);

/* The next after `last` that suits; NULL if there is none. */
const struct source_ops *sources_next(const struct watch *watch,
				      const struct source_ops *last);

/* "bpf, replay", for messages. */
const char *sources_list(void);

/* The sink called `name`; never NULL for a name of src/sink/. */
const struct sink *sinks_find(const char *name);
