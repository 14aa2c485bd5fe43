// SPDX-License-Identifier: BSD-2-Clause
#include "push/fixbuf.h"

#include <stdbool.h>
#include <stddef.h>

#include "util/library.h"

#define SYMBOL(f) {#f, offsetof(struct fixbuf_functions, f)},
static const struct library_symbol symbols[] = {FIXBUF_FUNCTIONS(SYMBOL)};
#undef SYMBOL

const struct fixbuf_functions *fixbuf_load(void)
{
	static struct fixbuf_functions functions;
	static bool is_there;

	/* Debian's is linked with nothing, and wants to find GLib. */
	is_there = is_there || (library_load_for_others("libglib-2.0.so.0") &&
				library_load("libfixbuf.so.9", symbols,
					     sizeof(symbols) / sizeof(symbols[0]), &functions));
	return is_there ? &functions : NULL;
}
