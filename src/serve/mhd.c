// SPDX-License-Identifier: BSD-2-Clause
#include "serve/mhd.h"

#ifdef STATIC
#define SYMBOL(f) .f = MHD_##f,
struct mhd_functions mhd = {MHD_FUNCTIONS(SYMBOL)};

bool mhd_load(void)
{
	return true;
}
#else
#include <stddef.h>

#include "util/library.h"

#define SYMBOL(f) {"MHD_" #f, offsetof(struct mhd_functions, f)},
static const struct library_symbol symbols[] = {MHD_FUNCTIONS(SYMBOL)};
struct mhd_functions mhd;

bool mhd_load(void)
{
	static bool is_there;

	is_there = is_there || library_load("libmicrohttpd.so.12", symbols,
					    sizeof(symbols) / sizeof(symbols[0]), &mhd);
	return is_there;
}
#endif
#undef SYMBOL
