// SPDX-License-Identifier: BSD-2-Clause
#include "util/gnutls.h"

#include <stddef.h>

#include "util/library.h"

#define SYMBOL(f) {"gnutls_" #f, offsetof(struct gnutls_functions, f)},
static const struct library_symbol symbols[] = {GNUTLS_FUNCTIONS(SYMBOL)};
#undef SYMBOL

struct gnutls_functions gnutls;

bool gnutls_load(void)
{
	static bool is_there;

	is_there = is_there || library_load("libgnutls.so.30", symbols,
					    sizeof(symbols) / sizeof(symbols[0]), &gnutls);
	return is_there;
}
