// SPDX-License-Identifier: BSD-2-Clause
#include "app/sources.h"

#include <stdio.h>
#include <string.h>

#include "engine/watch.h"
#include "engine/source.h"
#include "registry.h"
#include "view/sink.h"

#define DECLARE_SOURCE(name) extern const struct source_ops source_##name;
#define DECLARE_SINK(name) extern const struct sink sink_##name;
SOURCES(DECLARE_SOURCE)
SINKS(DECLARE_SINK)

#define POINT_SOURCE(name) &source_##name,
#define POINT_SINK(name) &sink_##name,
static const struct source_ops *const sources[] = {SOURCES(POINT_SOURCE)};
static const struct sink *const sinks[] = {SINKS(POINT_SINK)};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const struct source_ops *sources_choose(const struct watch *watch, const char *name)
{
	for (size_t i = 0; i < COUNT(sources); i++) {
		if (name ? !strcmp(sources[i]->name, name) : sources[i]->suits(watch))
			return sources[i];
	}
	return NULL;
}

const struct source_ops *sources_next(const struct watch *watch, const struct source_ops *last)
{
	bool passed = false;

	for (size_t i = 0; i < COUNT(sources); i++) {
		if (passed && sources[i]->suits(watch))
			return sources[i];
		passed |= sources[i] == last;
	}
	return NULL;
}

const char *sources_list(void)
{
	static char text[256];
	size_t used = 0;

	for (size_t i = 0; i < COUNT(sources); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? ", " : "",
					 sources[i]->name);
	return text;
}

const struct sink *sinks_find(const char *name)
{
	for (size_t i = 0; i < COUNT(sinks); i++)
		if (!strcmp(sinks[i]->name, name))
			return sinks[i];
	return NULL;
}
