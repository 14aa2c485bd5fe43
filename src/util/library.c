// SPDX-License-Identifier: BSD-2-Clause
#include "util/library.h"

#include <string.h>

#ifdef STATIC
/* A program without libraries has none to load. */
bool library_load(const char *file, const struct library_symbol *symbols, size_t count, void *table)
{
	(void)file;
	(void)symbols;
	(void)count;
	(void)table;
	return false;
}

bool library_load_for_others(const char *file)
{
	(void)file;
	return false;
}
#else
#include <dlfcn.h>

#include "util/log.h"

bool library_load(const char *file, const struct library_symbol *symbols, size_t count, void *table)
{
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);

	/* It may be another one, which it needs, that is missing. */
	if (!library)
		log_debug("%s", dlerror());
	for (size_t i = 0; library && i < count; i++) {
		void *p = dlsym(library, symbols[i].name);

		if (!p)
			p = dlsym(RTLD_DEFAULT, symbols[i].name);
		if (!p)
			return false;
		memcpy((char *)table + symbols[i].offset, &p, sizeof(p));
	}
	return library;
}

bool library_load_for_others(const char *file)
{
	return dlopen(file, RTLD_NOW | RTLD_GLOBAL);
}
#endif
