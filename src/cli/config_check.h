// SPDX-License-Identifier: BSD-2-Clause
/* What an agent's file means: its sections are reports, its names their options. */
#pragma once
#include <stddef.h>

#include "cli/config_file.h"

struct report;

/*
 * Compare every section and setting with the tables of options. All mistakes are told; returns how
 * many there were, and marks what is wrong: nobody asks it. `agent` is the report whose options stand before the first section.
 */
unsigned config_check(struct config_file *c, const struct report *agent,
		      config_complain *tell);

/* The report of a section; NULL if there is none. */
const struct report *config_report(const struct config_file *c, unsigned section,
				   const struct report *agent);

/* A section as the words of a command line, behind `program`. */
struct config_words {
	char **word; /* NULL at the end; of the file, as the words are */
	int count;
};

/*
 * Of a file that was checked. Settings whose names are among `leave_out` (NULL at the end) are left
 * out. What is wrong with a word is then shown where it stands in the file. The words go with the
 * file, which must outlive the questions that point into them: config_forget() before
 * config_done().
 */
void config_make_words(struct config_file *c, unsigned section, const struct report *report,
		       const char *program, const char *const *leave_out, struct config_words *ret);

/* Messages point into the file no more. */
void config_forget(const struct config_file *c);
