// SPDX-License-Identifier: BSD-2-Clause
#include "util/curl.h"

#include <stdbool.h>
#include <stddef.h>

#include "util/library.h"

static const struct library_symbol symbols[] = {
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

const struct curl_functions *curl_load(void)
{
	static struct curl_functions functions;
	static bool is_there;

	if (is_there)
		return &functions;
	is_there = library_load("libcurl.so.4", symbols, sizeof(symbols) / sizeof(symbols[0]),
				&functions) &&
		   !functions.global_init(CURL_GLOBAL_DEFAULT);
	return is_there ? &functions : NULL;
}
