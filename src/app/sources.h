// SPDX-License-Identifier: BSD-2-Clause
#pragma once
#include <stddef.h>

struct settings;
struct sink;
struct source_ops;

/* The source that the settings name, or the first that suits them; NULL if there is none. */
const struct source_ops *sources_choose(const struct settings *settings);

/* The next after `last` that suits, if the settings name none; NULL if there is none. */
const struct source_ops *sources_next(const struct settings *settings,
				      const struct source_ops *last);

/* "bpf, replay", for messages. */
const char *sources_list(void);

/* The sink called `name`; never NULL for a name of src/sink/. */
const struct sink *sinks_find(const char *name);
