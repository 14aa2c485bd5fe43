// SPDX-License-Identifier: BSD-2-Clause
/* The commands that are no reports: what --help and completion tell of them. */
#include "cli/command.h"

#include "engine/option.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
/* Their options are read by themselves. */
#define OF_NOTHING OPTION_OF_QUESTION, 0

static const struct option_def peekstat_options[] = {
	{'g', "gmetric", OPTION_FLAG, OF_NOTHING, NULL, "run gmetric for each value, and say so"},
	{'j', "json", OPTION_FLAG, OF_NOTHING, NULL, "print what the socket answers, as JSON"},
	{'U', "socket", OPTION_TEXT, OF_NOTHING, "PATH",
	 "control socket; default " PEEKSTAT_SOCKET},
	{'v', "version", OPTION_VERSION, OF_NOTHING, NULL, "version, licence"},
	{'h', "help", OPTION_HELP, OF_NOTHING, NULL, "this text"},
};

static const struct option_def doctor_options[] = {
	{0, "json", OPTION_FLAG, OF_NOTHING, NULL, "the same for scripts, one JSON object a line"},
	{0, "ladder", OPTION_FLAG, OF_NOTHING, NULL,
	 "the words of --rung, without a look at this machine"},
	{'h', "help", OPTION_HELP, OF_NOTHING, NULL, "this text"},
};

static const char *const shells[] = {"bash", "zsh", "fish", NULL};

static const struct option_def help_options[] = {
	{0, "completion", OPTION_CHOICE, OF_NOTHING, "SHELL",
	 "a script that completes command lines: bash, zsh, fish", .choices = shells},
};

const struct command other_commands[] = {
	{"peekstat", "the counters of a running peek", peekstat_options, COUNT(peekstat_options)},
	{"doctor", "what this kernel offers, what is used, and what is missing", doctor_options,
	 COUNT(doctor_options)},
	{"help", "this text; --completion SHELL: what completes command lines", help_options,
	 COUNT(help_options)},
};
const size_t other_command_count = COUNT(other_commands);
