// SPDX-License-Identifier: BSD-2-Clause
/*
 * The contract of a command's options: a table, from which parsing, --help, the manual and shell
 * completion are made. The parser is cli/parse_options.c.
 */
#pragma once
#include <stddef.h>

enum option_type {
	OPTION_FLAG,   /* bool */
	OPTION_UINT,   /* uint64_t between min and max */
	OPTION_TEXT,   /* const char * */
	OPTION_PORTS,  /* uint8_t *: a bitmap, allocated */
	OPTION_CHOICE, /* const char * out of `choices` */
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_EBPF, /* bcc's hidden flag: print the BPF programs */
};

struct option_def {
	char letter;	  /* 0: none */
	const char *name; /* long name */
	enum option_type type;
	size_t offset; /* in struct settings */
	const char *argument; /* as --help shows it, NULL for a flag */
	const char *help; /* NULL: accepted, but not told */
	unsigned long long min, max;
	const char *const *choices; /* NULL-terminated */
	size_t also_offset;	    /* OPTION_UINT: a bool to set, 0 if none */
	char excludes;		    /* letter of an option that this one may not go with */
};
