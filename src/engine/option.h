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
	OPTION_LIST, /* char ** of an allocated array, and at also_offset its count */
};

/* Which struct an option is stored in. What belongs to the watch is said once for a run. */
enum option_part {
	OPTION_OF_WATCH,    /* struct watch */
	OPTION_OF_QUESTION, /* struct question */
	OPTION_OF_REPORT,   /* question.own: the report's own struct */
};

#define OF_WATCH(field) OPTION_OF_WATCH, offsetof(struct watch, field)
#define OF_QUESTION(field) OPTION_OF_QUESTION, offsetof(struct question, field)

struct option_def {
	char letter;	  /* 0: none */
	const char *name; /* long name */
	enum option_type type;
	enum option_part part;
	size_t offset; /* in that part */
	const char *argument; /* as --help shows it, NULL for a flag */
	const char *help; /* NULL: accepted, but not told */
	unsigned long long min, max;
	const char *const *choices; /* NULL-terminated; OPTION_TEXT: what completion proposes */
	size_t also_offset;	    /* OPTION_UINT: a bool to set in the same part, 0 if none */
	char excludes;		    /* letter of an option that this one may not go with */
};
