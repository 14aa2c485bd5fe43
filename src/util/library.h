// SPDX-License-Identifier: BSD-2-Clause
/* Libraries that few runs need, loaded when they do: what is linked costs every run its megabytes. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* A function: its name in the library, and where its pointer stands in the table of its user. */
struct library_symbol {
	const char *name;
	size_t offset;
};

/*
 * Find all of the `count` symbols in the library of this file name ("libcurl.so.4"), or in what
 * was loaded for others, and write their pointers into `table`. False: it is not installed, or is
 * another version. It stays loaded.
 */
bool library_load(const char *file, const struct library_symbol *symbols, size_t count, void *table);

/* What another library uses without naming it: its symbols are there for all that is loaded later. */
bool library_load_for_others(const char *file);
