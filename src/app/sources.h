// SPDX-License-Identifier: BSD-2-Clause
#pragma once
#include <stddef.h>

struct settings;
struct sink;
struct source_ops;

/* The source that the settings name, or the first that suits them; NULL if there is none. */
const struct source_ops *sources_choose(const struct settings *settings);

/* "bpf, replay", for messages. */
const char *sources_list(void);

/* The sink called `name`; never NULL for a name of src/sink/. */
const struct sink *sinks_find(const char *name);
