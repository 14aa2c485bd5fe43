// SPDX-License-Identifier: BSD-2-Clause
#include "fleet/curl.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define LIBRARY "libcurl.so.4"

#ifdef STATIC
/* A program without libraries has none to load. */
const struct curl_functions *curl_load(void)
{
	return NULL;
}
#else
static const struct {
	const char *name;
	size_t offset;
} symbols[] = {
#define SYMBOL(f)                                              \
	{                                                      \
		"curl_" #f, offsetof(struct curl_functions, f) \
	}
	SYMBOL(global_init),  SYMBOL(easy_init),     SYMBOL(easy_setopt),    SYMBOL(easy_perform),
	SYMBOL(easy_getinfo), SYMBOL(easy_strerror), SYMBOL(easy_escape),    SYMBOL(easy_cleanup),
	SYMBOL(free),	      SYMBOL(slist_append),  SYMBOL(slist_free_all), SYMBOL(url),
	SYMBOL(url_set),      SYMBOL(url_get),	     SYMBOL(url_cleanup),
#undef SYMBOL
};

static bool find_all(void *library, struct curl_functions *ret)
{
	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		void *p = dlsym(library, symbols[i].name);

		if (!p)
			return false;
		memcpy((char *)ret + symbols[i].offset, &p, sizeof(p));
	}
	return true;
}

const struct curl_functions *curl_load(void)
{
	static struct curl_functions functions;
	static bool is_there;
	void *library;

	if (is_there)
		return &functions;
	library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	is_there = library && find_all(library, &functions) &&
		   !functions.global_init(CURL_GLOBAL_DEFAULT);
	return is_there ? &functions : NULL;
}
#endif
